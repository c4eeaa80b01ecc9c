/** Exit codes, one per kind of fault. They are a promise to scripts. */
import type { FaultKind } from '#base/fault';

export const EXIT_CODES = {
  ok: 0,
  broken: 1,
  invalid: 2,
  refused: 3,
  missing: 4,
  conflict: 5,
  unavailable: 6,
  uncertain: 7,
  /** The event log, the store or a backup does not verify. */
  unverified: 8,
  /** `drift --exit-code` found open findings. */
  drifted: 10,
} as const satisfies Record<FaultKind, number> & Record<string, number>;

export const EXIT_CODES_HELP = `Exit codes:
  0   done
  1   broken: a bug, or a record that does not hold
  2   invalid: ask for something else (also wrong usage)
  3   refused: ask someone with more authority
  4   missing: name something that exists
  5   conflict: read again, then ask again
  6   unavailable: ask again later
  7   uncertain: it may have happened; look before asking again
  8   not verified: the event log, the store or a backup does not hold
  10  drift --exit-code: there are open findings`;
