/** A directory of our own as an archive, and back, through the Files port; piece by piece, so of any size. */
import type { Files } from '#base/ports';
import type { ArchiveFile } from './archive.ts';

const PIECE_BYTES = 1 << 20;
/** Everything in a data directory is for its owner alone. */
const MODE = 0o600;

/**
 * Every regular file below `root`, in the order that an archive wants. It must stand still: a file
 * that changes its size meanwhile is refused by the archive.
 */
export async function* filesBelow(files: Files, root: string): AsyncGenerator<ArchiveFile, void> {
  const paths = await pathsBelow(files, root, '');
  const ordered = paths
    .map((path) => ({ path, bytes: Buffer.from(path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  for (const { path } of ordered) {
    const size = (await files.info(`${root}/${path}`))?.size ?? 0;
    yield { path, mode: MODE, size, content: contentOf(files, `${root}/${path}`) };
  }
}

/**
 * Writes every file of `archive` below `root`, which should be new. Returns how many. After a throw
 * some may be there: only what came back without one is whole.
 */
export async function unpackBelow(
  files: Files,
  root: string,
  archive: AsyncIterable<ArchiveFile>,
): Promise<number> {
  let written = 0;
  await files.makeDirectory(root);
  for await (const { path, content } of archive) {
    const full = `${root}/${path}`;
    await files.makeDirectory(full.slice(0, full.lastIndexOf('/')));
    // Begins empty, whatever was there: an appender only adds.
    await files.replace(full, new Uint8Array(), MODE);
    const file = await files.appender(full, MODE);
    try {
      for await (const piece of content) await file.append(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    written += 1;
  }
  return written;
}

async function pathsBelow(files: Files, root: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await files.list(prefix === '' ? root : `${root}/${prefix}`)) ?? []) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const kind = (await files.info(`${root}/${path}`))?.kind;
    if (kind === 'directory') found.push(...(await pathsBelow(files, root, path)));
    if (kind === 'file') found.push(path);
  }
  return found;
}

async function* contentOf(files: Files, path: string): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; ; ) {
    const piece = await files.readRange(path, at, at + PIECE_BYTES);
    if (piece === undefined || piece.length === 0) return;
    yield piece;
    at += piece.length;
  }
}
