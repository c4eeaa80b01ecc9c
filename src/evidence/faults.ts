/** What the log throws. Codes are promises; wording is not. */
import { Fault, type FaultFacts } from '#base/fault';

/** The log took no record; nothing that needs one may happen. `unavailable`. */
export function unwritable(reason: string, cause?: unknown): Fault {
  return new Fault(
    'unavailable',
    'log-unwritable',
    `the event log cannot be written: ${reason}. Look at the disk, then start again`,
    { cause },
  );
}

/**
 * The files are not the log that was acknowledged. `broken`, one code for each way:
 *
 * - `log-cut`           records that were acknowledged are gone
 * - `log-rewritten`     records that were acknowledged are others now
 * - `log-damaged`       a tile or bundle is missing or unreadable
 * - `log-other`         this is another log than the head speaks of
 * - `log-head-missing`  the log has acknowledged records, but the head is gone
 * - `log-head-behind`   the head is older than the log's own files
 * - `log-key-missing`   the log exists, its key does not
 * - `log-checkpoint-wrong`  the newest checkpoint does not hold
 */
export function notTheLog(
  code:
    | 'log-cut'
    | 'log-rewritten'
    | 'log-damaged'
    | 'log-other'
    | 'log-head-missing'
    | 'log-head-behind'
    | 'log-key-missing'
    | 'log-checkpoint-wrong',
  what: string,
  facts: FaultFacts,
): Fault {
  return new Fault(
    'broken',
    code,
    `the event log is not the one that was acknowledged: ${what}. Run holdfast verify, and keep the files as they are`,
    { facts },
  );
}
