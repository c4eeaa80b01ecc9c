/** Why nobody is let in. What a stranger is told never says which part was wrong. */
import { Fault, type FaultKind, type FaultMore } from '#base/fault';

export type SignInFaultCode =
  /** Unknown, malformed, answered before, or by the wrong page: begin again. */
  | 'sign-in-refused'
  /** The passkey is right and nobody in force signed for it, or it was revoked. */
  | 'passkey-not-in-force'
  /** The counter of the authenticator went back: a copy of it may be about. */
  | 'passkey-copied'
  /** The person may not sign any more, or never could. */
  | 'not-in-force'
  /** The authenticator's answer cannot be taken as a new passkey. */
  | 'passkey-refused'
  /** The code is unknown, spent or over. */
  | 'invitation-over'
  /** The document is not the one that was prepared for this invitation. */
  | 'other-order'
  /** This session was opened by something that decides nothing. */
  | 'session-limited'
  /** There is nothing that break-glass would add. */
  | 'glass-not-needed'
  /** The cookie alone: the page has to show that it is its own. */
  | 'proof-needed'
  /** A proof that was taken before: the request may have been done, or somebody repeats what they saw. Nothing is done again. */
  | 'proof-spent'
  /** As at the listener. `facts.retryAfter`: seconds. */
  | 'too-many-requests'
  /** A passkey of the person has to sign for this very call. `facts.operation`. */
  | 'passkey-needed'
  /** It was long ago that this session was opened, and nothing else can tell who sits there. */
  | 'sign-in-again'
  | 'invalid-reason';

const KINDS: Readonly<Record<SignInFaultCode, FaultKind>> = {
  'sign-in-refused': 'refused',
  'passkey-not-in-force': 'refused',
  'passkey-copied': 'refused',
  'not-in-force': 'refused',
  'passkey-refused': 'refused',
  'invitation-over': 'missing',
  'other-order': 'conflict',
  'session-limited': 'refused',
  'glass-not-needed': 'conflict',
  'proof-needed': 'refused',
  'proof-spent': 'uncertain',
  'too-many-requests': 'unavailable',
  'passkey-needed': 'refused',
  'sign-in-again': 'refused',
  'invalid-reason': 'invalid',
};

export function signInFault(code: SignInFaultCode, message: string, more?: FaultMore): Fault {
  return new Fault(KINDS[code], code, message, more);
}

export function refused(cause?: unknown): Fault {
  return signInFault(
    'sign-in-refused',
    'nobody was signed in: begin again, with a passkey of this console',
    { cause },
  );
}
