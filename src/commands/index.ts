export {
  analyse,
  answerFor,
  type CommandAnalysis,
  type CommandAsker,
  type CommandGiven,
  type CommandLabel,
} from './analyse.ts';
export { compileGrammar } from './compile.ts';
export {
  COMMAND_CLASSES,
  COMMAND_CODES,
  type CommandClass,
  type CommandCode,
  type CommandEntry,
  type CommandVerdict,
  type Judgement,
  type PathRules,
  type Surroundings,
} from './entry.ts';
export type { CommandFaultCode } from './faults.ts';
export {
  type Family,
  type FoundCommand,
  families,
  findCommands,
  showEntry,
} from './find-commands.ts';
export { buildJudge, type Judge, judgeOver } from './judge.ts';
export { examine } from './learning/learn.ts';
export {
  counted,
  NO_SHADOW,
  type Shadow,
  type ShadowCounts,
  shadowOf,
} from './learning/shadow.ts';
export { type CommandSuggestion, isRipe, suggestionsFrom } from './learning/suggest.ts';
export {
  beyond,
  isWithin,
  type Learnt,
  NO_TALLY,
  noted,
  pushedOut,
  statisticsOf,
  type Tally,
} from './learning/tally.ts';
export { Programs } from './programs.ts';
export { parseEntries } from './read-entries.ts';
export { mergePlaces, type Places, parsePlaces } from './read-paths.ts';
export { type Section, sectionOf, sectionsOf } from './sections.ts';
export { SHIPPED_ENTRIES, SHIPPED_PATHS } from './shipped.ts';
export { tokenize } from './tokenize.ts';
