/** Signatures by one pinned key: receipts of a host, run orders of the control plane. */
import { authorityFault } from './faults.ts';
import type { Namespace } from './signers.ts';
import { readSignature } from './verify-signature.ts';

/** Throws unless `armored` fits `text` in `namespace` and was made by `key`, an OpenSSH public key line. */
export function verifyByKey(
  text: string | Uint8Array,
  namespace: Namespace,
  armored: string,
  key: string,
): void {
  const fitting = readSignature(text, namespace, armored);
  const pinned = key.trim().split(' ').slice(0, 2).join(' ');
  if (fitting.certificate !== null || fitting.line !== pinned || fitting.raw.kind !== 'plain') {
    throw authorityFault(
      'unknown-signer',
      'the signature is not by the key that is pinned: look at who answers there, and enrol it again if it was made anew',
    );
  }
}
