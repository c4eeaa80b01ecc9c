/** Rehearsal: an action tried out against its contract before anybody relies on it. */

export type {
  RehearsalHost,
  RehearsalOrder,
  Report,
  SeenFact,
  StepEnd,
  Trial,
  Try,
} from './protocol.ts';
export {
  formatPublished,
  type Published,
  type PublishedActions,
  parsePublished,
  publish,
} from './published.ts';
export { contractTest } from './rehearse.ts';
export { KILL_JOB, SNAPSHOT, WATCHED } from './scripts.ts';
