/** The log checked in the browser itself, by the same specifications as `holdfast verify`. */
export {
  certificateFingerprint,
  fingerprintOf,
  type Given,
  given,
  keepGiven,
  NOTHING_GIVEN,
  readGiven,
  vkeyFingerprint,
} from './given.ts';
export {
  type CheckpointTold,
  type LogReport,
  type LogSource,
  type Remembered,
  type Shown,
  verifyLog,
} from './log.ts';
export { forget, remember, remembered } from './memory.ts';
export type { OnPage, Pending, Proof } from './proof.ts';
export type { LineVerdict } from './proof-lines.ts';
export { admit, forgetTrust, keep, recall, type Trust } from './trust.ts';
