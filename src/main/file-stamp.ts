/** Tells whether files were touched, without reading them. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** File systems may stamp two changes this close together alike; those that know whole seconds only, up to two apart. */
const UNSETTLED_NS = 100_000_000n;
const COARSE_NS = 2_100_000_000n;
const SECOND_NS = 1_000_000_000n;

/** Tells one content of the file from another; `undefined` when it cannot. */
export function stampOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  const now = BigInt(Date.now()) * 1_000_000n;
  const touched = ctimeNs > mtimeNs ? ctimeNs : mtimeNs;
  if (now - touched < (touched % SECOND_NS === 0n ? COARSE_NS : UNSETTLED_NS)) return undefined;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** The same of a folder and everything in it; `absent` when it is not there, `undefined` when it cannot tell. */
export function stampOfFolder(folder: string): string | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(folder).sort();
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : undefined;
  }
  const stamps = [folder, ...names.map((name) => join(folder, name))].map((path) => [
    path,
    stampOf(path),
  ]);
  return stamps.some(([, stamp]) => stamp === undefined) ? undefined : JSON.stringify(stamps);
}
