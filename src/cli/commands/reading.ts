import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Io } from '../program.ts';

/** A file that the person named, or standard input for `-`, up to `most` bytes. */
export async function readAll(io: Io, file: string, most: number): Promise<Uint8Array> {
  const bytes = file === '-' ? await readInput(io, most) : await readFile(io, file);
  if (bytes.length <= most) return bytes;
  throw new Fault(
    'invalid',
    'too-large',
    `input is too large: ${file} has more than ${most} bytes`,
  );
}

/** The same as text; what is no UTF-8 is refused, not mended. */
export async function readText(io: Io, file: string, most: number): Promise<string> {
  const bytes = await readAll(io, file, most);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Fault('invalid', 'not-text', `file is not UTF-8 text: ${file}. Give one that is`, {
      cause,
    });
  }
}

async function readFile(io: Io, file: string): Promise<Uint8Array> {
  try {
    return await io.readFile(resolve(io.cwd, file));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const why = {
      ENOENT: 'there is no such file',
      EACCES: 'it may not be read',
      EISDIR: 'it is a directory',
    }[code];
    throw new Fault(
      code === 'ENOENT' ? 'missing' : 'invalid',
      'unreadable-file',
      `file cannot be read: ${file}: ${why ?? code}`,
      { cause },
    );
  }
}

async function readInput(io: Io, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) break;
  }
  return Buffer.concat(chunks);
}
