import { Fault, type FaultKind, type FaultMore } from '#base/fault';

const KINDS = {
  /** Nothing was completely known at that moment. Observe the target, then bless again. */
  'nothing-to-bless': 'conflict',
  /** A baseline's name, reason or kinds cannot be used. */
  'invalid-baseline': 'invalid',
  /** More fields were accepted one by one than a baseline takes. Bless it anew. */
  'too-many-amendments': 'conflict',
  /** What the store answers for the blessed moment is not what was blessed. Nothing can be compared. */
  'baseline-mismatch': 'broken',
  /** A waiver without a reason, an owner, an end in the future, or an aim. */
  'invalid-waiver': 'invalid',
  /** Recorded facts of a baseline, waiver or finding that cannot be read back. */
  'unreadable-record': 'broken',
} as const satisfies Record<string, FaultKind>;

export type DriftFaultCode = keyof typeof KINDS;

export function driftFault(
  code: DriftFaultCode,
  message: string,
  more?: FaultMore,
): Fault<DriftFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
