/**
 * Cedar itself, from the first question that needs it: 16 MiB and 100 ms that whoever only looks, by the
 * shipped policies, never pays. At once and not by a promise, since a decision is one step.
 */

import { createRequire } from 'node:module';
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';

let loaded: typeof Cedar | undefined;

/** Throws when it cannot be loaded; whoever asks then has no answer, and denies. */
export function cedarModule(): typeof Cedar {
  loaded ??= createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof Cedar;
  return loaded;
}
