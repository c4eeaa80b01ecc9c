/** Verification of a data directory that no service has open. It opens nothing for writing. */
import { Fault } from '#base/fault';
import { nodeClock, nodeFiles } from '#machine';
import { openSqliteStore } from '#store';
import { pathsOf } from './data-directory.ts';
import { anchorsOf, readEvidence } from './evidence-keeper.ts';
import { tryOwn } from './owner-lock.ts';
import { type Verdict, verifyAll } from './verify.ts';

export async function verifyAtRest(home: string): Promise<Verdict> {
  const paths = pathsOf(home);
  const files = nodeFiles();
  using lock =
    (await files.info(paths.run)) === undefined
      ? { [Symbol.dispose]: () => {} }
      : tryOwn(paths.ownerLock);
  if (lock === undefined) {
    throw new Fault(
      'unavailable',
      'owner-busy',
      `another process owns the data directory: ${home}. Ask again when it has ended`,
    );
  }
  const check: Parameters<typeof verifyAll>[2] = async (crossed) => {
    if ((await files.info(paths.facts)) === undefined) return [];
    await using store = await openSqliteStore({ path: paths.facts, files });
    return await crossed(store);
  };
  return verifyAll(files, paths, check, anchorsOf(await readEvidence(files, paths), nodeClock()));
}
