/**
 * A backup as one file: sealed to keys that are kept elsewhere (age), or opened by hand with `age` to the
 * archive inside. What comes out of one is only worth something once it has come to its end.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import type { ArchiveFile, OpeningKey, SealingKey } from '#sealing';

const SEALED = 'age-encryption.org/v1\n';
const PIECE_BYTES = 1 << 20;

/** Writes `path` whole or not at all, with mode 0600. Answers its SHA-256. */
export async function writeSealed(
  files: Files,
  from: string,
  path: string,
  keys: readonly SealingKey[],
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const { filesBelow, sealArchive } = await import('#sealing');
  const temporary = join(dirname(path), `.${basename(path)}.partial`);
  const sha256 = createHash('sha256');
  let bytes = 0;
  await rm(temporary, { force: true });
  try {
    {
      await using file = await open(temporary, 'wx', 0o600);
      for await (const piece of sealArchive(filesBelow(files, from), keys)) {
        sha256.update(piece);
        bytes += piece.length;
        await file.write(piece);
      }
      await file.sync();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => {});
    throw thrown;
  }
  await syncDirectory(dirname(path));
  return { sha256: sha256.digest('hex'), bytes };
}

export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

/** Unpacks a backup file below `root`. Answers the SHA-256 of the file. */
export async function unpackFile(
  files: Files,
  path: string,
  root: string,
  identity: string | undefined,
): Promise<string> {
  const { openArchive, unpackArchive, unpackBelow } = await import('#sealing');
  const sha256 = createHash('sha256');
  const start = (await files.readRange(path, 0, SEALED.length)) ?? new Uint8Array();
  const isSealed = Buffer.from(start).toString('latin1') === SEALED;
  const pieces = read(files, path, (piece) => sha256.update(piece));
  const archive: AsyncIterable<ArchiveFile> = isSealed
    ? openArchive(pieces, await openingKey(files, path, identity))
    : unpackArchive(pieces);
  await unpackBelow(files, root, archive);
  return sha256.digest('hex');
}

async function* read(
  files: Files,
  path: string,
  seen: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; ; ) {
    const piece = await files.readRange(path, at, at + PIECE_BYTES);
    if (piece === undefined || piece.length === 0) return;
    seen(piece);
    yield piece;
    at += piece.length;
  }
}

async function openingKey(
  files: Files,
  path: string,
  identity: string | undefined,
): Promise<OpeningKey> {
  const byHand = (key: string): string =>
    `age -d -i ${quoted(key)} ${quoted(path)} > ${quoted(`${path}.tar`)}`;
  if (identity === undefined) {
    throw new Fault(
      'invalid',
      'identity-needed',
      `the backup is sealed: ${path}. Name the private key that opens it with --identity, or open it by hand with ${byHand('KEY')} and restore from that file`,
    );
  }
  const text = await files.read(identity);
  if (text === undefined) {
    throw new Fault('missing', 'no-identity', `no such key file: ${identity}. Look at its name`);
  }
  const { readOpeningKey } = await import('#sealing');
  try {
    return readOpeningKey(Buffer.from(text).toString('utf8'));
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'identity-locked') throw thrown;
    throw new Fault(
      'refused',
      'identity-locked',
      `the private key has a passphrase, which age asks for: run ${byHand(identity)}, restore from that file, and delete it afterwards`,
      { cause: thrown },
    );
  }
}

function quoted(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
