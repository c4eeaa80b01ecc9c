/** The signatures in a bundle, by the operators whom the auditor names and nobody else. */
import {
  parseSigners,
  readSignature,
  type Signers,
  verifyByKey,
  verifySignature,
} from '#authority';
import { Fault } from '#base/fault';
import { tryParseInstant } from '#base/time';
import type { BundleFindings } from './findings.ts';
import type { SignedText } from './parts.ts';

type Namespace = Parameters<typeof readSignature>[1];

const HEAD = `# holdfast-signers 1\n# version 1\n# previous ${'0'.repeat(64)}\n`;
const NOT_REVOKED = { version: 1, madeAt: 0, keys: [], serials: [] };

/** The auditor's list: with the head of a signers file, or its lines alone. Throws `signers-broken`. */
export function readOperators(text: string): Signers {
  return parseSigners(text.startsWith('# holdfast-signers 1\n') ? text : `${HEAD}${text}`);
}

/** The distinct operators whose signature holds; every other signature is a problem. */
export function signersOf(
  signed: SignedText,
  namespace: Namespace,
  operators: Signers,
  findings: BundleFindings,
  where: string,
): ReadonlySet<string> {
  const good = new Set<string>();
  for (const one of signed.signatures) {
    const at = tryParseInstant(one.at);
    try {
      if (at === undefined) throw new Fault('invalid', 'bad-signature', 'it has no time');
      const { raw } = readSignature(signed.text, namespace, one.armored);
      // Which pages are allowed is the host's to say; that it was used in full is checked all the same.
      const origins =
        raw.kind === 'security-key' && raw.passkey !== null ? [raw.passkey.origin] : [];
      const verified = verifySignature({
        text: signed.text,
        namespace,
        armored: one.armored,
        signers: operators,
        revocations: NOT_REVOKED,
        policy: { origins },
        at: Math.floor(at / 1_000_000),
      });
      const isAsSaid =
        verified.operator === one.operator &&
        verified.key === one.key.trim().split(' ').slice(0, 2).join(' ');
      if (isAsSaid) good.add(verified.operator);
      else
        findings.problem('signature-wrong', `${where}: it is not by the operator and key it names`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const code = error.code === 'unknown-signer' ? 'signer-unknown' : 'signature-wrong';
      findings.problem(code, `${where}: ${error.code}`);
    }
  }
  return good;
}

/** Whether one pinned key made the signature. */
export function isByKey(text: string, namespace: Namespace, armored: string, key: string): boolean {
  try {
    verifyByKey(text, namespace, armored, key);
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return false;
  }
}
