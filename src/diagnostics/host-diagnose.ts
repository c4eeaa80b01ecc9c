/** Everything that is usually looked at first, in one go. */
import type { Instant } from '#base/time';
import { askDisk, readDisk } from './disk.ts';
import { askMemory, readMemory } from './memory.ts';
import { askNetwork, readNetwork } from './network.ts';
import {
  type Ask,
  type HeardByKey,
  joined,
  type KnownFacts,
  type Part,
  type Report,
} from './report.ts';
import { askSecurity, readSecurity } from './security.ts';
import { askServices, readServices } from './services.ts';
import { askTime, readTime } from './time.ts';

export const CHECKS = ['services', 'network', 'disk', 'memory', 'time', 'security'] as const;
export type Check = (typeof CHECKS)[number];

type Room = {
  readonly asks: readonly Ask[];
  readonly read: (heard: HeardByKey, known: KnownFacts | undefined, now: Instant) => Part;
};

const ROOMS: Readonly<Record<Check, Room>> = {
  services: { asks: askServices, read: readServices },
  network: { asks: askNetwork, read: readNetwork },
  disk: { asks: askDisk, read: readDisk },
  memory: { asks: askMemory, read: readMemory },
  time: { asks: askTime, read: readTime },
  security: { asks: askSecurity, read: readSecurity },
};

export function checksOf(given: unknown): readonly Check[] {
  const wanted = typeof given === 'string' && given !== '' ? given.split(',') : [...CHECKS];
  return CHECKS.filter((check) => wanted.includes(check));
}

/** Each command once, also where two checks need it. */
export function askHost(checks: readonly Check[]): Ask[] {
  const all = checks.flatMap((check) => ROOMS[check].asks);
  return [...new Map(all.map((each) => [each.key, each])).values()];
}

export function readHost(
  checks: readonly Check[],
  heard: HeardByKey,
  known: KnownFacts | undefined,
  now: Instant,
): Report {
  return { ...joined(checks.map((check) => ROOMS[check].read(heard, known, now))), checks };
}
