export {
  attribute,
  type CauseQuestion,
  type TrailsRead,
  touchesEntity,
  windowOf,
} from './attribute.ts';
export { readAuditLog } from './audit-log.ts';
export { readAuthLog } from './auth-log.ts';
export {
  type AccountsById,
  type Parsed,
  type TrailEvent,
  type TrailName,
} from './event.ts';
export { JOURNAL_FIELDS, JOURNAL_NAMES, readJournal } from './journal.ts';
export { LocalClock } from './local-time.ts';
export { readAptHistory, readDpkgLog } from './package-logs.ts';
export { type RelatedChange, rankRelated } from './related.ts';
