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
