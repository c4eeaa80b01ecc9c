import { Fault, type FaultKind, type FaultMore } from '#base/fault';

const KINDS = {
  /** What a trusted source says does not fit the action, or nobody says it. Look, then propose again. */
  'state-moved': 'conflict',
  /** A runbook's script needs a root, and none is set; or the script is not there. */
  'no-adapter': 'refused',
  /** The action is not for this host type. */
  'wrong-host-type': 'invalid',
  /** The action is not for this environment. */
  'not-permitted': 'refused',
  /** More targets than the action takes in one change. */
  'one-target-only': 'invalid',
  /** A value put into an argv, a path or a script is not of its grammar. */
  'invalid-arguments': 'invalid',
} as const satisfies Record<string, FaultKind>;

export type PlanningFaultCode = keyof typeof KINDS;

export function planningFault(
  code: PlanningFaultCode,
  message: string,
  more?: FaultMore,
): Fault<PlanningFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
