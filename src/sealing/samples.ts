/** Good files to pack, and ways to pack and read them whole. */
import { type ArchiveFile, unpackArchive } from './archive.ts';

export type Packed = { readonly path: string; readonly mode: number; readonly bytes: Uint8Array };

export function aFile(path: string, content: string | Uint8Array = '', mode = 0o600): ArchiveFile {
  const bytes = Buffer.from(content);
  return { path, mode, size: bytes.length, content: pieces(bytes, 1000) };
}

export async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export async function whole(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of source) all.push(Uint8Array.from(piece));
  return Buffer.concat(all);
}

export async function filesOf(archive: AsyncIterable<ArchiveFile>): Promise<Packed[]> {
  const files: Packed[] = [];
  for await (const { path, mode, content } of archive) {
    files.push({ path, mode, bytes: await whole(content) });
  }
  return files;
}

export function unpacked(bytes: Uint8Array, length = 700): Promise<Packed[]> {
  return filesOf(unpackArchive(pieces(bytes, length)));
}
