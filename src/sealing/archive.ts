/**
 * An archive: regular files in the ustar form of POSIX.1-2017 (pax, "ustar Interchange Format").
 *
 * The same files give the same bytes: paths ascend, no owner, no time, no directories, no links. A
 * reader takes exactly the bytes that a writer makes, so there is one reading of every archive, and
 * no path in it leads out of where it is unpacked. Any `tar` reads it.
 */
import { sealingFault } from './faults.ts';

export type ArchiveFile = {
  /** Relative, parts joined by `/`. */
  readonly path: string;
  /** Permission bits, at most 0o777. */
  readonly mode: number;
  readonly size: number;
  /** `size` bytes in all. One that is read from an archive can be read once, before the next file. */
  readonly content: AsyncIterable<Uint8Array>;
};

export type ArchiveLimits = { readonly files: number; readonly bytes: number };
export const ARCHIVE_LIMITS: ArchiveLimits = { files: 500_000, bytes: 256 * 1024 ** 3 };

const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** Eleven octal digits. */
const FILE_BYTES = 8 ** 11 - 1;
const utf8 = new TextEncoder();

/** Writes the archive of `files`, whose paths must ascend by their bytes. */
export async function* packArchive(
  files: AsyncIterable<ArchiveFile> | Iterable<ArchiveFile>,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): AsyncGenerator<Uint8Array, void> {
  const admit = admission(limits);
  for await (const file of files) {
    admit(file);
    yield headerOf(file);
    let written = 0;
    for await (const piece of file.content) {
      written += piece.length;
      if (written > file.size) break;
      yield piece;
    }
    if (written !== file.size) {
      throw sealingFault(
        'archive-refused',
        `a file has another size than announced: ${quote(file.path)}. Read it again`,
      );
    }
    yield new Uint8Array(paddingOf(file.size));
  }
  yield new Uint8Array(2 * BLOCK);
}

/**
 * Reads the files of an archive one after another. A file is whole when its content has ended; the
 * archive is whole when the last file was followed by the end: until then trust nothing of it.
 */
export async function* unpackArchive(
  archive: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): AsyncGenerator<ArchiveFile, void> {
  const admit = admission(limits);
  await using input = new Input(archive);
  for (;;) {
    const block = await input.exactly(BLOCK);
    if (isZero(block)) {
      if (!isZero(await input.exactly(BLOCK)) || !(await input.hasEnded())) throw malformed('end');
      return;
    }
    const { path, mode, size } = readHeader(block);
    const content = input.next(size);
    const file: ArchiveFile = { path, mode, size, content };
    admit(file);
    yield file;
    // What the caller left unread is still part of the archive.
    for await (const _ of content);
    if (!isZero(await input.exactly(paddingOf(size)))) throw malformed('padding');
  }
}

/** Says no to whatever could not be unpacked beside what came before. */
function admission(limits: ArchiveLimits): (file: ArchiveFile) => void {
  const paths = new Set<string>();
  let last: Uint8Array = new Uint8Array();
  let bytes = 0;
  return ({ path, mode, size }) => {
    const refuse = (why: string): never => {
      throw sealingFault(
        'archive-refused',
        `a file has no place in an archive: ${quote(path)}: ${why}`,
      );
    };
    const parts = path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..'))
      refuse('not a plain path');
    if (/\p{Cc}/u.test(path) || !path.isWellFormed()) refuse('not printable');
    const encoded = utf8.encode(path);
    if (splitPath(encoded) === undefined) refuse('its path is too long');
    if (compare(last, encoded) >= 0) refuse('paths must ascend');
    if (parts.some((_, index) => index > 0 && paths.has(parts.slice(0, index).join('/')))) {
      refuse('a file is where its directory should be');
    }
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) refuse('not permission bits');
    if (!Number.isInteger(size) || size < 0 || size > FILE_BYTES) refuse('its size');
    bytes += size;
    paths.add(path);
    last = encoded;
    if (paths.size > limits.files) refuse(`more than ${limits.files} files`);
    if (bytes > limits.bytes) refuse(`more than ${limits.bytes} bytes`);
  };
}

type Header = { readonly path: string; readonly mode: number; readonly size: number };

function headerOf({ path, mode, size }: Header): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const [prefix, name] = splitPath(utf8.encode(path)) ?? [new Uint8Array(), new Uint8Array()];
  const put = (at: number, text: string): void => block.set(utf8.encode(text), at);
  block.set(name, 0);
  put(
    100,
    `${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0`,
  );
  put(148, '        0');
  put(257, 'ustar\x0000');
  put(329, `${octal(0, 7)}\0${octal(0, 7)}\0`);
  block.set(prefix, 345);
  put(
    148,
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
  );
  return block;
}

/** Reads the three things a header says, and takes it only when it says them as we would. */
function readHeader(block: Uint8Array): Header {
  const decode = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const text = (from: number, length: number): string => {
    const field = block.subarray(from, from + length);
    const end = field.indexOf(0);
    return decode.decode(end < 0 ? field : field.subarray(0, end));
  };
  let header: Header;
  try {
    const prefix = text(345, PREFIX_BYTES);
    const path = `${prefix}${prefix === '' ? '' : '/'}${text(0, NAME_BYTES)}`;
    header = {
      path,
      mode: Number.parseInt(text(100, 8), 8),
      size: Number.parseInt(text(124, 12), 8),
    };
  } catch {
    throw malformed('name');
  }
  if (splitPath(utf8.encode(header.path)) === undefined) throw malformed('name');
  const again = headerOf(header);
  if (!again.every((byte, at) => byte === block[at])) throw malformed('header');
  return header;
}

/** The two fields a path is kept in; split at the first `/` that makes both fit. */
function splitPath(path: Uint8Array): readonly [Uint8Array, Uint8Array] | undefined {
  if (path.length <= NAME_BYTES) return [path.subarray(0, 0), path];
  const cut = path.indexOf(0x2f, path.length - NAME_BYTES - 1);
  if (cut <= 0 || cut > PREFIX_BYTES || cut === path.length - 1) return undefined;
  return [path.subarray(0, cut), path.subarray(cut + 1)];
}

/** Bytes from pieces of any size, counted out. */
class Input {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  /** Bytes of the file under way that nobody took yet. */
  #left = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  async exactly(count: number): Promise<Uint8Array> {
    const whole = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      const piece = await this.#take(count - filled);
      if (piece === undefined) throw malformed('length: it ends too early');
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  next(size: number): AsyncIterable<Uint8Array> {
    this.#left = size;
    const take = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (this.#left === 0) return { done: true, value: undefined };
      const piece = await this.#take(this.#left);
      if (piece === undefined) throw malformed('length: it ends too early');
      this.#left -= piece.length;
      return { done: false, value: piece };
    };
    return { [Symbol.asyncIterator]: () => ({ next: take }) };
  }

  async hasEnded(): Promise<boolean> {
    return (await this.#take(1)) === undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pieces.return?.();
  }

  async #take(most: number): Promise<Uint8Array | undefined> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return undefined;
      this.#piece = value;
    }
    const taken = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }
}

function malformed(what: string): Error {
  return sealingFault(
    'archive-malformed',
    `not an archive that Holdfast wrote: ${what}. Use another copy`,
  );
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function quote(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
