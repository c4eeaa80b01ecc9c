import { Fault, type FaultKind, type FaultMore } from '#base/fault';

/** The codes of docs/host-contract.md, in its order, then those of what only the control plane reads. */
const KINDS = {
  /** The host is stopped. An operator lifts the stop with a signature. */
  stopped: 'refused',
  /** The request could not be read as one frame. */
  'bad-frame': 'invalid',
  /** A change, run, standing, config or lift document is not in the one form. `facts.line` says where. */
  'bad-order': 'invalid',
  'wrong-organisation': 'refused',
  /** More than one signature in one text. */
  'two-signatures': 'refused',
  /** Something stands behind the signature, in its armour or inside it. */
  'trailing-bytes': 'refused',
  /** No signature of a kind that is taken, or it does not fit the bytes. */
  'bad-signature': 'refused',
  /** No line of the signers covers this key, this namespace, or this certificate at this time. */
  'unknown-signer': 'refused',
  'signer-revoked': 'refused',
  /** The signers file is not in the one form. Nothing is accepted until it is. */
  'signers-broken': 'broken',
  /** The revocations are missing, empty, older than they must be, or cannot be understood whole. */
  'revocations-broken': 'broken',
  /** A security key or passkey that nobody touched. */
  'no-presence': 'refused',
  /** A security key or passkey that did not check who touched it. */
  'no-verification': 'refused',
  /** A passkey used on a page that is not on the host's list. */
  'foreign-origin': 'refused',
  /** A passkey used inside a frame of another page. */
  'cross-origin': 'refused',
  'assurance-too-low': 'refused',
  'quorum-not-met': 'refused',
  'clock-below-floor': 'refused',
  'clock-skew': 'refused',
  'not-yet': 'refused',
  expired: 'refused',
  /** Another history of the event log than the one this host was shown. */
  'checkpoint-fork': 'refused',
  'bad-part': 'invalid',
  'not-a-part': 'refused',
  'wrong-target': 'refused',
  'wrong-epoch': 'refused',
  'standing-expired': 'refused',
  'outside-window': 'refused',
  'core-not-listed': 'refused',
  cooldown: 'refused',
  'over-budget': 'refused',
  'stdin-changed': 'refused',
  'file-changed': 'refused',
  'condition-failed': 'refused',
  'forward-not-run': 'refused',
  'nonce-spent': 'refused',
  'version-not-rising': 'refused',
  'previous-mismatch': 'refused',
  'file-mismatch': 'refused',
  /** The stop that is on is another one, or none is. */
  'other-stop': 'refused',

  /** A receipt that is not in the one form: not what the host signed. */
  'bad-receipt': 'broken',
  /** The host's identity file is not in the one form. Enrol the host again. */
  'bad-identity': 'broken',
  /** The host's policy is not in the one form. Nothing is accepted until it is. */
  'policy-broken': 'broken',
  /** `operators.yaml` says something that cannot be used. `facts.problems` has each place. */
  'invalid-operators': 'invalid',
  /** What was asked of the config cannot be made: see the message. */
  'invalid-config': 'invalid',
} as const satisfies Record<string, FaultKind>;

export type AuthorityFaultCode = keyof typeof KINDS;

export function authorityFault(
  code: AuthorityFaultCode,
  message: string,
  more?: FaultMore,
): Fault<AuthorityFaultCode> {
  return new Fault(KINDS[code], code, message, more);
}
