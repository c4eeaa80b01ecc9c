/**
 * What operators signed, one file per version, written whole and never changed. The newest that
 * follows from the first by signatures is in force; a file put there by hand is not.
 */
import { join } from 'node:path';
import {
  type ConfigDocument,
  checkQuorum,
  configDocument,
  type HostPolicy,
  hostPolicyDocument,
  NAMESPACES,
  NO_HASH,
  parseRevocations,
  parseSigners,
  RECOVERY,
  type Revocations,
  type Signers,
  type VerifiedSignature,
  verifySignature,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { type JsonObject, parseJson } from '#base/json';
import type { Files } from '#base/ports';

/** The exact texts of one version. */
export type Texts = {
  readonly order: string;
  readonly signatures: readonly string[];
  readonly signers: string;
  /** Base64 of a KRL. */
  readonly revocations: string;
  readonly hostPolicy: string;
  /** `operators.yaml` as it was when this was signed. */
  readonly operators: string;
  /** The recovery key's own signature over the order that named it. */
  readonly recoveryTest: string | null;
};

export type AuthorityRecord = {
  readonly texts: Texts;
  readonly config: ConfigDocument;
  readonly signers: Signers;
  readonly revocations: Revocations;
  readonly hostPolicy: HostPolicy;
  readonly signed: readonly VerifiedSignature[];
  readonly signedBy: readonly string[];
  readonly hasRecovery: boolean;
};

const NAME = /^\d{6}\.json$/;

export function recordFile(directory: string, version: number): string {
  return join(directory, `${String(version).padStart(6, '0')}.json`);
}

/** Every version in order, each held to the one before it. Throws where one does not follow. */
export async function readRecords(
  files: Files,
  directory: string,
): Promise<readonly AuthorityRecord[]> {
  const names = ((await files.list(directory)) ?? []).filter((name) => NAME.test(name)).toSorted();
  const records: AuthorityRecord[] = [];
  for (const [i, name] of names.entries()) {
    const path = join(directory, name);
    if (path !== recordFile(directory, i + 1)) throw broken(path, 'a version before it is missing');
    const bytes = await files.read(path);
    try {
      records.push(follow(records.at(-1), textsOf(bytes)));
    } catch (thrown) {
      throw broken(path, thrown instanceof Fault ? thrown.message : 'it cannot be read', thrown);
    }
  }
  return records;
}

/** The next version, or a fault that says why it does not follow from the one in force. */
export function follow(before: AuthorityRecord | undefined, texts: Texts): AuthorityRecord {
  const config = configDocument.parse(texts.order);
  const signers = parseSigners(texts.signers);
  const krl = Buffer.from(texts.revocations, 'base64');
  const revocations = parseRevocations(krl);
  const hostPolicy = hostPolicyDocument.parse(texts.hostPolicy);
  const previous = before === undefined ? NO_HASH : sha256(before.texts.order);
  if (config.version !== (before?.config.version ?? 0) + 1 || config.previous !== previous) {
    throw new Fault(
      'conflict',
      'config-moved',
      'another configuration was put in force meanwhile: prepare it again',
    );
  }
  if (
    sha256(texts.signers) !== config.signers.hash ||
    sha256(krl) !== config.revocations.hash ||
    sha256(texts.hostPolicy) !== config.hostPolicy.hash
  ) {
    throw new Fault('refused', 'file-mismatch', 'a file is not the one that was signed');
  }
  // The first is judged by the files it brings: whoever holds the machine puts it in place.
  const judge = before ?? { signers, revocations, hostPolicy };
  const signed = checkQuorum({
    text: texts.order,
    armored: texts.signatures,
    namespace: NAMESPACES.config,
    rule: 'config',
    quorum: config.quorum,
    at: config.issued,
    signers: judge.signers,
    revocations: judge.revocations,
    policy: judge.hostPolicy,
  });
  const named = recoveryKeys(signers);
  const isNew = named.some((key) => !(before && recoveryKeys(before.signers).includes(key)));
  if (isNew) mustWork(texts, config, { signers, revocations, hostPolicy });
  return {
    texts,
    config,
    signers,
    revocations,
    hostPolicy,
    signed,
    signedBy: signed.map(({ operator }) => operator),
    hasRecovery: named.length > 0,
  };
}

function recoveryKeys({ lines }: Signers): readonly string[] {
  return lines
    .filter(({ operators }) => operators.includes(RECOVERY))
    .map(({ key }) => key.blob.toString('base64'));
}

/** A recovery key that cannot sign would be found out on the worst day. */
function mustWork(
  { order, recoveryTest }: Texts,
  { issued }: ConfigDocument,
  judge: Pick<AuthorityRecord, 'signers' | 'revocations' | 'hostPolicy'>,
): void {
  if (recoveryTest !== null) {
    const tested = verifySignature({
      text: order,
      armored: recoveryTest,
      namespace: NAMESPACES.config,
      at: issued,
      signers: judge.signers,
      revocations: judge.revocations,
      policy: judge.hostPolicy,
    });
    if (tested.operator === RECOVERY) return;
  }
  throw new Fault(
    'refused',
    'recovery-untested',
    'a recovery key is taken only together with its own signature, which shows that it works',
  );
}

function textsOf(bytes: Uint8Array | undefined): Texts {
  const value = parseJson(Buffer.from(bytes ?? '').toString('utf8'), 'the record') as JsonObject;
  const text = (name: string): string => {
    const found = value[name];
    if (typeof found === 'string') return found;
    throw new Fault('broken', 'authority-broken', `it has no ${name}`);
  };
  const signatures = value['signatures'];
  if (!Array.isArray(signatures) || !signatures.every((one) => typeof one === 'string'))
    throw new Fault('broken', 'authority-broken', 'it has no signatures');
  return {
    order: text('order'),
    signatures,
    signers: text('signers'),
    revocations: text('revocations'),
    hostPolicy: text('hostPolicy'),
    operators: text('operators'),
    recoveryTest: value['recoveryTest'] === null ? null : text('recoveryTest'),
  };
}

function broken(path: string, why: string, cause?: unknown): Fault {
  return new Fault(
    'broken',
    'authority-broken',
    `what operators signed cannot be relied on: ${path}: ${why}. Put back the file of a backup; until then nothing above T0 runs`,
    { cause },
  );
}
