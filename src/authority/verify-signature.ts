/**
 * Who signed, with how much behind it. Every way a signature can fail has its own code of
 * docs/host-contract.md, and what `ssh-keygen -Y verify` lets pass is refused here.
 */
import type { Assurance } from '#model';
import { type Certificate, certifiedType, readCertificate } from './certificate.ts';
import type { HostPolicy } from './document-values.ts';
import { authorityFault } from './faults.ts';
import { blobLine, fingerprint, type PublicKey, readKeyBlob } from './keys.ts';
import type { Revocations } from './krl.ts';
import { checkRawSignature, type RawSignature } from './raw-signature.ts';
import {
  NAMESPACES,
  type Namespace,
  namespacesOf,
  type SignerLine,
  type Signers,
} from './signers.ts';
import { parseSshsig, signedBytes, trailing } from './sshsig.ts';
import { WireReader } from './wire.ts';

export type VerifiedSignature = {
  readonly operator: string;
  readonly assurance: Assurance;
  /** The public key or certificate as one OpenSSH line. */
  readonly key: string;
  /** Of the key; of a certificate, of the key in it. */
  readonly fingerprint: string;
  readonly certificate: {
    readonly serial: string;
    readonly keyId: string;
    readonly root: string;
    /** Seconds. */
    readonly validBefore: string;
  } | null;
};

export type SignatureQuestion = {
  readonly text: string | Uint8Array;
  readonly namespace: Namespace;
  readonly armored: string;
  readonly signers: Signers;
  readonly revocations: Revocations;
  readonly policy: Pick<HostPolicy, 'origins'>;
  /** Seconds: certificates must be valid then. */
  readonly at: number;
};

/** A signature that fits its bytes; by whom is not known yet. */
export type FittingSignature = {
  readonly key: PublicKey;
  readonly certificate: Certificate | null;
  readonly line: string;
  readonly raw: Exclude<RawSignature, { kind: 'wrong' }>;
};

/** A page of the machine that the assistant may be on too. */
const OF_THIS_MACHINE = /^[a-z]+:\/\/(?:[^/]*\.)?localhost(?::\d+)?$/i;

/** Answers who signed `text`, or throws the fault that says why nobody did. */
export function verifySignature(question: SignatureQuestion): VerifiedSignature {
  const { signers, revocations, policy, namespace, at } = question;
  const fitting = readSignature(question.text, namespace, question.armored);
  const operator = requireSigner(fitting, signers, namespace, at);
  requireNotRevoked(fitting, revocations);
  const assurance = assuranceOf(fitting.raw, policy.origins);
  const { certificate, key, line } = fitting;
  return {
    operator,
    assurance,
    key: line,
    fingerprint: fingerprint(key.blob),
    certificate:
      certificate === null
        ? null
        : {
            serial: String(certificate.serial),
            keyId: certificate.keyId,
            root: fingerprint(certificate.root),
            validBefore: String(certificate.validBefore),
          },
  };
}

/** Reads a signature and checks that it fits `text` in `namespace`. */
export function readSignature(
  text: string | Uint8Array,
  namespace: Namespace,
  armored: string,
): FittingSignature {
  const sshsig = parseSshsig(armored);
  if (sshsig.namespace !== namespace) {
    misfit(`it was made for ${sshsig.namespace}, not for ${namespace}`);
  }
  const { key, certificate } = readKey(sshsig.key);
  const message = signedBytes(namespace, sshsig.hash, Buffer.from(text));
  const raw = checkRawSignature(key, sshsig.signature, message, misfit);
  if (raw.kind === 'wrong') return misfit('it does not fit these bytes');
  return { key, certificate, line: blobLine(sshsig.key), raw };
}

/** The operator whose line covers this key or certificate, in this namespace, at this time. */
export function requireSigner(
  { key, certificate }: FittingSignature,
  signers: Signers,
  namespace: Namespace,
  at: number,
): string {
  const line = lineOf(signers, certificate !== null, certificate?.root ?? key.blob);
  const operator =
    certificate === null ? line?.operators[0] : certifiedOperator(certificate, line, at);
  if (operator === undefined || line === undefined) {
    return stranger('no line of the signers has this key');
  }
  if (!namespacesOf(operator, line).includes(namespace)) {
    stranger(
      line.isOlder === true && namespace === NAMESPACES.enrolment
        ? 'enrolments are signed since a later version; put that in force first (holdfast config sign)'
        : `${operator} may not sign ${namespace}`,
    );
  }
  return operator;
}

export function requireNotRevoked(
  { key, certificate }: FittingSignature,
  { keys, serials }: Revocations,
): void {
  const isListed = (blob: Buffer): boolean => keys.some((revoked) => revoked.equals(blob));
  const isRevoked =
    isListed(key.blob) ||
    (certificate !== null &&
      (isListed(certificate.root) ||
        serials.some(
          (under) =>
            under.root.equals(certificate.root) && under.serials.includes(certificate.serial),
        )));
  if (isRevoked) {
    throw authorityFault(
      'signer-revoked',
      `the key was revoked: ${fingerprint(key.blob)}. Sign with a key that is in force`,
    );
  }
}

/** What stands behind a signature; a security key that was not used in full is refused, not counted lower. */
export function assuranceOf(raw: FittingSignature['raw'], origins: readonly string[]): Assurance {
  if (raw.kind === 'plain') return 'same-user';
  if (!raw.isPresent) {
    throw authorityFault(
      'no-presence',
      'the security key was not touched. Sign again and touch it when it blinks',
    );
  }
  if (!raw.isVerified) {
    throw authorityFault(
      'no-verification',
      'the security key did not check who touched it. Sign again with its PIN or fingerprint; an SSH key needs -O verify-required when it is made',
    );
  }
  if (raw.passkey === null) return 'touch';
  const { origin, isCrossOrigin } = raw.passkey;
  if (!origins.includes(origin)) {
    throw authorityFault(
      'foreign-origin',
      `the passkey was used on a page that is not on the list: ${origin}. Sign on the console's own page, or have its origin added by a signed config`,
    );
  }
  if (isCrossOrigin) {
    throw authorityFault(
      'cross-origin',
      'the passkey was used inside a frame of another page. Open the console by itself and sign again',
    );
  }
  return OF_THIS_MACHINE.test(origin) ? 'touch' : 'separate';
}

function readKey(blob: Buffer): { key: PublicKey; certificate: Certificate | null } {
  const type = new WireReader(blob, misfit).ascii();
  const certified = certifiedType(type);
  if (certified === undefined) return { key: readKeyBlob(blob, misfit), certificate: null };
  const certificate = readCertificate(certified, blob, misfit);
  return { key: certificate.key, certificate };
}

function lineOf(signers: Signers, isAuthority: boolean, blob: Buffer): SignerLine | undefined {
  return signers.lines.find(
    (line) => line.isAuthority === isAuthority && line.key.blob.equals(blob),
  );
}

/** A certificate is one operator's: it names exactly one, and its root may certify that one. */
function certifiedOperator(
  certificate: Certificate,
  root: SignerLine | undefined,
  at: number,
): string | undefined {
  if (root === undefined)
    return stranger('no line of the signers has the root of this certificate');
  const [operator, ...more] = certificate.principals;
  if (operator === undefined || more.length > 0) {
    return stranger('the certificate must name exactly one operator');
  }
  if (!certificate.isUser) stranger('the certificate is not one of a user');
  if (!root.operators.includes(operator)) stranger(`its root may not certify ${operator}`);
  const now = BigInt(at);
  if (now < certificate.validAfter) stranger('the certificate is not valid yet');
  if (now >= certificate.validBefore) stranger('the certificate has expired');
  const [unknown] = certificate.unknownOptions;
  if (unknown !== undefined) {
    stranger(`the certificate has a critical option that is not known: ${unknown}`);
  }
  return operator;
}

function stranger(says: string): never {
  throw authorityFault(
    'unknown-signer',
    `nobody in force made this signature: ${says}. Sign with a key of an operator that "holdfast operator list" shows`,
  );
}

function misfit(says: string, leftOver?: true): never {
  if (leftOver) trailing();
  throw authorityFault('bad-signature', `the signature does not hold: ${says}. Sign again`);
}
