/**
 * The content of a root as it is now: every regular file below it, read once. A root that somebody else can
 * write in, a link, or more than a bounded amount is refused: what is checked, signed and run is what was read here.
 */
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import type { MachineFileInfo, MachineFiles } from '#base/ports';
import { automationFault } from '../faults.ts';

export type TreeFile = {
  /** Below the root. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isExecutable: boolean;
};

const MOST_FILES = 4_000;
const MOST_DEPTH = 16;
/** Leaves room for the headers: the archive of it is a file of a part, and as big as those may be. */
const MOST_BYTES = LIMITS.collectorBytes - 2 * 1024 * 1024;
/** History of a repository is no content. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.hg', '.svn']);
const NAME = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Sorted by path. Throws `content-refused`. `uid` is ours; what it or root wrote counts as written by us. */
export async function readTree(
  files: MachineFiles,
  root: string,
  uid: number,
): Promise<readonly TreeFile[]> {
  const found: TreeFile[] = [];
  let bytes = 0;
  const walk = async (directory: string, below: string, depth: number): Promise<void> => {
    if (depth > MOST_DEPTH) refuse(root, `${below} lies deeper than ${MOST_DEPTH} directories`);
    const names = await files.list(directory);
    if (names === undefined) refuse(root, 'it went away while it was read');
    for (const name of names) {
      if (LEFT_OUT.has(name)) continue;
      const path = below === '' ? name : `${below}/${name}`;
      if (!NAME.test(name) || name.includes('\\'))
        refuse(root, 'a name below it is not printable ASCII', below);
      const info = await files.stat(`${directory}/${name}`);
      if (info === undefined) refuse(root, 'it changed while it was read', path);
      requireOurs(root, path, info, uid);
      if (info.kind === 'directory') {
        await walk(`${directory}/${name}`, path, depth + 1);
        continue;
      }
      if (info.kind === 'symlink') refuse(root, 'a link: put the file itself there', path);
      if (info.kind !== 'file') refuse(root, 'neither a file nor a directory', path);
      bytes += info.size;
      if (found.length >= MOST_FILES) refuse(root, `it has more than ${MOST_FILES} files`);
      if (bytes > MOST_BYTES) refuse(root, `it has more than ${MOST_BYTES} bytes`);
      const read = await files.read(`${directory}/${name}`, MOST_BYTES);
      if (read?.length !== info.size) refuse(root, 'it changed while it was read', path);
      found.push({ path, bytes: read, isExecutable: (info.mode & 0o100) !== 0 });
    }
  };
  try {
    const info = await files.stat(root);
    if (info === undefined) refuse(root, 'it is not there');
    if (info.kind !== 'directory') refuse(root, 'it is no directory');
    requireOurs(root, '', info, uid);
    await walk(root, '', 1);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'content-refused') throw thrown;
    const { code } = thrown as { code?: unknown };
    return refuse(root, `it cannot be read: ${typeof code === 'string' ? code : 'failed'}`);
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function requireOurs(root: string, path: string, info: MachineFileInfo, uid: number): void {
  if (info.uid !== 0 && info.uid !== uid)
    refuse(root, 'it belongs neither to root nor to the account Holdfast runs as', path);
  if (info.kind !== 'symlink' && (info.mode & 0o022) !== 0)
    refuse(root, 'others than its owner can write there: chmod go-w', path);
}

function refuse(root: string, why: string, path = ''): never {
  const where = path === '' ? root : `${root}/${path}`;
  throw automationFault(
    'content-refused',
    `content cannot be taken: ${where}: ${why}. Until then nothing of this root is checked or run`,
    { facts: { root, path } },
  );
}
