import { Fault, type FaultKind, type FaultMore } from '#base/fault';

/** Everything that can stop a seal from being made or opened. */
const KINDS = {
  /** Not a public key that we seal to, or not one that anybody could open with. */
  'not-a-recipient': 'invalid',
  /** Not a private key that we open with. */
  'not-an-identity': 'invalid',
  /** The private key has a passphrase: `age` asks for it, we do not. */
  'identity-locked': 'refused',
  /** Sealed to other keys than this one. Nothing is wrong with it. */
  'sealed-to-others': 'refused',
  /** Not a seal, cut short, or changed after it was made. */
  'seal-broken': 'broken',
  /** Not an archive in the one form that we write. */
  'archive-malformed': 'invalid',
  /** A file that has no place in an archive: its name, its size, or one too many. */
  'archive-refused': 'invalid',
} as const satisfies Record<string, FaultKind>;

export type SealingFaultCode = keyof typeof KINDS;

export function sealingFault(
  code: SealingFaultCode,
  message: string,
  more?: FaultMore,
): Fault<SealingFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
