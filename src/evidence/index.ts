/** The event log: written once, checked by anyone. The promises are in `protocol.ts`. */
export { openHeadFile } from './head-file.ts';
export { Log } from './log.ts';
export { type OpenOptions, openEventLog } from './open.ts';
export type {
  EventFilter,
  EventInput,
  EventLog,
  EventPlace,
  EventRecord,
  HeadKeeper,
} from './protocol.ts';
export { verifyConsistency, verifyInclusion } from './tree.ts';
