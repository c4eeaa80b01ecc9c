export { type Calendar, calendar, needsFourEyes } from './calendar.ts';
export { type CaseResult, testPolicies } from './cases.ts';
export type { CedarPolicyEngine as LoadedPolicies } from './engine.ts';
export { type DecidedOtherwise, explain, type PastQuestion, replay } from './explain.ts';
export { type Group, groupsOf } from './groups.ts';
export {
  type Attempt,
  type Flap,
  type GuardRefusal,
  type GuardRequest,
  isFlapping,
  judgeGuards,
  judgeUndo,
} from './guards.ts';
export { loadPolicies, SHIPPED_CASES, SHIPPED_FILES } from './load.ts';
export { parseSettings } from './parse-settings.ts';
export type { PolicyFile } from './policy-text.ts';
export type { PolicyCaller, PolicyEngine, PolicyQuestion } from './protocol.ts';
export { sampleSettings } from './sample-settings.ts';
export { DEFAULT_SETTINGS, type GuardLimits, type Settings } from './settings.ts';
export { type TableCaller, verdictTable } from './verdict-table.ts';
