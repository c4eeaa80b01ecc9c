/** The event log: written once, checked by anyone. The promises are in `protocol.ts`. */
export type { AnchorOptions } from './anchoring/anchor-claims.ts';
export { Anchoring, type AnchoringOptions } from './anchoring/anchoring.ts';
export type { Health } from './anchoring/courier.ts';
export { newestNote } from './anchoring/notes-file.ts';
export type { BundleReport } from './change-bundle/findings.ts';
export type { BundleParts } from './change-bundle/parts.ts';
export type { BundlePins } from './change-bundle/verify.ts';
export { type ControlPlaneKey, openControlPlaneKey } from './control-plane-key.ts';
export { toOcsfLine } from './export/ocsf.ts';
export { datagram, octetCounted, syslogMessage } from './export/syslog.ts';
export { openHeadFile, readHead } from './head-file.ts';
export { makeBundle, openWitness, verifyBundle, verifyLog } from './later.ts';
export type { Log } from './log.ts';
export { readJournalKeys, readPins } from './log-key.ts';
export { type OpenOptions, openEventLog, type RestoredFrom } from './open.ts';
export type { PruningRecord } from './outputs/pruning.ts';
export { type OutputStore, openOutputStore } from './outputs/store.ts';
export type {
  EventFilter,
  EventInput,
  EventLog,
  EventPlace,
  EventRecord,
  HeadKeeper,
} from './protocol.ts';
export { readEvents } from './read-events.ts';
export type { LogReport, Problem, ProblemCode } from './report.ts';
export {
  DEFAULT_EVIDENCE_SETTINGS,
  type EvidenceSettings,
  parseEvidenceSettings,
} from './settings.ts';
export { verifyConsistency, verifyInclusion } from './tree.ts';
export type { VerifyOptions } from './verify.ts';
export { parseKnownLogs } from './witness/known-logs.ts';
export type { Witness, WitnessAnswer } from './witness/server.ts';
