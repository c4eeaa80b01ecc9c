/** Which entries of a tree are YAML baselines. What looks like one and cannot be read is told, never passed over. */
import { show } from '#base/nearest';
import { declarationFault } from '../faults.ts';
import { GIT_LIMITS } from '../git/index.ts';
import type { TreeEntry } from './git.ts';

const MOST_BLOB_BYTES = 1_048_576;
const PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

export type BaselineBlob = { readonly path: string; readonly object: string };

/** Hidden files and folders, and whatever does not end in `.yaml` or `.yml`, are of others. */
export function baselinesIn(entries: readonly TreeEntry[]): readonly BaselineBlob[] {
  const problems: string[] = [];
  const found: BaselineBlob[] = [];
  let bytes = 0;
  for (const { mode, type, object, size, path } of entries) {
    if (path === null) problems.push('a file name that is no UTF-8: rename it');
    else if (!/\.ya?ml$/i.test(path) || /(?:^|\/)\./.test(path)) continue;
    else if (!PATH.test(path))
      problems.push(`${show(path)}: its name may hold letters, digits and . _ - only: rename it`);
    else if (mode === '120000') problems.push(`${path}: it is a link, and no link is followed`);
    else if (type !== 'blob' || (mode !== '100644' && mode !== '100755'))
      problems.push(`${path}: it is no plain file`);
    else if (size === null || size > MOST_BLOB_BYTES)
      problems.push(`${path}: it is larger than ${MOST_BLOB_BYTES} bytes: divide it`);
    else {
      found.push({ path, object });
      bytes += size;
    }
  }
  if (found.length > GIT_LIMITS.files)
    problems.push(`there are more than ${GIT_LIMITS.files} baselines: name a folder with fewer`);
  if (bytes > GIT_LIMITS.bytes)
    problems.push(`baselines are larger than ${GIT_LIMITS.bytes} bytes together`);
  if (problems.length === 0) return found;
  const more = problems.length > 20 ? `\n… and ${problems.length - 20} more` : '';
  throw declarationFault(
    'invalid-declarations',
    `the repository cannot be used as it is:\n${problems.slice(0, 20).join('\n')}${more}`,
    { facts: { problems: problems.slice(0, 50) } },
  );
}
