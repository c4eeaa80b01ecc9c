/**
 * The acknowledged head in a small file of its own, outside the log's directory.
 *
 * One appended line and one fdatasync for each advance; the last whole line counts. Lines carry a
 * checksum, so that a torn one is not taken for a head.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Appender, Files } from '#base/ports';
import type { HeadKeeper } from './protocol.ts';

const COMPACT_AT = 256 * 1024;
type Head = Parameters<HeadKeeper['advance']>[0];

/** The acknowledged head as the file says, without touching it; `undefined` when there is none yet. */
export async function readHead(files: Files, path: string): Promise<Head | undefined> {
  const bytes = await files.read(path);
  const head = bytes === undefined ? undefined : lastHead(Buffer.from(bytes).toString('latin1'));
  if (head === undefined && bytes?.includes(10) === true) {
    throw new Fault(
      'broken',
      'head-unreadable',
      `no line of the acknowledged head can be read: ${path}. Restore it from a backup`,
    );
  }
  return head;
}

export async function openHeadFile(
  files: Files,
  path: string,
): Promise<HeadKeeper & AsyncDisposable> {
  const head = await readHead(files, path);
  // A torn last line would run into the next one.
  if (head !== undefined) await files.replace(path, Buffer.from(line(head)));
  else if (((await files.info(path))?.size ?? 0) > 0) await files.truncate(path, 0);
  return new HeadFile(files, path, head);
}

class HeadFile implements HeadKeeper {
  readonly #files: Files;
  readonly #path: string;
  #head: Head | undefined;
  #appender: Appender | undefined;
  #size = 0;

  constructor(files: Files, path: string, head: Head | undefined) {
    this.#files = files;
    this.#path = path;
    this.#head = head;
  }

  read(): Head | undefined {
    return this.#head;
  }

  async advance(head: Head): Promise<void> {
    const bytes = Buffer.from(line(head));
    if (this.#size > COMPACT_AT) {
      await this.#appender?.close();
      this.#appender = undefined;
      this.#size = 0;
      await this.#files.replace(this.#path, bytes);
    } else {
      this.#appender ??= await this.#files.appender(this.#path);
      await this.#appender.append(bytes);
      await this.#appender.sync();
      this.#size += bytes.length;
    }
    this.#head = head;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#appender?.close();
    this.#appender = undefined;
  }
}

function line(head: Head): string {
  const text = `${head.epoch} ${head.size} ${head.root}`;
  return `${text} ${sha256(text).slice(0, 16)}\n`;
}

function lastHead(text: string): Head | undefined {
  for (const candidate of text.split('\n').slice(0, -1).reverse()) {
    const m = /^([0-9a-f]{32}) (\d{1,15}) ([0-9a-f]{64}) [0-9a-f]{16}$/.exec(candidate);
    if (m === null) continue;
    const head = { epoch: m[1] as string, size: Number(m[2]), root: m[3] as string };
    if (line(head) === `${candidate}\n`) return head;
  }
  return undefined;
}
