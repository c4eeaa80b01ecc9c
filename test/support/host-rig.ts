/**
 * A host directory with real OpenSSH keys, and hands to write what people and the control plane sign.
 * The documents are spelled out here once more on purpose: this is what a host is held to, not our code.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, formatFrame, type Item, parseAnswer, type Verb } from '#adapters';

export const SCRIPT =
  process.env['HOST_SCRIPT'] ?? join(import.meta.dirname, '../../host/holdfast-host');
export const NO_HASH = '0'.repeat(64);
export const OPERATOR_NAMESPACES =
  'namespaces="holdfast-change@1,holdfast-standing@1,holdfast-config@1,holdfast-lift@1,holdfast-enrolment@1"';
const RECOVERY_NAMESPACES = 'namespaces="holdfast-config@1,holdfast-lift@1"';
export const CATALOGUE = sha('catalogue');

export function sha(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
export const id32 = (): string => randomBytes(16).toString('hex');
export const seconds = (): number => Math.floor(Date.now() / 1000);

export function percent(text: string): string {
  if (text === '') return '%';
  return [...Buffer.from(text)]
    .map((byte) => {
      const c = String.fromCharCode(byte);
      if (/[A-Za-z0-9._~/:@,+=-]/.test(c)) return c;
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

export const document = (kind: string, lines: readonly string[]): string =>
  `${[`holdfast-${kind} 1`, ...lines, 'end'].join('\n')}\n`;

export type PartOptions = {
  readonly argv: readonly (string | { readonly file: number })[];
  readonly target?: string;
  readonly epoch?: number;
  readonly action?: string;
  readonly runAs?: string;
  readonly stdin?: string | null;
  readonly files?: readonly (readonly [hash: string, path: string])[];
  readonly conditions?: readonly string[];
  readonly step?: string;
  readonly direction?: string;
  readonly timeout?: number;
  readonly atomic?: boolean;
  readonly nonce?: string;
};

export type OrderOptions = {
  readonly tier?: string;
  readonly quorum?: number;
  readonly organisation?: string;
  readonly issued?: number;
  readonly notBefore?: number;
  readonly runBy?: number;
  readonly checkpoint?: string;
  readonly standing?: string;
};

export type Rules = Readonly<
  Partial<Record<'T1' | 'T2' | 'T3' | 'standing' | 'config' | 'lift', string>>
>;

/** Keys of one small organisation, made once for a file of tests. */
export type Keys = {
  readonly directory: string;
  /** Path of the private key of someone, made when first asked for. */
  key(name: string): string;
  /** `<type> <base64>` of its public half. */
  publicKey(name: string): string;
  sign(name: string, namespace: string, text: string): string;
  dispose(): void;
};

export function makeKeys(): Keys {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-keys-'));
  const made = new Set<string>();
  const key = (name: string): string => {
    const path = join(directory, name);
    if (!made.has(name)) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
      made.add(name);
    }
    return path;
  };
  return {
    directory,
    key,
    publicKey: (name) =>
      readFileSync(`${key(name)}.pub`, 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' ')
        .trim(),
    sign: (name, namespace, text) =>
      execFileSync('ssh-keygen', ['-Y', 'sign', '-f', key(name), '-n', namespace], {
        input: text,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      }),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export type SignersOptions = { readonly version?: number; readonly previous?: string };
export function signersFile(lines: readonly string[], options: SignersOptions = {}): string {
  const { version = 1, previous = NO_HASH } = options;
  const head = ['# holdfast-signers 1', `# version ${version}`, `# previous ${previous}`];
  return `${[...head, ...lines].join('\n')}\n`;
}
export const signerLine = (operator: string, publicKey: string): string =>
  `${operator} ${operator === 'recovery' ? RECOVERY_NAMESPACES : OPERATOR_NAMESPACES} ${publicKey}`;
export const authorityLine = (operators: string, publicKey: string): string =>
  `${operators} cert-authority,${OPERATOR_NAMESPACES} ${publicKey}`;

export type PolicyOptions = {
  readonly version?: number;
  readonly previous?: string;
  readonly rules?: Rules;
  readonly skew?: number;
  readonly origins?: readonly string[];
};
export function policyFile(options: PolicyOptions = {}): string {
  const { version = 1, previous = NO_HASH, rules = {}, skew = 120, origins = [] } = options;
  return document('host-policy', [
    `version ${version}`,
    `previous ${previous}`,
    'profile test',
    ...(['T1', 'T2', 'T3', 'standing', 'config', 'lift'] as const).map(
      (name) => `rule ${name} ${rules[name] ?? '1 same-user'}`,
    ),
    `skew ${skew}`,
    `origins ${origins.length}`,
    ...origins.map((origin) => `origin ${percent(origin)}`),
  ]);
}

/** An OpenSSH revocation list of that version over public key lines. */
export function revocationsFile(version = 1, revoked: readonly string[] = []): Buffer {
  const place = mkdtempSync(join(tmpdir(), 'holdfast-krl-'));
  try {
    const keys = join(place, 'keys');
    writeFileSync(keys, revoked.map((line) => `${line}\n`).join(''));
    execFileSync('ssh-keygen', ['-q', '-k', '-f', join(place, 'krl'), '-z', `${version}`, keys]);
    return readFileSync(join(place, 'krl'));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

export type HostFiles = {
  readonly signers: string;
  readonly revocations: Uint8Array;
  readonly hostPolicy: string;
};
export type ConfigOptions = {
  readonly version?: number;
  readonly previous?: string;
  readonly quorum?: number;
  readonly issued?: number;
  readonly checkpoint?: string;
  readonly organisation?: string;
  /** `<version> <hash>` of each file, where it shall differ from what the file is. */
  readonly marks?: Readonly<Record<string, string>>;
  readonly versions?: readonly [signers: number, revocations: number, policy: number];
};
export function configDocument(files: HostFiles, options: ConfigOptions = {}): string {
  const [signers, revocations, policy] = options.versions ?? [1, 1, 1];
  const marks = options.marks ?? {};
  return document('config', [
    `organisation ${options.organisation ?? 'acme'}`,
    `version ${options.version ?? 1}`,
    `previous ${options.previous ?? NO_HASH}`,
    `issued ${options.issued ?? seconds()}`,
    `quorum ${options.quorum ?? 1}`,
    ...['inventory', 'policy', 'catalogue', 'baselines'].map((name) => `${name} ${sha(name)}`),
    `signers ${marks['signers'] ?? `${signers} ${sha(files.signers)}`}`,
    `revocations ${marks['revocations'] ?? `${revocations} ${sha(files.revocations)}`}`,
    `host-policy ${marks['host-policy'] ?? `${policy} ${sha(files.hostPolicy)}`}`,
    `checkpoint ${options.checkpoint ?? `0 ${NO_HASH}`}`,
  ]);
}

export type RigOptions = {
  readonly signers?: string;
  readonly revocations?: Uint8Array;
  readonly policy?: string;
  readonly shell?: readonly string[];
};

/** One host: a directory with its files, and ways to ask its script. */
export class HostRig {
  readonly directory: string;
  readonly target: string = id32();
  readonly epoch = 1;
  readonly keys: Keys;
  readonly #shell: readonly string[];

  constructor(keys: Keys, options: RigOptions = {}) {
    this.keys = keys;
    this.#shell = options.shell ?? (process.env['HOST_SHELL'] ?? 'sh').split(' ');
    this.directory = mkdtempSync(join(tmpdir(), 'holdfast-host-'));
    chmodSync(this.directory, 0o700);
    this.write(
      'identity',
      document('identity', ['organisation acme', `target ${this.target}`, `epoch ${this.epoch}`]),
    );
    const files: HostFiles = {
      signers:
        options.signers ??
        signersFile([
          signerLine('alice', keys.publicKey('alice')),
          signerLine('bob', keys.publicKey('bob')),
          signerLine('recovery', keys.publicKey('recovery')),
        ]),
      revocations: options.revocations ?? revocationsFile(),
      hostPolicy: options.policy ?? policyFile(),
    };
    this.write('signers', files.signers);
    this.write('revocations', files.revocations);
    this.write('host-policy', files.hostPolicy);
    this.write('config', configDocument(files));
    this.write('control-plane', `${keys.publicKey('control-plane')}\n`);
    this.write('receipt-key', readFileSync(keys.key('receipts')));
    this.write('receipt-key.pub', readFileSync(`${keys.key('receipts')}.pub`));
  }

  path(name: string): string {
    return join(this.directory, name);
  }
  write(name: string, content: string | Uint8Array): void {
    mkdirSync(join(this.path(name), '..'), { recursive: true });
    writeFileSync(this.path(name), content, { mode: 0o600 });
  }
  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }
  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  part(options: PartOptions): string {
    const { stdin = null, files = [], conditions = [] } = options;
    return document('part', [
      `target ${options.target ?? this.target}`,
      `epoch ${options.epoch ?? this.epoch}`,
      `action ${options.action ?? 'demo.act@1'}`,
      `catalogue ${CATALOGUE}`,
      `run-as ${options.runAs ?? execFileSync('id', ['-un'], { encoding: 'utf8' }).trim()}`,
      `args ${options.argv.length}`,
      ...options.argv.map((arg) =>
        typeof arg === 'string' ? `arg ${percent(arg)}` : `arg-file ${arg.file}`,
      ),
      `stdin ${stdin === null ? '-' : sha(stdin)}`,
      `files ${files.length}`,
      ...files.map(([hash, path]) => `file ${hash} ${percent(path)}`),
      `conditions ${conditions.length}`,
      ...conditions.map((each) => `condition ${each}`),
      `step ${options.step ?? '1/1'}`,
      `direction ${options.direction ?? 'forward'}`,
      `timeout ${options.timeout ?? 10}`,
      `atomic ${options.atomic === true ? 'yes' : 'no'}`,
      `nonce ${options.nonce ?? id32()}`,
    ]);
  }

  order(parts: readonly string[], options: OrderOptions = {}): string {
    const now = seconds();
    return document(options.standing === undefined ? 'change' : 'run', [
      `organisation ${options.organisation ?? 'acme'}`,
      'change chg-1',
      `plan ${sha('plan')}`,
      `tier ${options.tier ?? 'T2'}`,
      options.standing === undefined
        ? `quorum ${options.quorum ?? 1}`
        : `standing ${sha(options.standing)}`,
      `issued ${options.issued ?? now}`,
      `not-before ${options.notBefore ?? now - 5}`,
      `run-by ${options.runBy ?? now + 900}`,
      `checkpoint ${options.checkpoint ?? `0 ${NO_HASH}`}`,
      `parts ${parts.length}`,
      ...parts.map((part) => `part ${sha(part)}`),
    ]);
  }

  ask(verb: Verb, items: readonly Item[] = []): Answer {
    return this.askBytes(formatFrame(verb, items));
  }
  askBytes(frame: Uint8Array): Answer {
    const [program = 'sh', ...args] = this.#shell;
    const ended = spawnSync(program, [...args, SCRIPT, this.directory], {
      input: frame,
      maxBuffer: 64 << 20,
    });
    const answer = parseAnswer(ended.stdout);
    if (answer === undefined) {
      throw new Error(
        `no answer: ${ended.status} ${ended.stdout.toString()} ${ended.stderr.toString()}`,
      );
    }
    return answer;
  }

  /** As `ask`, without waiting: the front process, and its answer. */
  begin(verb: Verb, items: readonly Item[]): { readonly pid: number; answer: Promise<Answer> } {
    const [program = 'sh', ...args] = this.#shell;
    const child = spawn(program, [...args, SCRIPT, this.directory], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const out: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(formatFrame(verb, items));
    const answer = new Promise<Answer>((resolve, reject) => {
      child.on('close', () => {
        const parsed = parseAnswer(Buffer.concat(out));
        if (parsed === undefined) reject(new Error('no answer'));
        else resolve(parsed);
      });
    });
    answer.catch(() => {});
    return { pid: child.pid ?? -1, answer };
  }

  /** Items of a run of one part, signed by `by` with plain keys. */
  runItems(
    partOptions: PartOptions,
    orderOptions: OrderOptions = {},
    by: readonly string[] = ['alice'],
  ): Item[] {
    const part = this.part(partOptions);
    const order = this.order([part], orderOptions);
    return [
      ['order', order],
      ...by.map((name): Item => ['signature', this.keys.sign(name, 'holdfast-change@1', order)]),
      ['part', part],
      ...(partOptions.stdin == null ? [] : [['stdin', partOptions.stdin] as Item]),
    ];
  }

  run(partOptions: PartOptions, orderOptions: OrderOptions = {}, by?: readonly string[]): Answer {
    return this.ask('run', this.runItems(partOptions, orderOptions, by));
  }
}

export const itemText = (answer: Answer, name: string): string =>
  Buffer.from(answer.items.get(name) ?? new Uint8Array()).toString('utf8');
/** A line of the receipt. */
export const receiptLine = (answer: Answer, key: string): string | undefined =>
  new RegExp(`^${key} (.*)$`, 'm').exec(itemText(answer, 'receipt'))?.[1];
