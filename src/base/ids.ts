/** Ids: a prefix that tells the kind, then 96 random bits as lower-case hex. */
import type { Random } from './ports.ts';

export function newId(prefix: string, random: Random): string {
  return `${prefix}_${Buffer.from(random.bytes(12)).toString('hex')}`;
}
