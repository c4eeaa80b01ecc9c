/**
 * What a service may never be asked for: whole verification, bundles of changes, the other side of a witness. A
 * server that waits holds none of it, so it loads with the first question.
 */
import type { BundleReport } from './change-bundle/findings.ts';
import type { makeBundle as Make } from './change-bundle/make.ts';
import type { BundlePins } from './change-bundle/verify.ts';
import type { verifyLog as Verify } from './verify.ts';
import type { Witness } from './witness/server.ts';

export const verifyLog: typeof Verify = async (...given) =>
  (await import('./verify.ts')).verifyLog(...given);

export const makeBundle: typeof Make = async (...given) =>
  (await import('./change-bundle/make.ts')).makeBundle(...given);

export async function verifyBundle(bundle: string, pins: BundlePins): Promise<BundleReport> {
  return (await import('./change-bundle/verify.ts')).verifyBundle(bundle, pins);
}

export async function openWitness(...[options]: Parameters<typeof Witness.open>): Promise<Witness> {
  return (await import('./witness/server.ts')).Witness.open(options);
}
