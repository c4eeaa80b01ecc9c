/** The directory of keys that we were lent: each in a new place, so that an ssh that is reading one is never surprised. */
import { asFault } from '#base/fault';
import type { SecretsParts } from './broker.ts';
import { keyFault } from './faults.ts';

const HALVES = ['', '.pub', '-cert.pub'] as const;

type Parts = Pick<SecretsParts, 'files' | 'look' | 'programs' | 'uid' | 'directory'>;

export class KeyRoom {
  readonly #parts: Parts;
  readonly #name: string;
  #count = 0;

  /** Names begin with `name`; what an earlier process left under it is not used. */
  constructor(parts: Parts, name: string) {
    this.#parts = parts;
    this.#name = name;
  }

  /** A path where nothing is. */
  async fresh(): Promise<string> {
    const { files, look, uid, directory } = this.#parts;
    await files.makeDirectory(directory).catch(() => {
      throw keyFault('key-making', directory);
    });
    const info = await look.stat(directory).catch(() => undefined);
    if (info?.kind !== 'directory' || info.uid !== uid || (info.mode & 0o077) !== 0)
      throw keyFault('key-making', directory);
    this.#count += 1;
    const path = `${directory}/${this.#name}-${this.#count}`;
    await this.remove(path);
    return path;
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    await this.#parts.files.replace(path, bytes, 0o600).catch((thrown: unknown) => {
      throw keyFault('key-making', path, { why: asFault(thrown).code });
    });
  }

  /** Makes a new ed25519 key there; answers its public half. */
  async makeKey(path: string): Promise<string> {
    const argv = [
      'ssh-keygen',
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      'holdfast',
      '-f',
      path,
    ] as const;
    const { exit } = await this.#parts.programs.run({ argv, timeoutMs: 10_000, maxBytes: 65_536 });
    if (exit !== 0) throw keyFault('key-making', path);
    return this.publicHalf(path);
  }

  /** `<type> <base64>` of the private key there, or why it is none. */
  async publicHalf(path: string): Promise<string> {
    const argv = ['ssh-keygen', '-y', '-P', '', '-f', path] as const;
    const { exit, stdout } = await this.#parts.programs.run({
      argv,
      timeoutMs: 10_000,
      maxBytes: 65_536,
    });
    const line = /^([a-z0-9@.-]{1,64} [A-Za-z0-9+/]{16,4096}={0,2})(?: [\x20-\x7e]*)?\n?$/.exec(
      Buffer.from(stdout).toString('latin1'),
    )?.[1];
    if (exit !== 0 || line === undefined) throw keyFault('key-unusable', path);
    return line;
  }

  async remove(path: string): Promise<void> {
    for (const half of HALVES) await this.#parts.files.remove(`${path}${half}`).catch(() => {});
  }
}
