/**
 * What operators signed, one file per version, written whole and never changed. Each must follow from
 * the one before by signatures, and the newest must be the one that the event log knows last: a file put there
 * by hand is not in force, and taking one away brings nothing revoked back.
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

/** What the event log says was signed last. */
export type LastSigned = { readonly version: number; readonly digest: string };

export function recordFile(directory: string, version: number): string {
  return join(directory, `${String(version).padStart(6, '0')}.json`);
}

/** Signed and told to the log, and not yet in its place: what a death between the two leaves. */
export function stagedFile(directory: string): string {
  return join(directory, 'signed.staged');
}

export function bytesOf({ texts }: Pick<AuthorityRecord, 'texts'>): Uint8Array {
  return Buffer.from(`${JSON.stringify(texts)}\n`);
}

/** Puts in place what was signed and told to the log right before a death. */
export async function finishStaged(
  files: Files,
  directory: string,
  records: readonly AuthorityRecord[],
  last: LastSigned | undefined,
): Promise<readonly AuthorityRecord[]> {
  if (last?.version !== records.length + 1) return records;
  const bytes = await files.read(stagedFile(directory));
  if (bytes === undefined) return records;
  const texts = textsOf(bytes);
  if (sha256(texts.order) !== last.digest) return records;
  const record = follow(records.at(-1), texts);
  await files.replace(recordFile(directory, last.version), bytesOf(record), 0o600);
  return [...records, record];
}

/** Throws unless the newest record is what was signed last, and no host was brought a later one. */
export function mustBeNewest(
  directory: string,
  records: readonly AuthorityRecord[],
  last: LastSigned | undefined,
  onHost: number | undefined,
): void {
  const newest = records.at(-1);
  const path = recordFile(directory, Math.max(1, records.length));
  if ((onHost ?? 0) > records.length)
    throw broken(path, `this machine was brought version ${onHost}, and it is not here any more`);
  if (newest === undefined && last === undefined) return;
  if (last === undefined) throw broken(path, 'the event log knows nothing of it');
  if (last.version > records.length)
    throw broken(path, `the event log knows version ${last.version}, and it is not here any more`);
  if (newest === undefined || last.digest !== sha256(newest.texts.order))
    throw broken(path, 'it is not what the event log says was signed last');
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

/**
 * The next version, or a fault that says why it does not follow from the one in force. `at`: the moment
 * its signers are judged by, in seconds; that of the document, once it is on record.
 */
export function follow(
  before: AuthorityRecord | undefined,
  texts: Texts,
  at?: number,
): AuthorityRecord {
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
  if (config.issued < (before?.config.issued ?? 0)) {
    throw new Fault(
      'refused',
      'clock-below-floor',
      'the configuration is older than the one in force: set the clock right, and prepare it again',
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
    at: at ?? config.issued,
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
