/**
 * What the caller can do about a fault.
 *
 * The list is short and closed: every surface switches over it, so a new kind
 * must be worth a branch in each of them. Detail belongs in the code.
 *
 * - `invalid`      ask for something else
 * - `refused`      ask someone with more authority
 * - `missing`      name something that exists
 * - `conflict`     read again, then ask again
 * - `unavailable`  ask again later, unchanged
 * - `uncertain`    it may have happened: look before asking again
 * - `broken`       our bug, or a record that does not hold: tell us
 */
export type FaultKind =
  | 'invalid'
  | 'refused'
  | 'missing'
  | 'conflict'
  | 'unavailable'
  | 'uncertain'
  | 'broken';

export type FaultFacts = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly number[]>
>;
export type FaultMore = { readonly facts?: FaultFacts; readonly cause?: unknown };

/**
 * Something that stopped an operation, told so that a program can act on it.
 *
 * `message` is constant words, then a colon, then the variable part, then what to do next.
 * `message`, `code` and `facts` may be shown to whoever asked; `cause` is for logs only.
 */
export class Fault<Code extends string = string> extends Error {
  override readonly name: string = 'Fault';
  readonly kind: FaultKind;
  readonly code: Code;
  /** Safe to show to whoever asked. */
  readonly facts: FaultFacts;

  constructor(kind: FaultKind, code: Code, message: string, more: FaultMore = {}) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined);
    this.kind = kind;
    this.code = code;
    this.facts = more.facts ?? {};
  }
}

/** Throws `broken` when something that this program promises itself does not hold. */
export function invariant(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Fault('broken', 'invariant', `invariant does not hold: ${what}`);
}

/** The fault inside anything thrown; what is not a fault is our bug. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault('broken', 'internal', 'internal error: see the log of the service', {
    cause: thrown,
  });
}
