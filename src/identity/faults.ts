/** What stops this room, and what to do about it. */
import { Fault, type FaultKind, type FaultMore } from '#base/fault';

export type IdentityFaultCode =
  /** The file is damaged, of another program or of a newer one: put a backup back, or take another file. */
  | 'identity-unreadable'
  /** The disk or the directory refuses: free it, then ask again. */
  | 'identity-unwritable'
  /** A credential or a key that is registered already. */
  | 'passkey-known'
  /** Its code was spent, or is over: have another made. */
  | 'invitation-over'
  /** Too many wrong recovery codes: wait. */
  | 'too-many-attempts'
  /** Break-glass is for an hour at most. */
  | 'glass-too-long'
  /** A lease lasts from a minute to a day. */
  | 'lease-life';

const KINDS: Readonly<Record<IdentityFaultCode, FaultKind>> = {
  'identity-unreadable': 'broken',
  'identity-unwritable': 'unavailable',
  'passkey-known': 'conflict',
  'invitation-over': 'missing',
  'too-many-attempts': 'refused',
  'glass-too-long': 'invalid',
  'lease-life': 'invalid',
};

export function identityFault(code: IdentityFaultCode, message: string, more?: FaultMore): Fault {
  return new Fault(KINDS[code], code, message, more);
}
