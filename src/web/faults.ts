/**
 * What a request is refused for before any operation hears of it. Whoever asks reads the stable `code`; the status
 * only says to a proxy or a browser what sort it is.
 */
import { Fault, type FaultKind, type FaultMore } from '#base/fault';

type Refusal = { readonly kind: FaultKind; readonly status: number };

const REFUSALS = {
  /** The head of the request is not one that a browser or a client of ours sends. */
  'malformed-request': { kind: 'invalid', status: 400 },
  'method-not-allowed': { kind: 'invalid', status: 405 },
  /** RFC 9110, 15.5.20: this name leads elsewhere. It is what DNS rebinding looks like. */
  'host-not-served': { kind: 'refused', status: 421 },
  'origin-not-allowed': { kind: 'refused', status: 403 },
  /** Something between us says what only the configured proxy may say, or says nothing where it must. */
  'proxy-not-trusted': { kind: 'refused', status: 403 },
  'header-needed': { kind: 'refused', status: 403 },
  'sign-in-needed': { kind: 'refused', status: 401 },
  /** A cookie without the proof of its page. */
  'proof-needed': { kind: 'refused', status: 401 },
  /** A request that was here before, to the letter. Not 401: a page that meets it is signed in all the same. */
  'proof-spent': { kind: 'uncertain', status: 409 },
  'bearer-refused': { kind: 'refused', status: 401 },
  /** A good token that says nothing of what it is for here (RFC 6750, 3.1). */
  'scope-needed': { kind: 'refused', status: 403 },
  'json-needed': { kind: 'invalid', status: 415 },
  'body-too-long': { kind: 'invalid', status: 413 },
  'body-too-slow': { kind: 'invalid', status: 408 },
  /** `facts.retryAfter`: seconds. */
  'too-many-requests': { kind: 'unavailable', status: 429 },
  'no-such-page': { kind: 'missing', status: 404 },
  'not-available-here': { kind: 'unavailable', status: 503 },
} as const satisfies Record<string, Refusal>;

export type RefusalCode = keyof typeof REFUSALS;

export function refusal(code: RefusalCode, message: string, more?: FaultMore): Fault<RefusalCode> {
  return new Fault(REFUSALS[code].kind, code, message, more);
}

export function statusOf({ kind, code }: Fault): number {
  if (Object.hasOwn(REFUSALS, code)) return REFUSALS[code as RefusalCode].status;
  switch (kind) {
    case 'invalid':
      return 400;
    case 'refused':
      return 403;
    case 'missing':
      return 404;
    case 'conflict':
      return 409;
    case 'unavailable':
      return 503;
    case 'uncertain':
      return 504;
    case 'broken':
      return 500;
  }
}
