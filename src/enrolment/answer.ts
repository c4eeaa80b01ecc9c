/**
 * What a host says of itself while it is being enrolled. Whoever answers may be hostile: one form, known keys,
 * bounded counts and lengths, and nothing that is not plain; anything else is no answer.
 */
import { Fault } from '#base/fault';
import type { RunnerBy } from './payload.ts';

export type Sshsig = 'none' | 'keys' | 'passkeys';

export type Probe = {
  /** `sudo`: not root, and root is had without a password. */
  readonly root: 'yes' | 'sudo' | 'no';
  readonly os: string;
  /** As the programs call themselves, like `OpenSSH_9.2p1`; `''` where they do not say. */
  readonly server: string;
  readonly client: string;
  /** What its ssh-keygen can check; tried there, not guessed. */
  readonly sshsig: Sshsig;
  readonly shell: string;
  readonly awk: string;
  readonly tools: ReadonlySet<string>;
  /** `null`: nothing can be written there. */
  readonly places: readonly { readonly path: string; readonly freeKb: number | null }[];
  readonly accounts: readonly string[];
  readonly groups: readonly string[];
  /** Settings of its sshd that would keep our accounts out. */
  readonly keepsOut: readonly string[];
  readonly there: readonly string[];
  /** Of the programs in use there; `null` when there are none. */
  readonly version: string | null;
  readonly enrolled: {
    readonly hostId: string;
    readonly epoch: string;
    readonly organisation: string;
  } | null;
  /** `<type> <base64>`, ascending. */
  readonly hostKeys: readonly string[];
  /** Seconds, by its clock. */
  readonly time: number;
};

/** Who a host is, once it is one. */
export type NewHost = {
  readonly hostId: string;
  readonly epoch: number;
  readonly organisation: string;
  /** Of the programs there. */
  readonly version: string;
  /** Not `none`: changes can be carried out there. */
  readonly runnerBy: RunnerBy;
  readonly sshsig: Sshsig;
  readonly receiptKey: string;
  readonly hostKeys: readonly string[];
  readonly server: string;
  readonly client: string;
  readonly time: number;
};

export type Upgraded = { readonly version: string; readonly previous: string };
/** What could not be taken away. */
export type Removed = { readonly left: readonly string[] };

const HEAD = 'holdfast-enrol-answer 1';
const MOST_BYTES = 65_536;
const TOKEN = /^(?!-)[A-Za-z0-9._:@/-]{1,128}$/;
const TEXT = /^(?:%|(?:[A-Za-z0-9._~/:@,+=-]|%20)+)$/;
const RECEIPT_KEY = /^(?:ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/]{40,400}={0,2}$/;
const HOST_KEY =
  /^(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/]{40,2000}={0,2}$/;

/** One after another, each value read by its own pattern. */
class Said {
  readonly #values = new Map<string, string[]>();

  constructor(lines: readonly string[], known: readonly string[]) {
    for (const line of lines) {
      const space = line.indexOf(' ');
      const key = line.slice(0, space);
      if (space < 1 || !known.includes(key)) malformed();
      const values = this.#values.get(key) ?? [];
      if (values.length >= 64) malformed();
      this.#values.set(key, [...values, line.slice(space + 1)]);
    }
  }

  all(key: string, pattern: RegExp): readonly string[] {
    const values = this.#values.get(key) ?? [];
    return values.every((value) => value.length <= 2_100 && pattern.test(value))
      ? values
      : malformed();
  }

  one(key: string, pattern: RegExp): string {
    const [value, ...more] = this.all(key, pattern);
    return value === undefined || more.length > 0 ? malformed() : value;
  }

  text(key: string): string {
    return plain(this.one(key, TEXT));
  }

  number(key: string): number {
    return Number(this.one(key, /^(?:0|[1-9][0-9]{0,14})$/));
  }

  /** Both versions of OpenSSH. */
  openssh(): { readonly server: string; readonly client: string } {
    const [server = '', client = ''] = this.one('openssh', /^\S{1,200} \S{1,200}$/).split(' ');
    if (!TEXT.test(server) || !TEXT.test(client)) malformed();
    return { server: plain(server), client: plain(client) };
  }

  /** Each type once, so that a pin can name its key; in the order of the record's hash. */
  hostKeys(): readonly string[] {
    const keys = this.all('host-key', HOST_KEY).toSorted();
    const types = new Set(keys.map((key) => key.split(' ')[0]));
    return keys.length > 8 || types.size !== keys.length ? malformed() : keys;
  }
}

const plain = (text: string): string => (text === '%' ? '' : text.replaceAll('%20', ' '));

/** Throws the host's own refusal (`host-refused`), or `enrol-answer` where it did not answer in its one form. */
export function parseProbe(bytes: Uint8Array): Probe {
  const said = read(bytes, [
    'root',
    'os',
    'openssh',
    'sshsig',
    'shell',
    'awk',
    'tool',
    'place',
    'account',
    'group',
    'keeps-out',
    'there',
    'version',
    'enrolled',
    'host-key',
    'time',
  ]);
  const tools = said.all('tool', /^[a-z0-9-]{1,32} (?:yes|no)$/).map((line) => line.split(' '));
  const [hostId, epoch, organisation] =
    said.all('enrolled', /^\S{1,128} \S{1,128} \S{1,128}$/)[0]?.split(' ') ?? [];
  return {
    root: said.one('root', /^(?:yes|sudo|no)$/) as Probe['root'],
    os: said.text('os'),
    ...said.openssh(),
    sshsig: said.one('sshsig', /^(?:none|keys|passkeys)$/) as Sshsig,
    shell: said.text('shell'),
    awk: said.text('awk'),
    tools: new Set(tools.flatMap(([name, has]) => (has === 'yes' ? [name ?? ''] : []))),
    places: said.all('place', /^\/[a-z/]{1,64} (?:[0-9]{1,15}|read-only)$/).map((line) => {
      const [path = '', free] = line.split(' ');
      return { path, freeKb: free === 'read-only' ? null : Number(free) };
    }),
    accounts: said.all('account', TOKEN),
    groups: said.all('group', TOKEN),
    keepsOut: said.all('keeps-out', TOKEN),
    there: said.all('there', TOKEN),
    version: said.all('version', TOKEN)[0] ?? null,
    enrolled:
      hostId === undefined || epoch === undefined || organisation === undefined
        ? null
        : { hostId: token(hostId), epoch: token(epoch), organisation: token(organisation) },
    hostKeys: said.hostKeys(),
    time: said.number('time'),
  };
}

export function parseNewHost(bytes: Uint8Array): NewHost {
  const said = read(bytes, [
    'target',
    'epoch',
    'organisation',
    'version',
    'runner-by',
    'sshsig',
    'receipt-key',
    'openssh',
    'host-key',
    'time',
  ]);
  const hostKeys = said.hostKeys();
  const epoch = said.number('epoch');
  if (hostKeys.length === 0 || epoch < 1 || epoch > 999_999_999) malformed();
  return {
    hostId: said.one('target', /^[0-9a-f]{32}$/),
    epoch,
    organisation: said.one('organisation', TOKEN),
    version: said.one('version', TOKEN),
    runnerBy: said.one('runner-by', /^(?:sudo|root|none)$/) as RunnerBy,
    sshsig: said.one('sshsig', /^(?:none|keys|passkeys)$/) as Sshsig,
    receiptKey: said.one('receipt-key', RECEIPT_KEY),
    hostKeys,
    ...said.openssh(),
    time: said.number('time'),
  };
}

export function parseUpgraded(bytes: Uint8Array): Upgraded {
  const said = read(bytes, ['version', 'previous']);
  return { version: said.one('version', TOKEN), previous: said.one('previous', TOKEN) };
}

export function parseRemoved(bytes: Uint8Array): Removed {
  return { left: read(bytes, ['left', 'time']).all('left', TOKEN) };
}

function read(bytes: Uint8Array, known: readonly string[]): Said {
  const text = Buffer.from(bytes).toString('latin1');
  const lines = text.split('\n');
  const isWhole =
    text.length <= MOST_BYTES &&
    lines[0] === HEAD &&
    lines.at(-1) === '' &&
    lines.at(-2) === 'end' &&
    lines.every((line) => /^[\x20-\x7e]*$/.test(line));
  if (!isWhole) malformed();
  const said = new Said(lines.slice(1, 4), ['verdict', 'code', 'detail']);
  const verdict = said.one('verdict', /^(?:ok|refused|failed)$/);
  const code = said.one('code', /^[a-z-]{1,40}$/);
  const detail = said.text('detail');
  if (verdict === 'ok') return new Said(lines.slice(4, -2), known);
  throw new Fault(
    verdict === 'refused' ? 'refused' : 'uncertain',
    'host-refused',
    verdict === 'refused'
      ? `the host did not do it, and nothing of it is left there: ${code}${detail === '' ? '' : `: ${detail}`}. ${whatToDo(code)}`
      : `the host did not do it, and could not take back what it began: ${code}: ${detail}. Look there as root before you try again`,
    { facts: { code } },
  );
}

/** By the code of install.sh. */
function whatToDo(code: string): string {
  switch (code) {
    case 'already-enrolled':
      return 'Give --again to make the next epoch, or unenroll it first';
    case 'account-exists':
    case 'foreign-files':
      return 'Somebody else made that: look at it, move it away, and try again';
    case 'busy':
      return 'Wait for the other installation to end';
    case 'cannot-write':
      return 'Make room, or make the place writable, and try again';
    case 'no-tool':
      return 'Install it there and try again';
    case 'self-test-failed':
      return 'Look at sudo and its settings there, and at the log of the host';
    case 'job-running':
      return 'Wait for the job to end, or give --force';
    default:
      return 'Run it with --plan to see what the host has';
  }
}

function token(word: string): string {
  return TOKEN.test(word) ? word : malformed();
}

function malformed(): never {
  throw new Fault(
    'unavailable',
    'enrol-answer',
    'the host did not answer in the form that was asked for: its shell may print something of its own, or end before its time. Try "ssh <host> true" and see that it prints nothing',
  );
}
