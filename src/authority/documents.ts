/** The signed documents and host files of docs/host-contract.md, each with its one form. */
import { sha256 } from '#base/digest';
import type { HostCondition, PlanArg } from '#model';
import {
  type ChangeOrder,
  type CheckpointMark,
  type ConfigDocument,
  type EnrolledHost,
  type EnrolmentDocument,
  type FileMark,
  HOST_CAPABILITIES,
  type HostIdentity,
  type HostPolicy,
  type HostRule,
  type LiftDocument,
  type OutputMark,
  type PartDocument,
  RECEIPT_RESULTS,
  type ReceiptDocument,
  type RunOrder,
  type StandingDocument,
} from './document-values.ts';
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

export const enrolmentDocument: DocumentForm<EnrolmentDocument> = documentForm(
  'enrolment',
  'bad-order',
  record<EnrolmentDocument>({
    organisation: line('organisation', token),
    issued: line('issued', number),
    hosts: list(
      'hosts',
      1,
      200,
      record<EnrolledHost>({
        target: line('host', text),
        hostId: line('target', id32),
        epoch: line('epoch', numberIn(1, 999_999_999)),
        hostKeys: line('host-keys', hash),
        receiptKey: line('receipt-key', hash),
        capability: line('capability', oneOf(...HOST_CAPABILITIES)),
      }),
    ),
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
