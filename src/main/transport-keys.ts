/**
 * The two keys that hosts are entered with: the reader's and the runner's. They open forced commands and nothing
 * else; what those do is decided at the host. Made once, by OpenSSH, without a passphrase: nobody is there to type one.
 */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import type { Files, Programs } from '#base/ports';
import type { TransportKeys } from '#enrolment';

export type TransportKeysKeeper = {
  /** Public halves. */
  current(): Promise<TransportKeys>;
  /** Made when first asked for, and until they are committed. */
  next(): Promise<TransportKeys>;
  hasNext(): Promise<boolean>;
  /** From now on the next ones are the current ones. */
  commit(): Promise<void>;
  /** Where the private halves of the current, or the next, keys lie: `reader` and `runner`. */
  readonly directory: string;
  readonly nextDirectory: string;
};

const NAMES = ['reader', 'runner'] as const;

export function transportKeys(files: Files, programs: Programs, keys: string): TransportKeysKeeper {
  const directory = join(keys, 'ssh');
  const nextDirectory = join(directory, 'next');
  const both = async (place: string): Promise<TransportKeys> => {
    await files.makeDirectory(place);
    const [reader, runner] = [await made(place, 'reader'), await made(place, 'runner')];
    return { reader, runner };
  };
  const made = async (place: string, name: string): Promise<string> => {
    const path = join(place, name);
    if ((await files.info(path)) === undefined || (await files.info(`${path}.pub`)) === undefined) {
      // Half of one is what a death left; nobody was told of it.
      await files.remove(path);
      await files.remove(`${path}.pub`);
      const argv = [
        'ssh-keygen',
        '-q',
        '-t',
        'ed25519',
        '-N',
        '',
        '-C',
        `holdfast-${name}`,
        '-f',
        path,
      ] as const;
      const { exit } = await programs.run({ argv, timeoutMs: 30_000, maxBytes: 65_536 });
      if (exit !== 0) throw unusable(path);
    }
    const line = Buffer.from((await files.read(`${path}.pub`)) ?? []).toString('latin1');
    const [type, blob] = line.trim().split(' ');
    if (type !== 'ssh-ed25519' || blob === undefined || !/^[A-Za-z0-9+/]{60,80}={0,2}$/.test(blob))
      throw unusable(path);
    return `${type} ${blob}`;
  };
  return {
    directory,
    nextDirectory,
    current: () => both(directory),
    next: () => both(nextDirectory),
    hasNext: async () => (await files.info(join(nextDirectory, 'runner.pub'))) !== undefined,
    async commit() {
      await both(nextDirectory);
      for (const name of NAMES) {
        for (const half of [name, `${name}.pub`]) {
          const bytes = await files.read(join(nextDirectory, half));
          if (bytes === undefined) throw unusable(join(nextDirectory, half));
          await files.replace(join(directory, half), bytes, 0o600);
        }
      }
      for (const name of NAMES)
        for (const half of [name, `${name}.pub`]) await files.remove(join(nextDirectory, half));
    },
  };
}

function unusable(path: string): Fault {
  return new Fault(
    'unavailable',
    'transport-keys',
    `the keys that hosts are entered with cannot be made or read: ${path}. Install the package openssh-client; where a file there is broken, take both halves away and enrol the hosts again`,
  );
}
