/**
 * One sequence of bytes for one content: a POSIX ustar archive (IEEE Std 1003.1, pax) of regular files in order
 * of their paths, without times, owners or anything else of the machine they lay on.
 */
import { automationFault } from '../faults.ts';
import type { TreeFile } from './tree.ts';

const BLOCK = 512;

/** `files` sorted by path. Throws `content-refused` for a path that has no place in a header. */
export function ustar(files: readonly TreeFile[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const file of files) {
    parts.push(header(file), Buffer.from(file.bytes));
    const rest = file.bytes.length % BLOCK;
    if (rest > 0) parts.push(Buffer.alloc(BLOCK - rest));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function header({ path, bytes, isExecutable }: TreeFile): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = namesOf(path);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  block.write(name, 0, 'latin1');
  block.write(octal(isExecutable ? 0o755 : 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(bytes.length, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  block.write('root', 265);
  block.write('root', 297);
  block.write(octal(0, 7), 329);
  block.write(octal(0, 7), 337);
  block.write(prefix, 345, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

function namesOf(path: string): { readonly name: string; readonly prefix: string } {
  if (path.length <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at !== -1 && at <= 155; at = path.indexOf('/', at + 1)) {
    const name = path.slice(at + 1);
    if (name !== '' && name.length <= 100) return { name, prefix: path.slice(0, at) };
  }
  throw automationFault(
    'content-refused',
    `content cannot be taken: ${path}: its path is too long for an archive. Shorten it`,
  );
}
