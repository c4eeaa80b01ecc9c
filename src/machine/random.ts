/** Randomness from the operating system. */
import { randomBytes } from 'node:crypto';
import type { Random } from '#base/ports';

export function nodeRandom(): Random {
  return { bytes: (count) => new Uint8Array(randomBytes(count)) };
}
