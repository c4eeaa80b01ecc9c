/**
 * What random tests draw from: HOLDFAST_SEED, which `./check` sets, or else a seed of its own each
 * time. Loaded before all tests of `./check`, so that properties draw from it as well.
 */
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { mulberry } from './simulated-files.ts';

const asked = process.env['HOLDFAST_SEED'];

/** A whole number from 0 to 2^31 - 1. */
export const SEED = asked === undefined ? randomInt(2 ** 31) : Number(asked);

if (asked !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });

/** Numbers in [0, 1) that the seed replays, each test file from the beginning. */
export const chance: () => number = mulberry(SEED);
