/**
 * Opens the one ssh process of a target and account that is connected to the host (a ControlMaster). Others ride on
 * it and can never open a connection of their own.
 */
import { Fault } from '#base/fault';
import type { Channel, ProgramResult } from '#base/ports';
import type { Target } from '#model';
import { jumpWord, knownName, type Place, routeTo } from './place.ts';
import type { Unreachable } from './reach.ts';
import type { Account, OpenSsh, SshSettings } from './settings.ts';
import { type AccountKey, isHostKey, type KnownKeys, SshFiles, usableKey } from './ssh-files.ts';
import { unreachable, whyNotConnected } from './unreachable.ts';

const READY = 'holdfast-connected\n';
const LONGEST_DIRECTORY = 80;
/** Keys are asked for again so long before they end. */
const REFRESH_MICROS = 60_000_000;
/** Our own deadline, when ssh does not keep its. */
const CONNECT_SLACK_MS = 2_000;

type Argv = readonly [string, ...string[]];

/** Nobody is asked for anything, and no variable of ours reaches ssh. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' } as const;

/**
 * The runner's ssh has no session that would end with us, so a reader of its standard input ends it: constant words,
 * arguments as they are.
 */
const ENDS_WITH_US =
  'exec 3<&0; (read -r _ <&3; kill "$$") >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';

export class Links {
  readonly #parts: OpenSsh;
  readonly #settings: SshSettings;
  readonly #files: SshFiles;
  readonly #keys = new Map<Account, AccountKey>();
  readonly #names = new Map<string, string>();
  #count = 0;
  #prepared: Promise<void> | undefined;

  constructor(parts: OpenSsh, settings: SshSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#files = new SshFiles(parts.files, parts.random, parts.directory);
    if (parts.directory.length > LONGEST_DIRECTORY) {
      throw new Fault(
        'invalid',
        'ssh-path-invalid',
        `directory has too long a name for sockets: ${parts.directory.length} characters. Use one of at most ${LONGEST_DIRECTORY}`,
      );
    }
  }

  /** Connected and proved, or a fault with a code of UNREACHABLE; at once when the signal aborts. */
  async open(target: Target, account: Account, signal: AbortSignal): Promise<Link> {
    const { clock, channels } = this.#parts;
    const settings = this.#settings;
    const limit = settings.connectSeconds * 1_000 + CONNECT_SLACK_MS;
    const over = new AbortController();
    const patience = AbortSignal.any([over.signal, signal]);
    const tooLate = clock.sleep(limit, patience).then(() => undefined);
    const late = (): Error =>
      unreachable(target.id, signal.aborted ? 'connection-lost' : 'timed-out');
    let channel: Channel | undefined;
    try {
      const prepared = await Promise.race([this.#prepare(target, account), tooLate]);
      if (prepared === undefined) throw late();
      const { main, rider, socket, hasBastion } = prepared;
      channel = await channels.open({ argv: main, env: ENVIRONMENT }).catch((cause: unknown) => {
        throw unreachable(target.id, 'connection-lost', cause);
      });
      const state = await Promise.race([firstWord(channel), tooLate]);
      if (state === 'ready') {
        const opened = channel;
        channel = undefined;
        return new Link(this.#parts, opened, rider, socket);
      }
      if (state === undefined) throw late();
      if (state === 'other') throw unreachable(target.id, 'connection-lost');
      await Promise.race([channel.ended, tooLate]);
      throw unreachable(target.id, whyNotConnected(channel.says(), hasBastion));
    } finally {
      over.abort();
      await channel?.close();
    }
  }

  /** Forgets what a target's ssh reads, or that of all. */
  async forget(target?: string): Promise<void> {
    this.#keys.clear();
    for (const [key, name] of this.#names) {
      if (target !== undefined && !key.endsWith(` ${target}`)) continue;
      this.#names.delete(key);
      await this.#files.remove(name);
    }
  }

  async #prepare(target: Target, account: Account): Promise<Prepared> {
    const route = routeTo(target, this.#parts.resolve);
    if ('trouble' in route) throw unreachable(target.id, route.trouble);
    await (this.#prepared ??= this.#clean());
    const known: KnownKeys[] = [];
    for (const place of [...route.hops, route.place]) {
      const keys = await this.#hostKeys(place);
      if (keys.length === 0) throw unreachable(target.id, noKey(place === route.place));
      known.push({ name: knownName(place), keys });
    }
    const key = await this.#key(account).catch((cause: unknown) => {
      throw unreachable(target.id, 'not-authorised', cause);
    });
    const settings = this.#settings;
    const name = this.#nameOf(target.id, account);
    const config = await this.#files.write(name, known, key, settings);
    this.#count += 1;
    const socket = `${this.#parts.directory}/${this.#count.toString(36)}.s`;
    const { host, port } = route.place;
    const user = await this.#userOf(target, account);
    const where = ['-T', '-l', user, '-p', String(port), '--', host];
    const words: string[] = [];
    for (const hop of route.hops) {
      const own =
        hop.target === null ? settings.users[account] : await this.#userOf(hop.target, account);
      words.push(jumpWord(hop, settings.bastionUser ?? own));
    }
    const jumps = words.join(',');
    const main: Argv = [
      settings.ssh,
      '-F',
      config,
      '-M',
      '-S',
      socket,
      '-o',
      'ControlPersist=no',
      '-o',
      'PermitLocalCommand=yes',
      '-o',
      `LocalCommand=echo ${READY.trim()}`,
      ...(jumps === '' ? [] : ['-J', jumps]),
      ...(account === 'runner' ? ['-N'] : []),
      ...where,
    ];
    const rider: Argv = [
      settings.ssh,
      '-F',
      config,
      '-S',
      socket,
      '-o',
      'ControlMaster=no',
      // A dead master fails at once instead of quietly becoming a connection of its own.
      '-o',
      'ProxyCommand=false',
      ...where,
    ];
    return {
      main: account === 'runner' ? ['/bin/sh', '-c', ENDS_WITH_US, 'sh', ...main] : main,
      rider,
      socket,
      hasBastion: jumps !== '',
    };
  }

  async #hostKeys({ target, host, port }: Place): Promise<readonly string[]> {
    const pinned = target?.hostKey ?? null;
    const keys = pinned === null ? await this.#parts.hostKeys({ target, host, port }) : [pinned];
    return keys.filter(isHostKey);
  }

  async #userOf(target: Target, account: Account): Promise<string> {
    const own = (await this.#parts.userOf?.(target, account)) ?? null;
    return own ?? this.#settings.users[account];
  }

  async #key(account: Account): Promise<AccountKey> {
    const kept = this.#keys.get(account);
    const now = this.#parts.clock.now();
    if (kept?.expires !== undefined && kept.expires - REFRESH_MICROS > now) return kept;
    const key = usableKey(await this.#parts.keyOf(account));
    this.#keys.set(account, key);
    return key;
  }

  #nameOf(target: string, account: Account): string {
    const key = `${account} ${target}`;
    const name = this.#names.get(key) ?? `c${((this.#count += 1)).toString(36)}`;
    this.#names.set(key, name);
    return name;
  }

  /** What a process that was killed left there. The directory is this reach's alone. */
  async #clean(): Promise<void> {
    const { files, directory } = this.#parts;
    await files.makeDirectory(directory);
    for (const name of (await files.list(directory)) ?? []) {
      if (/^c?[0-9a-z]+\.(?:s|conf|known)$/.test(name)) await files.remove(`${directory}/${name}`);
    }
  }
}

type Prepared = {
  readonly main: Argv;
  readonly rider: Argv;
  readonly socket: string;
  readonly hasBastion: boolean;
};

export class Link {
  readonly channel: Channel;
  readonly #parts: OpenSsh;
  readonly #rider: Argv;
  readonly #socket: string;
  #closed: Promise<void> | undefined;

  constructor(parts: OpenSsh, channel: Channel, rider: Argv, socket: string) {
    this.#parts = parts;
    this.channel = channel;
    this.#rider = rider;
    this.#socket = socket;
  }

  /** One more session that stays. */
  ride(): Promise<Channel> {
    return this.#parts.channels.open({ argv: this.#rider, env: ENVIRONMENT });
  }

  /** One more session for one request. */
  exchange(stdin: Uint8Array, timeoutMs: number, maxBytes: number): Promise<ProgramResult> {
    const argv = this.#rider;
    return this.#parts.programs.run({ argv, stdin, timeoutMs, maxBytes, env: ENVIRONMENT });
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.channel.close();
      // ssh removes its socket, but not when it was killed.
      await this.#parts.files.remove(this.#socket);
    })();
    return this.#closed;
  }
}

/** ssh says so itself, before anything of the host's can reach us. */
async function firstWord(channel: Channel): Promise<'ready' | 'ended' | 'other'> {
  let said = '';
  while (said.length < READY.length) {
    const chunk = await channel.read();
    if (chunk === undefined) return 'ended';
    said += Buffer.from(chunk).toString('latin1');
  }
  return said === READY ? 'ready' : 'other';
}

function noKey(isTarget: boolean): Unreachable {
  return isTarget ? 'not-enrolled' : 'bastion-failed';
}
