/** A log on a simulated disk: fixed clock, seeded randomness, a head file beside it. */
import type { Clock, Files, Random } from '#base/ports';
import type { Instant } from '#base/time';
import {
  type HeadKeeper,
  type Log,
  type LogReport,
  type OpenOptions,
  openEventLog,
  openHeadFile,
  readJournalKeys,
  type VerifyOptions,
  verifyLog,
} from '#evidence';
import { mulberry } from './simulated-files.ts';

export const LOG = '/data/log';
export const KEYS = '/data/keys';
export const HEAD = '/data/head';
export const ORIGIN = 'holdfast/test';

/** Moves one millisecond at each look; sleeping ends only by its signal. */
export function tickingClock(from = 1_700_000_000_000_000): Clock {
  let now = from;
  return {
    now: () => {
      now += 1000;
      return now as Instant;
    },
    monotonicMs: () => now / 1000,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) resolve();
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
}

export function seededRandom(seed: number): Random {
  const next = mulberry(seed);
  return { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}

export async function openTestLog(
  files: Files,
  over: Partial<OpenOptions> = {},
): Promise<{ readonly log: Log; readonly heads: HeadKeeper }> {
  await files.makeDirectory('/data');
  const heads = over.heads ?? (await openHeadFile(files, HEAD));
  const log = await openEventLog({
    files,
    heads,
    clock: tickingClock(),
    random: seededRandom(7),
    directory: LOG,
    keys: KEYS,
    origin: ORIGIN,
    digests: { program: 'sha256:aa', configuration: 'sha256:bb' },
    checkpointEveryMs: 0,
    ...over,
  });
  return { log, heads };
}

/** Verifies with everything a local operator has: head, journal keys, and the pin given. */
export async function verifyTestLog(
  files: Files,
  pins: readonly string[],
  over: Partial<VerifyOptions> = {},
): Promise<LogReport> {
  const head = (await openHeadFile(files, HEAD)).read();
  const journalKeys = await readJournalKeys(files, KEYS);
  return verifyLog({ files, directory: LOG, head, journalKeys, pins, ...over });
}
