/** The digest of what runs: our sources, the lock file and the Node version, bound into the event log. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './program-version.ts';

/** `sha256:` over (path, SHA-256) of every shipped source file, sorted by path. */
export function programDigest(): string {
  const outer = createHash('sha256');
  for (const file of [
    ...sources(join(ROOT, 'src')).toSorted(),
    join(ROOT, 'package.json'),
    join(ROOT, 'package-lock.json'),
  ]) {
    const inner = createHash('sha256').update(readFileSync(file)).digest('hex');
    outer.update(`${relative(ROOT, file)}\0${inner}\n`);
  }
  outer.update(`node ${process.version}\n`);
  return `sha256:${outer.digest('hex')}`;
}

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') && !/\.(test|contract)\.ts$|samples\.ts$/.test(entry.name)
      ? [path]
      : [];
  });
}
