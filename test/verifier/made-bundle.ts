/**
 * Bundles made after docs/bundle.md and docs/host-contract.md, without the server's code, and with a
 * place to bend at every layer: before something is signed (`say…`), and after (`then…`). The envelope is
 * signed last, by the log's own key: whoever bends is taken to hold that key.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import {
  type CertificateOptions,
  certify,
  hex,
  makeKey,
  type SignOptions,
  type SshKey,
  sha256,
  sshsig,
  u64,
} from './ssh-keys.ts';

// Values of documents, bent at will.
// oxlint-disable-next-line typescript/no-explicit-any
export type Any = any;
export type Bend = {
  sayPlan?: (plan: Any) => void;
  /** Before the operators sign; the parts are listed already. */
  sayPart?: (part: string, i: number) => string;
  sayOrder?: (order: string) => string;
  thenOrder?: (order: Any) => void;
  signAs?: Readonly<Record<string, SignOptions>>;
  sayStanding?: (text: string) => string;
  /** Under a standing approval instead of a change document. */
  standing?: boolean;
  certificate?: CertificateOptions;
  sayConfig?: (text: string) => string;
  sayReceipt?: (text: string, i: number) => string;
  thenReceipt?: (receipt: Any, i: number) => void;
  receipts?: readonly number[];
  sayEvent?: (event: Any, i: number) => void;
  /** Records that are part of it; the intent and the outcome. */
  events?: readonly number[];
  thenEvent?: (event: Any, i: number) => void;
  sayNote?: (text: string) => string;
  thenNote?: (note: string) => string;
  thenStatement?: (statement: Any) => void;
  thenPayload?: (payload: Buffer) => Buffer;
  thenEnvelope?: (envelope: Any) => void;
  timestamp?: string;
};

export const KEYS = {
  alice: makeKey('ssh-ed25519'),
  bob: makeKey('passkey'),
  carol: makeKey('ecdsa-sha2-nistp256'),
  mallory: makeKey('ssh-ed25519'),
  root: makeKey('ssh-ed25519'),
  'control-plane': makeKey('ssh-ed25519'),
  'host:web-1': makeKey('ssh-ed25519'),
  'host:web-2': makeKey('ssh-ed25519'),
} satisfies Record<string, SshKey>;
export type Name = keyof typeof KEYS;

const noteKey = (name: string, type: number) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const typed = Buffer.concat([Buffer.of(type), raw]);
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).subarray(0, 4);
  return {
    name,
    id,
    privateKey,
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
  };
};
export type NoteKey = ReturnType<typeof noteKey>;
export const LOG = noteKey('holdfast/test', 1);
export const OTHER_LOG = noteKey('holdfast/test', 1);
export const WITNESS = noteKey('witness.example/w1', 4);
export const OTHER_WITNESS = noteKey('witness.example/w2', 4);

const AUTHORITY =
  'namespaces="holdfast-change@1,holdfast-standing@1,holdfast-config@1,holdfast-lift@1"';
/** What an auditor got from people he trusts. */
export const SIGNERS = [
  `alice ${AUTHORITY} ${KEYS.alice.line}`,
  `bob ${AUTHORITY} ${KEYS.bob.line}`,
  `carol ${AUTHORITY} ${KEYS.carol.line}`,
  `dora cert-authority,${AUTHORITY} ${KEYS.root.line}`,
  `control-plane namespaces="holdfast-run@1" ${KEYS['control-plane'].line}`,
  '',
].join('\n');
const IN_FORCE = `# holdfast-signers 1\n# version 3\n# previous ${'0'.repeat(64)}\n${SIGNERS}`;

/** Near the present, since a real authority stamps with its own clock. */
export const T0 = Math.floor(Date.now() / 1000) - 3600;
export const iso = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace('Z', '000Z');
const id32 = (text: string): string => hex(text).slice(0, 32);

/** RFC 8785 for what is used here: plain ASCII names, integers. */
export function canonical(value: Any): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}

function aPlan(): Any {
  const step = (target: string, direction: string): Any => ({
    target,
    step: 1,
    of: 1,
    direction,
    action: 'file.write@2',
    argv: [
      '/usr/bin/install',
      '-m',
      '0644',
      { file: 1 },
      direction === 'forward' ? '/etc/motd with space' : '/etc/motd.old',
    ],
    runAs: 'root',
    stdin: direction === 'forward' ? 'grüße\n' : null,
    files: [{ path: '/var/lib/holdfast/new motd', sha256: hex('new') }],
    conditions: [
      { kind: 'file-sha256', path: '/etc/motd', sha256: hex('old') },
      { kind: 'file-absent', path: '/etc/nologin' },
    ],
    timeoutSeconds: 60,
    atomic: direction === 'forward',
    effect: 'writes the message of the day',
  });
  const targets = ['host:web-1', 'host:web-2'];
  return {
    v: 1,
    change: 'chg_0123456789',
    organisation: 'example-org',
    action: { id: 'file.write', version: 2, digest: hex('action') },
    arguments: { path: '/etc/motd' },
    reason: 'a new message',
    requestedBy: { principal: 'assistant:lease_1', onBehalfOf: 'operator:alice' },
    tier: 'T2',
    inForce: {
      inventory: hex('inventory'),
      policy: hex('policy'),
      catalogue: `sha256:${hex('catalogue')}`,
      baselines: hex('baselines'),
    },
    targets: targets.map((id) => ({
      id,
      scope: 'main/main',
      hostId: id32(id),
      epoch: 1,
      profile: hex('profile'),
    })),
    steps: [
      ...targets.map((id) => step(id, 'forward')),
      ...targets.map((id) => step(id, 'inverse')),
    ],
    preconditions: [],
    verification: [
      {
        kind: 'fact',
        target: 'host:web-1',
        entity: 'file:web-1/etc/motd',
        attribute: 'sha256',
        test: 'equals',
        value: hex('new'),
      },
    ],
    stabiliseSeconds: 5,
    irreversible: null,
    undoes: null,
    tainted: false,
    madeAt: T0 * 1e6,
    decideBy: (T0 + 86_400) * 1e6,
  };
}

const encoded = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) =>
      /[A-Za-z0-9._~/:@,+=-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('') || '%';

function partOf(plan: Any, step: Any, i: number): string {
  const target = plan.targets.find((one: Any) => one.id === step.target) ?? plan.targets[0];
  const lines = [
    'holdfast-part 1',
    `target ${target.hostId}`,
    `epoch ${target.epoch}`,
    `action ${step.action}`,
    `catalogue ${plan.inForce.catalogue.replace('sha256:', '')}`,
    `run-as ${step.runAs}`,
  ];
  lines.push(
    `args ${step.argv.length}`,
    ...step.argv.map((arg: Any) =>
      typeof arg === 'string' ? `arg ${encoded(arg)}` : `arg-file ${arg.file}`,
    ),
  );
  lines.push(
    `stdin ${step.stdin === null ? '-' : hex(step.stdin)}`,
    `files ${step.files.length}`,
    ...step.files.map((file: Any) => `file ${file.sha256} ${encoded(file.path)}`),
  );
  lines.push(`conditions ${step.conditions.length}`);
  for (const one of step.conditions)
    lines.push(
      `condition ${one.kind}${one.sha256 === undefined ? '' : ` ${one.sha256}`} ${encoded(one.path)}`,
    );
  lines.push(
    `step ${step.step}/${step.of}`,
    `direction ${step.direction}`,
    `timeout ${step.timeoutSeconds}`,
    `atomic ${step.atomic ? 'yes' : 'no'}`,
    `nonce ${id32(`nonce ${i}`)}`,
    'end',
    '',
  );
  return lines.join('\n');
}

/** MTH and PATH of RFC 6962, as they are written there. */
const split = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);
const node = (a: Buffer, b: Buffer): Buffer => sha256(Buffer.concat([Buffer.of(1), a, b]));
export function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length < 2) return leaves[0] ?? sha256('');
  const k = split(leaves.length);
  return node(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}
function proofOf(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length < 2) return [];
  const k = split(leaves.length);
  return m < k
    ? [...proofOf(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...proofOf(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}

export function signNote(text: string, key: NoteKey): string {
  return `${text}\n— ${key.name} ${Buffer.concat([key.id, sign(null, Buffer.from(text), key.privateKey)]).toString('base64')}\n`;
}
export function cosign(note: string, key: NoteKey, time: number): string {
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const signature = sign(
    null,
    Buffer.from(`cosignature/v1\ntime ${time}\n${text}`),
    key.privateKey,
  );
  return `${note}— ${key.name} ${Buffer.concat([key.id, u64(time), signature]).toString('base64')}\n`;
}

export function dsse(
  payload: Buffer,
  type = 'application/vnd.in-toto+json',
  key: NoteKey = LOG,
): Any {
  const pae = Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `),
    payload,
  ]);
  return {
    payloadType: type,
    payload: payload.toString('base64'),
    signatures: [
      {
        keyid: `${key.name}+${key.id.toString('hex')}`,
        sig: sign(null, pae, key.privateKey).toString('base64'),
      },
    ],
  };
}

export type Signing = (
  name: Name,
  namespace: string,
  message: string,
  options: SignOptions,
) => string;
const inProcess: Signing = (name, namespace, message, options) =>
  sshsig(KEYS[name], namespace, message, options);

export function makeBundle(bend: Bend = {}, signing: Signing = inProcess): Buffer {
  const plan = aPlan();
  if (bend.standing === true)
    plan.steps = plan.steps.filter((step: Any) => step.direction === 'forward');
  bend.sayPlan?.(plan);
  const digest = hex(canonical(plan));
  const parts = plan.steps
    .map((step: Any, i: number) => partOf(plan, step, i))
    .map((part: string, i: number) => bend.sayPart?.(part, i) ?? part) as string[];
  const signedBy = (names: readonly Name[], namespace: string, text: string, at: number): Any[] =>
    names.map((name) => {
      const options = bend.signAs?.[name] ?? {};
      const certificate =
        name === 'alice' && bend.certificate !== undefined
          ? certify(KEYS.root, KEYS.alice, bend.certificate)
          : undefined;
      return {
        operator: certificate === undefined ? name : 'dora',
        assurance: name === 'bob' ? 'separate' : 'same-user',
        at: iso(at),
        armored: signing(name, namespace, text, {
          ...options,
          ...(certificate === undefined ? {} : { presented: certificate.blob }),
        }),
        key: certificate?.line ?? KEYS[name].line,
      };
    });

  const cores = parts.map((part) => hex(part.slice(0, part.indexOf('\nnonce ') + 1))).sort();
  let standing: Any = null;
  if (bend.standing === true) {
    let text = [
      'holdfast-standing 1',
      'organisation example-org',
      'standing std_1',
      'action file.write@2',
      `issued ${T0 - 1000}`,
      `expires ${T0 + 86_400}`,
      'window always',
      'budget 3 3600',
      'cooldown 0',
      'even-tainted no',
      'quorum 1',
      `cores ${cores.length}`,
      ...cores.map((core) => `core ${core}`),
      'end',
      '',
    ].join('\n');
    text = bend.sayStanding?.(text) ?? text;
    standing = { text, signatures: signedBy(['alice'], 'holdfast-standing@1', text, T0 - 900) };
  }
  let text = [
    bend.standing === true ? 'holdfast-run 1' : 'holdfast-change 1',
    'organisation example-org',
    `change ${plan.change}`,
    `plan ${digest}`,
    `tier ${plan.tier}`,
    bend.standing === true ? `standing ${hex(standing.text)}` : 'quorum 2',
    `issued ${T0 + 10}`,
    `not-before ${T0 + 10}`,
    `run-by ${T0 + 910}`,
    `checkpoint 0 ${'0'.repeat(64)}`,
    `parts ${parts.length}`,
    ...parts.map((part) => `part ${hex(part)}`),
    'end',
    '',
  ].join('\n');
  text = bend.sayOrder?.(text) ?? text;
  const order: Any = {
    text,
    signatures:
      bend.standing === true
        ? signedBy(['control-plane'], 'holdfast-run@1', text, T0 + 20)
        : signedBy(['alice', 'bob'], 'holdfast-change@1', text, T0 + 20),
    parts,
    standing,
  };
  bend.thenOrder?.(order);

  const receipts = (bend.receipts ?? [0, 1]).map((index, i) => {
    const step = plan.steps[index] ?? plan.steps[0];
    const part = parts[index] ?? '';
    const target = plan.targets.find((one: Any) => one.id === step.target) ?? plan.targets[0];
    let receipt = [
      'holdfast-receipt 1',
      `target ${target.hostId}`,
      `epoch ${target.epoch}`,
      `number ${5 + i}`,
      `previous ${hex('before')}`,
      `order ${hex(text)}`,
      `part ${hex(part)}`,
      `nonce ${id32(`nonce ${index}`)}`,
      `started ${T0 + 31 + i}`,
      `ended ${T0 + 31 + i}`,
      'result exited',
      'status 0',
      `stdout ${hex('ok\n')} 3`,
      `stderr ${hex('')} 0`,
      'end',
      '',
    ].join('\n');
    receipt = bend.sayReceipt?.(receipt, i) ?? receipt;
    const name = step.target as Name;
    const made = {
      target: step.target,
      text: receipt,
      armored: signing(name, 'holdfast-receipt@1', receipt, bend.signAs?.[name] ?? {}),
      key: KEYS[name]?.line ?? KEYS.mallory.line,
    };
    bend.thenReceipt?.(made, i);
    return made;
  });

  const kinds = [
    'log.opened',
    'operation',
    'change.proposed',
    'change.approved',
    'change.intent',
    'change.receipt',
    'change.outcome',
    'operation',
    'log.checkpoint',
    'operation',
    'operation',
  ];
  const records: string[] = [];
  for (const [seq, kind] of kinds.entries()) {
    const event: Any = {
      v: 1,
      seq,
      kind,
      time: iso(T0 + seq * 6 + (seq > 4 ? 20 : 0)),
      prev: seq === 0 ? '0'.repeat(64) : hex(records[seq - 1] ?? ''),
      more: {},
    };
    if (kind.startsWith('change.')) event.more = { change: plan.change, plan: digest };
    if (kind === 'change.outcome') event.more.state = 'confirmed';
    bend.sayEvent?.(event, seq);
    records.push(canonical(event));
  }
  const leaves = records.map((record) => sha256(`\0${record}`));
  const events = (bend.events ?? [4, 6]).map((seq, i) => {
    const event = {
      record: records[seq],
      seq,
      proof: proofOf(seq, leaves).map((hash) => hash.toString('base64')),
    };
    bend.thenEvent?.(event, i);
    return event;
  });
  const noteText = `holdfast/test\n${leaves.length}\n${mth(leaves).toString('base64')}\n`;
  const signedText = bend.sayNote?.(noteText) ?? noteText;
  const note = cosign(signNote(signedText, LOG), WITNESS, T0 + 200);

  let config = [
    'holdfast-config 1',
    'organisation example-org',
    'version 3',
    `previous ${hex('config 2')}`,
    `issued ${T0 - 5000}`,
    'quorum 1',
    `inventory ${hex('inventory')}`,
    `policy ${hex('policy')}`,
    `catalogue ${hex('catalogue')}`,
    `baselines ${hex('baselines')}`,
    `signers 3 ${hex(IN_FORCE)}`,
    `revocations 1 ${hex('krl')}`,
    `host-policy 1 ${hex('host policy')}`,
    `checkpoint 0 ${'0'.repeat(64)}`,
    'end',
    '',
  ].join('\n');
  config = bend.sayConfig?.(config) ?? config;
  const statement: Any = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: plan.change, digest: { sha256: digest } }],
    predicateType: 'urn:holdfast:change:1',
    predicate: {
      plan,
      state: 'confirmed',
      orders: [order],
      receipts,
      verification: [{ says: 'the file is as planned', held: true }],
      config: [
        { text: config, signatures: signedBy(['carol'], 'holdfast-config@1', config, T0 - 4000) },
      ],
      signers: IN_FORCE,
      outputs: [{ sha256: hex('ok\n'), length: 3, media: 'text/plain', sealed: true }],
      events,
      checkpoint: bend.thenNote?.(note) ?? note,
      timestamps:
        bend.timestamp === undefined ? [] : [{ of: hex(noteText), token: bend.timestamp }],
    },
  };
  bend.thenStatement?.(statement);
  let payload: Buffer = Buffer.from(canonical(statement));
  payload = bend.thenPayload?.(payload) ?? payload;
  const envelope = dsse(payload);
  bend.thenEnvelope?.(envelope);
  return Buffer.from(JSON.stringify(envelope));
}

/** The text that a timestamp of the unbent bundle stamps. */
export function noteTextOf(bundle: Buffer): string {
  const statement = JSON.parse(
    Buffer.from(JSON.parse(bundle.toString()).payload, 'base64').toString(),
  );
  const note: string = statement.predicate.checkpoint;
  return note.slice(0, note.indexOf('\n\n') + 1);
}
