import { Fault, type FaultKind, type FaultMore } from '#base/fault';

const KINDS = {
  /** A file of actions says something that cannot be used. `facts.problems` has each place. */
  'invalid-action': 'invalid',
  /** No action answers to that name. `facts.candidates` has near ones. */
  'unknown-action': 'missing',
  /** An argument is missing, unknown or not of its type. `facts.problems` says which. */
  'invalid-arguments': 'invalid',
  /** No trusted source reports what the argument names. `facts.candidates` has near ones. */
  'untyped-value': 'invalid',
} as const satisfies Record<string, FaultKind>;

export type CatalogueFaultCode = keyof typeof KINDS;

export function catalogueFault(
  code: CatalogueFaultCode,
  message: string,
  more?: FaultMore,
): Fault<CatalogueFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
