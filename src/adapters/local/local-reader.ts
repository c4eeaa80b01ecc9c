/**
 * This machine's reader: the same wrapper that hosts run, over a pipe instead of ssh, as an account that
 * may not do more than read.
 */
import type { Channels, Clock, Random } from '#base/ports';
import { KeptLines } from '../ssh/kept-lines.ts';
import type { HostReader } from '../ssh/reach.ts';
import { ReaderLine } from '../ssh/reader-line.ts';
import { SSH_SETTINGS } from '../ssh/settings.ts';
import { SshReader } from '../ssh/ssh-reader.ts';
import { Turns } from '../ssh/turns.ts';

export type LocalReading = {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly random: Random;
  /** Starts `host/read` with the directory that holds the grammar. */
  readonly argv: readonly [string, ...string[]];
};

export type LocalReader = AsyncDisposable & { readonly reader: HostReader };

const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

export function localReader({ channels, clock, random, argv }: LocalReading): LocalReader {
  const kept = new KeptLines(clock, SSH_SETTINGS);
  const open = (): ReturnType<Channels['open']> => channels.open({ argv, env: ENVIRONMENT });
  const reader = new SshReader({
    target: 'this machine',
    clock,
    random,
    settings: SSH_SETTINGS,
    turns: new Turns(SSH_SETTINGS.mostRunning),
    kept,
    open: async () => {
      const channel = await open();
      return new ReaderLine({ channel, ride: open, close: () => channel.close() }, clock);
    },
  });
  return {
    reader,
    async [Symbol.asyncDispose]() {
      await reader.close();
      await kept.close();
    },
  };
}
