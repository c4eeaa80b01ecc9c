/** The event log: written once, checked by anyone. The promises are in `protocol.ts`. */
export { openHeadFile, readHead } from './head-file.ts';
export type { Log } from './log.ts';
export { readJournalKeys, readPins } from './log-key.ts';
export { type OpenOptions, openEventLog } from './open.ts';
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
export { verifyConsistency, verifyInclusion } from './tree.ts';
export { type VerifyOptions, verifyLog } from './verify.ts';
