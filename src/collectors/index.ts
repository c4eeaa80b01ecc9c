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
export { type ObserveSnapshotRequest, observeSnapshot } from './snapshot.ts';
