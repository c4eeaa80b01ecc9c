/** Names and bytes of the C2SP tlog-tiles layout. Only full tiles and full bundles are kept. */
import { HASH_BYTES, type Hash, TILE_WIDTH } from './tree.ts';

/** `1234067` is `x001/x234/067`. */
export function tileNumber(index: number): string {
  let rest = Math.floor(index / 1000);
  let path = String(index % 1000).padStart(3, '0');
  while (rest > 0) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
    rest = Math.floor(rest / 1000);
  }
  return path;
}

export function tilePath(directory: string, level: number, index: number): string {
  return `${directory}/tile/${level}/${tileNumber(index)}`;
}

export function bundlePath(directory: string, index: number): string {
  return `${directory}/tile/entries/${tileNumber(index)}`;
}

export function encodeTile(hashes: readonly Hash[]): Buffer {
  return Buffer.from(hashes.join(''), 'latin1');
}

/** `undefined` when the bytes are not a full tile. */
export function decodeTile(bytes: Uint8Array): readonly Hash[] | undefined {
  if (bytes.length !== TILE_WIDTH * HASH_BYTES) return undefined;
  const text = view(bytes).toString('latin1');
  const hashes: Hash[] = [];
  for (let at = 0; at < text.length; at += HASH_BYTES) hashes.push(text.slice(at, at + HASH_BYTES));
  return hashes;
}

/** A bundle: each entry after its length as a big-endian uint16. */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    at = bytes.writeUInt16BE(entry.length, at);
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/** Entries of a bundle; `undefined` when it is not exactly a full one. */
export function decodeBundle(bytes: Uint8Array): readonly Buffer[] | undefined {
  const buffer = view(bytes);
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= buffer.length) {
    const end = at + 2 + buffer.readUInt16BE(at);
    if (end > buffer.length) return undefined;
    entries.push(buffer.subarray(at + 2, end));
    at = end;
  }
  return at === buffer.length && entries.length === TILE_WIDTH ? entries : undefined;
}

/** The same bytes as a Buffer, without a copy. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
