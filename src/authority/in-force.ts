/**
 * What is in force, and the document that puts the next thing in force. A file whose content stays keeps its
 * version and its bytes; one that changes rises by one and names the digest of the one before.
 */
import { sha256 } from '#base/digest';
import {
  type CheckpointMark,
  type ConfigDocument,
  type FileMark,
  type HostPolicy,
  NO_HASH,
} from './document-values.ts';
import { configDocument, hostPolicyDocument } from './documents.ts';
import { authorityFault } from './faults.ts';
import { formatRevocations, type Revocations } from './krl.ts';
import { formatSigners, type SignerLine, type Signers } from './signers.ts';

/** Who may sign what, apart from how it is written and numbered. */
export type Authority = {
  readonly lines: readonly SignerLine[];
  readonly revoked: Pick<Revocations, 'keys' | 'serials'>;
  readonly policy: Pick<HostPolicy, 'profile' | 'rules' | 'skew' | 'origins'>;
};

export type InForce = {
  /** The config document, as it was signed. */
  readonly config: string;
  readonly signers: Signers;
  readonly revocations: Revocations;
  readonly hostPolicy: HostPolicy;
};

/** Digests in hex of what an operator puts in force beside the host files. */
export type Digests = Pick<ConfigDocument, 'inventory' | 'policy' | 'catalogue' | 'baselines'>;

export type NextConfig = {
  /** The document to sign in `holdfast-config@1`. */
  readonly text: string;
  readonly config: ConfigDocument;
  /** The bytes of the host files that go with it. */
  readonly files: {
    readonly signers: string;
    readonly revocations: Uint8Array;
    readonly hostPolicy: string;
  };
};

export function nextConfig({
  organisation,
  current,
  authority,
  digests,
  issued,
  checkpoint,
}: {
  readonly organisation: string;
  readonly current: InForce | null;
  readonly authority: Authority;
  readonly digests: Digests;
  /** Seconds. */
  readonly issued: number;
  readonly checkpoint: CheckpointMark;
}): NextConfig {
  const before = current === null ? null : configDocument.parse(current.config);
  const signers = follow(
    before?.signers,
    current?.signers,
    { lines: authority.lines },
    (content, mark) => formatSigners({ ...content, ...mark }),
  );
  const revocations = follow(
    before?.revocations,
    current?.revocations,
    { madeAt: issued, ...authority.revoked },
    (content, { version }) => formatRevocations({ ...content, version }),
  );
  const hostPolicy = follow(
    before?.hostPolicy,
    current?.hostPolicy,
    authority.policy,
    (content, mark) => hostPolicyDocument.format({ ...content, ...mark }),
  );
  const config = {
    organisation,
    version: (before?.version ?? 0) + 1,
    previous: current === null ? NO_HASH : sha256(current.config),
    issued,
    // Judged by the rule before the change; said here too, so that the signers see it.
    quorum: (current?.hostPolicy ?? authority.policy).rules.config.quorum,
    ...digests,
    signers: signers.mark,
    revocations: revocations.mark,
    hostPolicy: hostPolicy.mark,
    checkpoint,
  };
  if (before !== null && before.organisation !== organisation) {
    throw authorityFault(
      'invalid-config',
      `the config in force is of another organisation: ${before.organisation}. An organisation keeps its name`,
    );
  }
  return {
    text: configDocument.format(config),
    config,
    files: {
      signers: signers.bytes,
      revocations: revocations.bytes,
      hostPolicy: hostPolicy.bytes,
    },
  };
}

export function authorityOf({
  signers,
  revocations,
  hostPolicy,
}: Omit<InForce, 'config'>): Authority {
  const { keys, serials } = revocations;
  const { profile, rules, skew, origins } = hostPolicy;
  return {
    // Whatever they were written as: the next file gives every operator what an operator may sign now.
    lines: signers.lines.map((line) => {
      const { isOlder: _, ...now } = line;
      return now;
    }),
    revoked: { keys, serials },
    policy: { profile, rules, skew, origins },
  };
}

export type ConfigStatus =
  | { readonly state: 'unsigned' }
  | { readonly state: 'in-force'; readonly version: number }
  | { readonly state: 'changed'; readonly version: number; readonly changed: readonly string[] };

/**
 * Whether what lies there now is what was signed. `signatures` are those that `checkQuorum` found good over
 * `config`; none is `unsigned`, whatever the document says.
 */
export function configStatus(
  config: string | null,
  signatures: readonly unknown[],
  now: Digests & {
    readonly signers: string;
    readonly revocations: string;
    readonly hostPolicy: string;
  },
): ConfigStatus {
  if (config === null || signatures.length === 0) return { state: 'unsigned' };
  const signed = configDocument.parse(config);
  const hashes = {
    inventory: signed.inventory,
    policy: signed.policy,
    catalogue: signed.catalogue,
    baselines: signed.baselines,
    signers: signed.signers.hash,
    revocations: signed.revocations.hash,
    'host-policy': signed.hostPolicy.hash,
  };
  const seen: typeof hashes = { ...now, 'host-policy': now.hostPolicy };
  const names = Object.keys(hashes) as (keyof typeof hashes)[];
  const changed = names.filter((name) => hashes[name] !== seen[name]);
  const { version } = signed;
  return changed.length === 0
    ? { state: 'in-force', version }
    : { state: 'changed', version, changed };
}

type Numbered = { readonly version: number; readonly previous?: string };

/** The bytes and mark of a file: as they are when `content` would be written the same, else the next version. */
function follow<Content extends object, Bytes extends string | Uint8Array>(
  mark: FileMark | undefined,
  current: (Numbered & { readonly madeAt?: number }) | undefined,
  content: Content,
  write: (content: Content, mark: { version: number; previous: string }) => Bytes,
): { readonly bytes: Bytes; readonly mark: FileMark } {
  const at = (
    version: number,
    previous: string,
    made: Content,
  ): { bytes: Bytes; mark: FileMark } => {
    const bytes = write(made, { version, previous });
    return { bytes, mark: { version, hash: sha256(bytes) } };
  };
  if (mark === undefined || current === undefined) return at(1, NO_HASH, content);
  const madeAt = current.madeAt === undefined ? {} : { madeAt: current.madeAt };
  const same = at(current.version, current.previous ?? NO_HASH, { ...content, ...madeAt });
  if (same.mark.version === mark.version && same.mark.hash === mark.hash) return same;
  return at(Math.max(mark.version, current.version) + 1, mark.hash, content);
}
