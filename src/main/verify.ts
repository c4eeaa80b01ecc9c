/** `holdfast verify`: the event log against itself and the acknowledged head, and the store against its rules. */
import { join } from 'node:path';
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import { readHead, readJournalKeys, readPins, type VerifyOptions, verifyLog } from '#evidence';
import type { Store } from '#store';
import { crossCheck } from './cross-check.ts';
import type { Paths } from './data-directory.ts';

export type Verdict = {
  readonly ok: boolean;
  readonly log: Json;
  readonly facts: { readonly ok: boolean; readonly problems: readonly string[] };
};

/** What this machine, as a host, was shown of the log: it contradicts a log that was rewritten. */
async function witnessedHere(
  files: Files,
  paths: Paths,
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const bytes = await files.read(join(paths.host, 'witness'));
  return bytes === undefined
    ? []
    : [{ name: 'this machine', text: Buffer.from(bytes).toString('utf8') }];
}

/** The store's own check, and the store held against the log. */
export type CrossCheck = (store: Store) => Promise<readonly string[]>;

/**
 * Reads only. `checkStore` opens the store where it is not open; the head is read before the log, so that a
 * log in use that grows meanwhile is not mistaken for damage.
 */
export async function verifyAll(
  files: Files,
  paths: Paths,
  checkStore: (crossed: CrossCheck) => Promise<readonly string[]>,
  anchors: NonNullable<VerifyOptions['anchors']> = {},
): Promise<Verdict> {
  const log = await verifyLog({
    files,
    directory: paths.log,
    head: await readHead(files, paths.logHead),
    journalKeys: await readJournalKeys(files, paths.keys),
    pins: await readPins(files, paths.keys),
    anchors: { ...anchors, hosts: await witnessedHere(files, paths) },
  });
  const problems = await checkStore(async (store) => [
    ...store.check(),
    // Beside a log that does not hold it would say nothing new.
    ...(log.ok ? await crossCheck(files, paths.log, store) : []),
  ]);
  return {
    ok: log.ok && problems.length === 0,
    log: log as unknown as Json,
    facts: { ok: problems.length === 0, problems },
  };
}
