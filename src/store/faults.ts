import { Fault, type FaultKind, type FaultMore } from '#base/fault';

/** Everything that can stop the store. */
const KINDS = {
  /** One observation lists a stream twice. Merge the two facts, or record two observations. */
  'duplicate-stream': 'invalid',
  /** `validTo` is not after `validFrom`. */
  'invalid-interval': 'invalid',
  /** A time that is not whole microseconds between 1900 and 2200. */
  'invalid-time': 'invalid',
  /** `recordedAt` is not later than everything recorded before. Read the clock again. */
  'recorded-at-not-later': 'invalid',
  /** Something else about an observation that cannot be kept; the message names it. */
  'invalid-observation': 'invalid',
  /** A cursor that this store did not give. Ask again without it. */
  'invalid-cursor': 'invalid',
  /** The idempotency key was used for other content. Use a new key. */
  'idempotency-key-reused': 'conflict',
  /** The observation's id is taken. Nothing was written. */
  'observation-exists': 'conflict',
  /** The id of a change, or of a standing approval, is taken. Nothing was written. */
  'change-exists': 'conflict',
  /** Someone moved the change first. Read it again. */
  'change-moved': 'conflict',
  /** This operator's approval is there already. */
  'already-approved': 'conflict',
  /** The part was begun before: whoever comes second does nothing. */
  'attempt-exists': 'conflict',
  /** The attempt has its outcome already. */
  'attempt-ended': 'conflict',
  /** No change, attempt or standing approval has this id. */
  'no-such-change': 'missing',
  /** The backup's target is there already. Name another. */
  'backup-target-exists': 'conflict',
  /** The database refused to write (disk full, input/output error). Nothing of this write was kept. */
  'store-unwritable': 'unavailable',
  /** The store is closed. */
  'store-closed': 'unavailable',
  /** The commit may have happened: look for the observation before asking again. */
  'commit-unknown': 'uncertain',
  /** The file is not a store of ours, or was written by a newer program. */
  'store-unreadable': 'broken',
  /** A stored record does not say what it must. Restore a backup; `check` names what is wrong. */
  'store-damaged': 'broken',
} as const satisfies Record<string, FaultKind>;

export type StoreFaultCode = keyof typeof KINDS;

export function storeFault(
  code: StoreFaultCode,
  message: string,
  more?: FaultMore,
): Fault<StoreFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
