export {
  type BlockedNote,
  type BlockedReader,
  type BlockedRow,
  type BlockedWriter,
  MOST_BLOCKED,
} from './blocked.ts';
export {
  type ApprovalRow,
  type AttemptOutcome,
  type AttemptRow,
  type ChangeReader,
  type ChangeRow,
  type ChangeWriter,
  type FlapRow,
  type GuardedAttempt,
  type NewAttempt,
  type NewChange,
  type OrderRow,
  type StandingRow,
  TAINT_EXCERPT_BYTES,
  type Taint,
  type Transition,
} from './changes.ts';
export { type StoreFaultCode } from './faults.ts';
export type {
  Difference,
  DifferencePage,
  FactFilter,
  FactInput,
  FactPage,
  FactReader,
  Moment,
  ObservationInput,
  ObservationReceipt,
  PageKey,
  RecordedObservation,
  Shortfall,
  Store,
  StoredFact,
  StoreTransaction,
} from './protocol.ts';
export { openMemoryStore, openSqliteStore, type SqliteStoreOptions } from './sqlite/store.ts';
