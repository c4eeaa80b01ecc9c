export { COLLECTORS } from './local.ts';
export {
  type Collector,
  type Look,
  type LookFact,
  type LookSession,
  type LookShortfall,
  lookSession,
  type Machine,
} from './look-session.ts';
export { type Observed, type ObserveRequest, observe } from './observe.ts';
export { reachFacts, unreachableLook } from './reach-facts.ts';
export { duePlan, type RoundLimits, type RoundTarget } from './round.ts';
export { type ObserveSnapshotRequest, observeSnapshot } from './snapshot.ts';
export { observeReport } from './tools/observe-report.ts';
export { osqueryDocument } from './tools/osquery/document.ts';
export { OSQUERY_QUERIES, osqueryPack } from './tools/osquery/queries.ts';
export { reportParserOf } from './tools/parsers.ts';
export type { ReportParser, ToolReport } from './tools/report.ts';
export {
  hereOf,
  readToolSettings,
  type ToolName,
  type ToolPlace,
  type ToolSettings,
  toolsFor,
} from './tools/settings.ts';
export {
  type ObserveWindowsRequest,
  observeWindows,
  WINDOWS_COLLECTORS,
} from './windows/observe.ts';
export { WINDOWS_ARGV, WINDOWS_SCRIPT } from './windows/script.ts';
export { lookOverWinrm } from './windows/winrm/look.ts';
