/**
 * A file of notes, one after the other, that only grows. What a crash left of a note at its end is cut
 * off before the next one is written; a file that holds anything else is not touched.
 */
import { Fault } from '#base/fault';
import type { Appender, Files } from '#base/ports';
import { parseNote, splitNotes } from '../note.ts';

const TAIL_BYTES = 64 * 1024;
/** More than any beginning of a note that a crash can leave. */
const TORN_MOST = 8 * 1024;

export class NotesFile implements AsyncDisposable {
  readonly #files: Files;
  readonly #path: string;
  readonly #origin: string;
  #appender: Appender | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(files: Files, path: string, origin: string) {
    this.#files = files;
    this.#path = path;
    this.#origin = origin;
  }

  /** Durable when it resolves. After a throw the note may be there or not, never a part of it for long. */
  append(note: string): Promise<void> {
    const turn = this.#turn.then(() => this.#append(note));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #append(note: string): Promise<void> {
    try {
      if (this.#appender === undefined) {
        await this.#repair();
        this.#appender = await this.#files.appender(this.#path, 0o600);
      }
      await this.#appender.append(Buffer.from(note));
      await this.#appender.sync();
    } catch (error) {
      const appender = this.#appender;
      this.#appender = undefined;
      await appender?.close().catch(() => {});
      throw error;
    }
  }

  async #repair(): Promise<void> {
    const size = (await this.#files.info(this.#path))?.size ?? 0;
    const from = Math.max(0, size - TAIL_BYTES);
    const tail = Buffer.from((await this.#files.readRange(this.#path, from, size)) ?? []);
    const end = endOfNotes(tail);
    const torn = tail.subarray(end);
    if (torn.length === 0) return;
    // A crash leaves the beginning of a note or of its second signature line, and lost blocks as zeros.
    const isOurs = isBeginning(torn, `${this.#origin}\n`) || isBeginning(torn, '— ');
    if (!isOurs || torn.length > TORN_MOST) throw notNotes(this.#path);
    await this.#files.truncate(this.#path, from + end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#appender?.close().catch(() => {});
    this.#appender = undefined;
  }
}

/** Whether one of the two is the beginning of the other, zeros at the end aside. */
function isBeginning(bytes: Buffer, start: string): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const most = Math.min(end, Buffer.byteLength(start));
  return bytes.subarray(0, most).equals(Buffer.from(start).subarray(0, most));
}

/** Where the last whole signature line ends. */
function endOfNotes(bytes: Buffer): number {
  for (let at = bytes.length; at > 0; ) {
    at = bytes.lastIndexOf('\n— ', at - 1);
    if (at < 0) return 0;
    const end = bytes.indexOf('\n', at + 1);
    if (end >= 0) return end + 1;
  }
  return 0;
}

/** The newest note of such a file that `accepts` takes, among those at its end. */
export async function newestNote(
  files: Files,
  path: string,
  accepts: (note: string) => boolean,
): Promise<string | undefined> {
  const size = (await files.info(path))?.size ?? 0;
  const from = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.from((await files.readRange(path, from, size)) ?? []).toString('utf8');
  const { notes } = splitNotes(from === 0 ? tail : afterFirstNote(tail));
  return notes.findLast((note) => parseNote(note) !== undefined && accepts(note));
}

function afterFirstNote(text: string): string {
  const m = /\n— [^\n]*\n(?!— )/.exec(text);
  return m === null ? '' : text.slice(m.index + m[0].length);
}

function notNotes(path: string): Fault {
  return new Fault(
    'conflict',
    'notes-unreadable',
    `a file of checkpoints ends with something else: ${path}. Look at it, and move it away or name another`,
    { facts: { file: path } },
  );
}
