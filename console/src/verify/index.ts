/** The log checked in the browser itself, by the same specifications as `holdfast verify`. */
export {
  type CheckpointTold,
  type LogReport,
  type LogSource,
  type Remembered,
  type Shown,
  verifyLog,
} from './log.ts';
export { forget, remember, remembered } from './memory.ts';
export type { OnPage, Proof } from './proof.ts';
export type { LineVerdict } from './proof-lines.ts';
export { forgetTrust, keep, recall } from './trust.ts';
