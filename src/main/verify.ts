/** `holdfast verify`: the event log against itself and the acknowledged head, and the store against its rules. */
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import { readHead, readJournalKeys, readPins, verifyLog } from '#evidence';
import type { Store } from '#store';
import { crossCheck } from './cross-check.ts';
import type { Paths } from './data-directory.ts';

export type Verdict = {
  readonly ok: boolean;
  readonly log: Json;
  readonly facts: { readonly ok: boolean; readonly problems: readonly string[] };
};

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
): Promise<Verdict> {
  const log = await verifyLog({
    files,
    directory: paths.log,
    head: await readHead(files, paths.logHead),
    journalKeys: await readJournalKeys(files, paths.keys),
    pins: await readPins(files, paths.keys),
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
