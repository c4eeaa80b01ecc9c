/**
 * What one ssh of ours reads: its configuration and its known_hosts, in our private directory. Nothing of the
 * operator's or the system's configuration counts, and a bastion's ssh reads the same two files.
 *
 * A file is written when what it says changed. Names of hosts are hashed as OpenSSH does (HMAC-SHA1, `|1|`).
 */
import { createHmac } from 'node:crypto';
import { Fault } from '#base/fault';
import type { Files, Random } from '#base/ports';

/** `[@cert-authority ]<type> <base64>`. */
const KEY = /^(?:@cert-authority )?[a-z0-9@.-]{1,64} [A-Za-z0-9+/]{16,16384}={0,2}$/;
/** What can stand between quotes in ssh_config and mean itself. */
const PATH = /^\/[A-Za-z0-9 ._/+,=@:-]*$/;

/** How an account proves itself: a private key file (a certificate beside it, `-cert.pub`, is used too), or an agent. */
export type AccountKey =
  | { readonly keyFile: string; readonly expires?: number }
  | {
      readonly agentSocket: string;
      /** Which of the agent's keys: its public half. Without it ssh offers them all. */
      readonly publicKeyFile?: string;
      readonly expires?: number;
    };

export type KnownKeys = { readonly name: string; readonly keys: readonly string[] };

export type Timing = {
  readonly connectSeconds: number;
  readonly aliveSeconds: number;
};

export class SshFiles {
  readonly #files: Files;
  readonly #random: Random;
  readonly #directory: string;
  /** What stands in each file, without the salts. */
  readonly #written = new Map<string, string>();

  constructor(files: Files, random: Random, directory: string) {
    this.#files = files;
    this.#random = random;
    this.#directory = usable(directory);
  }

  /** Path of the configuration of `name`, as it must be now. */
  async write(
    name: string,
    known: readonly KnownKeys[],
    key: AccountKey,
    timing: Timing,
  ): Promise<string> {
    const knownHosts = `${this.#directory}/${name}.known`;
    const config = `${this.#directory}/${name}.conf`;
    const meaning = known.map((each) => `${each.name} ${each.keys.join(' ')}`).join('\n');
    await this.#put(knownHosts, meaning, () => this.#knownHosts(known));
    const text = configText(knownHosts, key, timing);
    await this.#put(config, text, () => text);
    return config;
  }

  async remove(name: string): Promise<void> {
    for (const path of [`${this.#directory}/${name}.known`, `${this.#directory}/${name}.conf`]) {
      if (this.#written.delete(path)) await this.#files.remove(path);
    }
  }

  async #put(path: string, meaning: string, text: () => string): Promise<void> {
    if (this.#written.get(path) === meaning) return;
    await this.#files.makeDirectory(this.#directory);
    await this.#files.replace(path, Buffer.from(text()), 0o600);
    this.#written.set(path, meaning);
  }

  #knownHosts(known: readonly KnownKeys[]): string {
    const lines = known.flatMap(({ name, keys }) =>
      // A line that is no key would be skipped by ssh; leaving it out refuses just as well.
      keys.filter(isHostKey).map((key) => {
        const [mark, ...rest] = key.split(' ');
        const hashed = hashedName(name, this.#random.bytes(20));
        return mark === '@cert-authority'
          ? `@cert-authority ${hashed} ${rest.join(' ')}\n`
          : `${hashed} ${key}\n`;
      }),
    );
    return lines.join('');
  }
}

export function isHostKey(line: string): boolean {
  return KEY.test(line);
}

export function hashedName(name: string, salt: Uint8Array): string {
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${Buffer.from(salt).toString('base64')}|${hash}`;
}

function configText(knownHosts: string, key: AccountKey, timing: Timing): string {
  const proof =
    'keyFile' in key
      ? ['IdentityAgent none', 'IdentitiesOnly yes', `IdentityFile "${usable(key.keyFile)}"`]
      : [
          `IdentityAgent "${usable(key.agentSocket)}"`,
          `IdentitiesOnly ${key.publicKeyFile === undefined ? 'no' : 'yes'}`,
          key.publicKeyFile === undefined
            ? 'IdentityFile none'
            : `IdentityFile "${usable(key.publicKeyFile)}"`,
        ];
  return `${[
    'BatchMode yes',
    ...proof,
    'PreferredAuthentications publickey',
    'StrictHostKeyChecking yes',
    `UserKnownHostsFile "${usable(knownHosts)}"`,
    'GlobalKnownHostsFile none',
    'UpdateHostKeys no',
    'VerifyHostKeyDNS no',
    'CheckHostIP no',
    'CanonicalizeHostname no',
    'ForwardAgent no',
    'ForwardX11 no',
    'ClearAllForwardings yes',
    'PermitLocalCommand no',
    'RequestTTY no',
    'EscapeChar none',
    'ConnectionAttempts 1',
    `ConnectTimeout ${timing.connectSeconds}`,
    `ServerAliveInterval ${timing.aliveSeconds}`,
    'ServerAliveCountMax 3',
    // What a bastion says of the next host is told at this level.
    'LogLevel INFO',
  ].join('\n')}\n`;
}

/** The key, when its paths mean themselves to ssh. */
export function usableKey(key: AccountKey): AccountKey {
  const paths =
    'keyFile' in key ? [key.keyFile] : [key.agentSocket, key.publicKeyFile ?? key.agentSocket];
  paths.forEach(usable);
  return key;
}

function usable(path: string): string {
  if (PATH.test(path) && !path.split('/').includes('..')) return path;
  throw new Fault(
    'invalid',
    'ssh-path-invalid',
    `path cannot be given to ssh: ${path.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)}. Use an absolute path of plain letters`,
  );
}
