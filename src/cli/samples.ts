/** A command line without a process, before a service that answers what a test says. */
import type { Json } from '#base/json';
import { instant } from '#base/time';
import type { Answer } from '#operations';
import { renderPlan } from '#planning';
import { shippedAnalyst } from '#test/commands';
import type { Ask, Commands, Io, Keys, Renewed } from './program.ts';
import { runCli } from './run.ts';

const RENEWED: Renewed = {
  url: 'https://holdfast.example.org:7443',
  certificate: {
    file: '/h/tls/console.crt',
    notAfter: '2027-03-01T12:00:00Z',
    fingerprint: 'AA:BB',
  },
  authority: {
    file: '/h/tls/ca.crt',
    notAfter: '2028-03-01T12:00:00Z',
    fingerprint: 'CC:DD',
    isNew: true,
  },
};
const NOW = instant('2026-03-01T12:00:00Z');

type Asked = { readonly operation: string; readonly input: Json };
export type Ran = {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  readonly asked: readonly Asked[];
  /** What was called that is not an operation. */
  readonly called: readonly (readonly unknown[])[];
  /** What was given to the person's key. */
  readonly signed: readonly {
    readonly key: string;
    readonly namespace: string;
    readonly text: string;
  }[];
  /** What the person was asked at the terminal. */
  readonly prompts: readonly string[];
  /** What was held against the bytes to sign, before it was shown. */
  readonly checked: readonly string[];
  readonly opened: number;
  readonly closed: number;
};

export type Setting = {
  readonly answer?: (ask: Ask) => Json | Promise<Json>;
  readonly notices?: readonly string[];
  readonly terminal?: boolean;
  /** What a person types when asked, one after another. */
  readonly typed?: string | readonly string[];
  readonly keys?: Partial<Keys>;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: readonly (string | Uint8Array)[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly root?: boolean;
  readonly commands?: Partial<Commands>;
};

export async function cli(argv: readonly string[], setting: Setting = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const asked: Asked[] = [];
  const called: (readonly unknown[])[] = [];
  const signed: { key: string; namespace: string; text: string }[] = [];
  const prompts: string[] = [];
  const checked: string[] = [];
  const answers = typeof setting.typed === 'string' ? [setting.typed] : [...(setting.typed ?? [])];
  const count = { opened: 0, closed: 0 };
  const perform = async (ask: Ask): Promise<Answer> => {
    asked.push({ operation: ask.operation, input: ask.input });
    const value = (await setting.answer?.(ask)) ?? {};
    return { requestId: 'req_1', value, notices: setting.notices ?? [] };
  };
  const call =
    <Value>(name: string, value: Value) =>
    (...given: readonly unknown[]): Promise<Value> => {
      const told = given.filter((one) => one !== undefined && typeof one !== 'function');
      called.push([name, ...told.filter((one) => typeof one !== 'object' || !hasFunctions(one))]);
      return Promise.resolve(value);
    };
  const commands: Commands = {
    version: '0.1.0',
    open: async (home) => {
      count.opened++;
      called.push(['open', home]);
      const close = async (): Promise<void> => {
        count.closed++;
      };
      return { joined: true, perform, close };
    },
    init: call('init', { home: '/h', inventory: '/h/fleet.yaml', created: true }),
    up: call('up', undefined),
    mcp: call('mcp', undefined),
    restore: call('restore', { ok: true }),
    service: call('service', { active: true }),
    analyst: async () => shippedAnalyst(),
    checkDeclarations: async () => ({ ok: true, checked: [], problems: [] }),
    keys: {
      sign: async (key, namespace, text) => {
        signed.push({ key, namespace, text });
        return 'SIGNATURE';
      },
      make: async (path, comment) => {
        called.push(['make', path, comment]);
        return 'ssh-ed25519 AAAA';
      },
      publicLine: async () => 'ssh-ed25519 AAAA',
      exists: async () => true,
      ...setting.keys,
    },
    witness: call('witness', undefined),
    ssh: {
      send: () => Promise.reject(new Error('no host here')),
      addressOf: async () => '10.0.0.5',
      material: async () => ({
        version: '0.1.0',
        script: { library: 'l', script: 's' },
        files: async () => [],
      }),
    },
    rehearsals: {
      test: call('test', {
        action: 'site.close@1',
        where: 'host:lab (debian, lab)',
        result: 'passed',
        tries: [{ name: 'usual: does it twice', held: true, says: 'the second time ran as well' }],
      }),
      publish: call('publish', {
        action: 'site.close@1',
        where: 'host:lab (debian, lab)',
        next: 'holdfast config sign puts it in force',
      }),
      drafts: call('drafts', { actions: [], unreadable: [] }),
    },
    exposure: {
      plan: call('plan', {
        names: ['holdfast.example.org'],
        url: 'https://holdfast.example.org:7443',
        rpId: 'holdfast.example.org',
        rpIdBefore: 'localhost',
        says: ['a certificate that it signs'],
        text: 'version: 1\nurl: https://holdfast.example.org:7443\n',
      }),
      carryOut: call('carryOut', { ...RENEWED, rpId: 'holdfast.example.org' }),
      renew: call('renew', RENEWED),
    },
    checkPage: async (page, changeId) => {
      checked.push(`page ${changeId}`);
      return renderPlan(page.plan);
    },
    checkOrder: async ({ kind }) => void checked.push(kind),
    ...setting.commands,
  };
  const terminal = setting.terminal ?? false;
  const io: Io = {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    stdin: chunks(setting.stdin ?? []),
    readFile: async (path) => {
      const file = setting.files?.[path];
      if (file === undefined) throw Object.assign(new Error('no file'), { code: 'ENOENT' });
      return Buffer.from(file as string);
    },
    env: { HOME: '/home/me', ...setting.env },
    cwd: '/desk',
    isRoot: setting.root ?? false,
    isTerminal: { stdin: terminal, stdout: terminal, stderr: terminal },
    ask: async (prompt) => {
      prompts.push(prompt);
      return answers.shift();
    },
    columns: setting.columns,
    now: () => NOW,
  };
  const exit = await runCli({ argv, io, commands });
  return { exit, out, err, asked, called, signed, prompts, checked, ...count };
}

function hasFunctions(value: unknown): boolean {
  return Object.values(value ?? {}).some((member) => typeof member === 'function');
}

async function* chunks(texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text as string);
}
