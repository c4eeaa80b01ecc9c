/**
 * The signed documents and host files of docs/host-contract.md as values. Times are whole seconds since
 * 1970-01-01T00:00:00Z, as hosts count them.
 */
import { sha256 } from '#base/digest';
import type { Assurance, Direction, HostCondition, PlanArg } from '#model';
import {
  type Codec,
  type DocumentForm,
  documentForm,
  hash,
  id32,
  type Lines,
  line,
  list,
  number,
  numberIn,
  oneOf,
  pair,
  record,
  type Shape,
  text,
  token,
  yesNo,
} from './form.ts';

/** Size and root of the event log; 0 and 64 zeros when there is none. */
export type CheckpointMark = { readonly size: number; readonly root: string };
export type FileMark = { readonly version: number; readonly hash: string };

type OrderBody = {
  readonly organisation: string;
  readonly change: string;
  /** The plan's digest as 64 hex digits, without a prefix. */
  readonly plan: string;
  readonly tier: 'T1' | 'T2' | 'T3';
  readonly issued: number;
  readonly notBefore: number;
  readonly runBy: number;
  readonly checkpoint: CheckpointMark;
  /** Digests of the part documents, in order. */
  readonly parts: readonly string[];
};
/** What operators sign. */
export type ChangeOrder = OrderBody & { readonly quorum: number };
/** What the control plane signs, under the standing approval of that digest. */
export type RunOrder = OrderBody & { readonly standing: string };

/** One step on one target. */
export type PartDocument = {
  readonly target: string;
  readonly epoch: number;
  /** id@version */
  readonly action: string;
  readonly catalogue: string;
  readonly runAs: string;
  /** Of an argument that is a file: its place in `files`, from 1. */
  readonly args: readonly PlanArg[];
  /** Digest of what is given on standard input. */
  readonly stdin: string | null;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly conditions: readonly HostCondition[];
  readonly step: { readonly number: number; readonly of: number };
  readonly direction: Direction;
  readonly timeout: number;
  readonly atomic: boolean;
  readonly nonce: string;
};

/** Consent in advance. */
export type StandingDocument = {
  readonly organisation: string;
  readonly standing: string;
  readonly action: string;
  readonly issued: number;
  readonly expires: number;
  /** `always`, or `HH:MM-HH:MM` UTC. */
  readonly window: string;
  readonly budget: { readonly runs: number; readonly seconds: number };
  readonly cooldown: number;
  readonly evenTainted: boolean;
  readonly quorum: number;
  /** Digests of part cores, rising. */
  readonly cores: readonly string[];
};

/** What is in force. */
export type ConfigDocument = {
  readonly organisation: string;
  readonly version: number;
  readonly previous: string;
  readonly issued: number;
  readonly quorum: number;
  readonly inventory: string;
  readonly policy: string;
  readonly catalogue: string;
  readonly baselines: string;
  readonly signers: FileMark;
  readonly revocations: FileMark;
  readonly hostPolicy: FileMark;
  readonly checkpoint: CheckpointMark;
};

export type LiftDocument = {
  readonly organisation: string;
  readonly stop: string;
  readonly issued: number;
  readonly runBy: number;
};

export const RECEIPT_RESULTS = [
  'exited',
  'signalled',
  'timeout',
  'stopped',
  'too-much',
  'not-started',
  'unknown',
] as const;
export type OutputMark = { readonly sha256: string; readonly length: number };

/** The host's word on what it ran. */
export type ReceiptDocument = {
  readonly target: string;
  readonly epoch: number;
  readonly number: number;
  readonly previous: string;
  readonly order: string;
  readonly part: string;
  readonly nonce: string;
  readonly started: number;
  readonly ended: number;
  readonly result: (typeof RECEIPT_RESULTS)[number];
  readonly status: number;
  readonly stdout: OutputMark;
  readonly stderr: OutputMark;
};

export type HostIdentity = {
  readonly organisation: string;
  readonly target: string;
  readonly epoch: number;
};

export const RULE_NAMES = ['T1', 'T2', 'T3', 'standing', 'config', 'lift'] as const;
export type RuleName = (typeof RULE_NAMES)[number];
export type HostRule = { readonly quorum: number; readonly assurance: Assurance };

export type HostPolicy = {
  readonly version: number;
  readonly previous: string;
  readonly profile: string;
  readonly rules: Readonly<Record<RuleName, HostRule>>;
  /** Seconds by which an order may be issued in the future of this host's clock. */
  readonly skew: number;
  /** Pages on which a passkey may be used, as the browser spells their origin. */
  readonly origins: readonly string[];
};

/** The `previous` of a first document, and the root of an empty log. */
export const NO_HASH = '0'.repeat(64);
export const STANDING_MAX_SECONDS = 90 * 86_400;

const checkpoint: Codec<CheckpointMark> = pair(
  number,
  hash,
  (size, root) => ({ size, root }),
  ({ size, root }) => [size, root],
);
const fileMark: Codec<FileMark> = pair(
  number,
  hash,
  (version, sha) => ({ version, hash: sha }),
  (mark) => [mark.version, mark.hash],
);
const outputMark: Codec<OutputMark> = pair(
  hash,
  number,
  (sha, length) => ({ sha256: sha, length }),
  (mark) => [mark.sha256, mark.length],
);

const tier = line('tier', oneOf('T1', 'T2', 'T3'));
const parts = list('parts', 1, 512, line('part', hash));

export const changeDocument: DocumentForm<ChangeOrder> = documentForm(
  'change',
  'bad-order',
  record<ChangeOrder>({
    organisation: line('organisation', token),
    change: line('change', token),
    plan: line('plan', hash),
    tier,
    quorum: line('quorum', number),
    issued: line('issued', number),
    notBefore: line('not-before', number),
    runBy: line('run-by', number),
    checkpoint: line('checkpoint', checkpoint),
    parts,
  }),
);

export const runDocument: DocumentForm<RunOrder> = documentForm(
  'run',
  'bad-order',
  record<RunOrder>({
    organisation: line('organisation', token),
    change: line('change', token),
    plan: line('plan', hash),
    tier,
    standing: line('standing', hash),
    issued: line('issued', number),
    notBefore: line('not-before', number),
    runBy: line('run-by', number),
    checkpoint: line('checkpoint', checkpoint),
    parts,
  }),
);

const argument: Shape<PlanArg> = {
  read: (lines) =>
    lines.peek().startsWith('arg-file ')
      ? { file: line('arg-file', numberIn(1, 64)).read(lines) }
      : line('arg', text).read(lines),
  write: (arg, out) =>
    typeof arg === 'string'
      ? line('arg', text).write(arg, out)
      : line('arg-file', numberIn(1, 64)).write(arg.file, out),
};

const stdin: Codec<string | null> = {
  says: `${hash.says}, or -`,
  read: (word) => (word === '-' ? null : hash.read(word)),
  write: (value) => value ?? '-',
};

const hashedPath = pair(
  hash,
  text,
  (sha, path) => ({ path, sha256: sha }),
  (file) => [file.sha256, file.path],
);

const condition: Shape<HostCondition> = {
  read(lines) {
    if (lines.peek().startsWith('condition file-absent ')) {
      return { kind: 'file-absent', path: line('condition file-absent', text).read(lines) };
    }
    return { kind: 'file-sha256', ...line('condition file-sha256', hashedPath).read(lines) };
  },
  write(each, out) {
    switch (each.kind) {
      case 'file-absent':
        line('condition file-absent', text).write(each.path, out);
        return;
      case 'file-sha256':
        line('condition file-sha256', hashedPath).write(each, out);
    }
  },
};

const step: Codec<PartDocument['step']> = {
  says: 'number/number, from 1',
  read(both) {
    const [first = '', second = '', more] = both.split('/');
    const n = number.read(first);
    const of = number.read(second);
    if (more !== undefined || n === undefined || of === undefined) return undefined;
    return n >= 1 && n <= of ? { number: n, of } : undefined;
  },
  write: (value) => `${number.write(value.number)}/${number.write(value.of)}`,
};

export const partDocument: DocumentForm<PartDocument> = documentForm(
  'part',
  'bad-part',
  andThen(
    record<PartDocument>({
      target: line('target', id32),
      epoch: line('epoch', number),
      action: line('action', token),
      catalogue: line('catalogue', hash),
      runAs: line('run-as', token),
      args: list('args', 1, 256, argument),
      stdin: line('stdin', stdin),
      files: list('files', 0, 64, line('file', hashedPath)),
      conditions: list('conditions', 0, 64, condition),
      step: line('step', step),
      direction: line('direction', oneOf('forward', 'inverse')),
      timeout: line('timeout', numberIn(1, 86_400)),
      atomic: line('atomic', yesNo),
      nonce: line('nonce', id32),
    }),
    (part, lines) => {
      const most = part.files.length;
      if (part.args.some((arg) => typeof arg !== 'string' && arg.file > most)) {
        lines.refuse('an arg-file names a file that is not listed');
      }
      const paths = [...part.files, ...part.conditions].map(({ path }) => path);
      if (paths.some((path) => !path.startsWith('/'))) lines.refuse('a path is not absolute');
    },
  ),
);

/** Digest of a part's core: what a standing approval lists. `part` is one that `partDocument` accepts. */
export function partCore(part: string): string {
  const end = /\natomic (?:yes|no)\n/.exec(part);
  return sha256(end === null ? part : part.slice(0, end.index + end[0].length));
}

const windowCodec: Codec<string> = {
  says: 'always, or HH:MM-HH:MM with two different times',
  read(word) {
    if (word === 'always') return word;
    const time = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
    if (!new RegExp(`^${time}-${time}$`).test(word)) return undefined;
    return word.slice(0, 5) === word.slice(6) ? undefined : word;
  },
  write: (value) => value,
};

export const standingDocument: DocumentForm<StandingDocument> = documentForm(
  'standing',
  'bad-order',
  andThen(
    record<StandingDocument>({
      organisation: line('organisation', token),
      standing: line('standing', token),
      action: line('action', token),
      issued: line('issued', number),
      expires: line('expires', number),
      window: line('window', windowCodec),
      budget: line(
        'budget',
        pair(
          number,
          number,
          (runs, seconds) => ({ runs, seconds }),
          ({ runs, seconds }) => [runs, seconds],
        ),
      ),
      cooldown: line('cooldown', number),
      evenTainted: line('even-tainted', yesNo),
      quorum: line('quorum', number),
      cores: list('cores', 1, 512, line('core', hash), true),
    }),
    ({ issued, expires }, lines) => {
      if (expires <= issued || expires - issued > STANDING_MAX_SECONDS) {
        lines.refuse('expires must be after issued, and at most 90 days after it');
      }
    },
  ),
);

export const configDocument: DocumentForm<ConfigDocument> = documentForm(
  'config',
  'bad-order',
  record<ConfigDocument>({
    organisation: line('organisation', token),
    version: line('version', number),
    previous: line('previous', hash),
    issued: line('issued', number),
    quorum: line('quorum', number),
    inventory: line('inventory', hash),
    policy: line('policy', hash),
    catalogue: line('catalogue', hash),
    baselines: line('baselines', hash),
    signers: line('signers', fileMark),
    revocations: line('revocations', fileMark),
    hostPolicy: line('host-policy', fileMark),
    checkpoint: line('checkpoint', checkpoint),
  }),
);

export const liftDocument: DocumentForm<LiftDocument> = documentForm(
  'lift',
  'bad-order',
  record<LiftDocument>({
    organisation: line('organisation', token),
    stop: line('stop', token),
    issued: line('issued', number),
    runBy: line('run-by', number),
  }),
);

export const receiptDocument: DocumentForm<ReceiptDocument> = documentForm(
  'receipt',
  'bad-receipt',
  record<ReceiptDocument>({
    target: line('target', id32),
    epoch: line('epoch', number),
    number: line('number', numberIn(1, 999_999_999_999_999)),
    previous: line('previous', hash),
    order: line('order', hash),
    part: line('part', hash),
    nonce: line('nonce', id32),
    started: line('started', number),
    ended: line('ended', number),
    result: line('result', oneOf(...RECEIPT_RESULTS)),
    status: line('status', number),
    stdout: line('stdout', outputMark),
    stderr: line('stderr', outputMark),
  }),
);

export const identityDocument: DocumentForm<HostIdentity> = documentForm(
  'identity',
  'bad-identity',
  record<HostIdentity>({
    organisation: line('organisation', token),
    target: line('target', id32),
    epoch: line('epoch', number),
  }),
);

const rule: Codec<HostRule> = pair(
  number,
  oneOf('same-user', 'touch', 'separate'),
  (quorum, assurance) => ({ quorum, assurance }),
  ({ quorum, assurance }) => [quorum, assurance],
);

export const hostPolicyDocument: DocumentForm<HostPolicy> = documentForm(
  'host-policy',
  'policy-broken',
  record<HostPolicy>({
    version: line('version', number),
    previous: line('previous', hash),
    profile: line('profile', token),
    rules: record<HostPolicy['rules']>({
      T1: line('rule T1', rule),
      T2: line('rule T2', rule),
      T3: line('rule T3', rule),
      standing: line('rule standing', rule),
      config: line('rule config', rule),
      lift: line('rule lift', rule),
    }),
    skew: line('skew', number),
    origins: list('origins', 0, 64, line('origin', text)),
  }),
);

function andThen<T>(shape: Shape<T>, check: (value: T, lines: Lines) => void): Shape<T> {
  return {
    read(lines) {
      const value = shape.read(lines);
      check(value, lines);
      return value;
    },
    write(value, out) {
      shape.write(value, out);
      check(value, out);
    },
  };
}
