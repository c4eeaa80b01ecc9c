/**
 * The signed checkpoints: every note well-formed, in order, over the root the records have, signed
 * by the key whose turn it was, and on record by its hash.
 */
import { verify } from 'node:crypto';
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';
import type { KeyChain } from './key-chain.ts';
import {
  type Checkpoint,
  type Note,
  parseCheckpoint,
  parseNote,
  splitNotes,
  type VerifierKey,
} from './note.ts';
import { textOf } from './own-events.ts';
import type { EventRecord } from './protocol.ts';
import type { Findings } from './report.ts';
import { type GrowingTree, toHex } from './tree.ts';

/** Signatures under check at one time; they run beside the main thread. */
const AT_ONCE = 64;

type Kept = {
  readonly index: number;
  readonly sha256: string;
  readonly note: Note | undefined;
  readonly checkpoint: Checkpoint | undefined;
  rootHolds: boolean | undefined;
  recordedAt: number | undefined;
  recordTime: string | undefined;
};

export class CheckpointCheck {
  readonly #files: Files;
  readonly #file: string;
  readonly #newestFile: string;
  readonly #findings: Findings;
  readonly #kept: Kept[] = [];
  readonly #byHash = new Map<string, Kept>();
  #byTextHash: Map<string, Kept> | undefined;
  readonly #missing: { readonly event: EventRecord; readonly file: string }[] = [];
  #newest: string | undefined;
  #lastNote = '';
  #beforeLast = '';
  #rest = '';
  #restBytes = 0;
  #lastRecordedIndex = -1;
  /** Sizes with a checkpoint, ascending, and how far the records have come. */
  #sizes: number[] = [];
  #reached = 0;
  #bySize = new Map<number, Kept[]>();
  /** The largest size whose checkpointed root the records have. */
  lastGoodSize = 0;

  constructor(files: Files, directory: string, findings: Findings) {
    this.#files = files;
    this.#file = `${directory}/checkpoints`;
    this.#newestFile = `${directory}/checkpoint`;
    this.#findings = findings;
  }

  get count(): number {
    return this.#kept.length;
  }

  /** The next size at which the root is wanted. */
  get nextSize(): number {
    return this.#sizes[this.#reached] ?? -1;
  }

  async load(): Promise<void> {
    const newest = await this.#files.read(this.#newestFile);
    this.#newest = newest === undefined ? undefined : Buffer.from(newest).toString('utf8');
    const bytes = (await this.#files.read(this.#file)) ?? new Uint8Array();
    const text = Buffer.from(bytes).toString('utf8');
    const { notes, end } = splitNotes(text);
    // Lost blocks read as zeros.
    this.#rest = text.slice(end).replace(/\0+$/, '');
    this.#restBytes = text.length - end;
    this.#lastNote = notes.at(-1) ?? '';
    this.#beforeLast = notes.at(-2) ?? '';
    for (const [index, one] of notes.entries()) {
      const note = parseNote(one);
      const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
      const kept: Kept = {
        index,
        sha256: sha256(one),
        note,
        checkpoint,
        rootHolds: undefined,
        recordedAt: undefined,
        recordTime: undefined,
      };
      this.#kept.push(kept);
      this.#byHash.set(kept.sha256, kept);
      if (checkpoint === undefined) continue;
      this.#bySize.set(checkpoint.size, [...(this.#bySize.get(checkpoint.size) ?? []), kept]);
    }
    this.#sizes = [...this.#bySize.keys()].filter((size) => size > 0).sort((a, b) => a - b);
  }

  /** The records have come to `nextSize`. */
  reached(size: number, tree: GrowingTree): void {
    this.#reached += 1;
    const root = toHex(tree.root());
    for (const kept of this.#bySize.get(size) ?? []) {
      kept.rootHolds = kept.checkpoint?.root === root;
      if (kept.rootHolds) this.lastGoodSize = Math.max(this.lastGoodSize, size);
    }
  }

  /** An event says that a checkpoint was signed. */
  recorded(event: EventRecord, file: string): void {
    const kept = this.#byHash.get(textOf(event, 'note'));
    if (kept === undefined) {
      this.#missing.push({ event, file });
      return;
    }
    kept.recordedAt = event.seq;
    kept.recordTime = event.time;
    if (kept.index <= this.#lastRecordedIndex) {
      this.#problem('checkpoint-differs', kept.index, 'it is not in the order of its records');
    }
    this.#lastRecordedIndex = Math.max(kept.index, this.#lastRecordedIndex);
  }

  /** The checkpoint whose text has this SHA-256. */
  byText(hash: string):
    | {
        readonly index: number;
        readonly size: number;
        readonly root: string;
        readonly holds: boolean | undefined;
      }
    | undefined {
    this.#byTextHash ??= new Map(
      this.#kept.flatMap((kept) =>
        kept.note === undefined ? [] : [[sha256(kept.note.text), kept]],
      ),
    );
    const kept = this.#byTextHash.get(hash);
    if (kept?.checkpoint === undefined) return undefined;
    const { size, root } = kept.checkpoint;
    return { index: kept.index, size, root, holds: kept.rootHolds };
  }

  /** The first checkpoint over more than `size` records, by the time of its record. */
  firstAfter(
    size: number,
  ): { readonly index: number; readonly size: number; readonly time: string } | undefined {
    for (const { index, checkpoint, recordTime } of this.#kept) {
      if (checkpoint === undefined || checkpoint.size <= size || recordTime === undefined) continue;
      return { index, size: checkpoint.size, time: recordTime };
    }
    return undefined;
  }

  async finish(keys: KeyChain, total: number, acknowledged: number | undefined): Promise<void> {
    this.#checkMissing(acknowledged);
    for (const kept of this.#kept) this.#checkOne(kept, total, keys);
    await this.#checkSignatures(keys);
    this.#checkEnd(keys);
  }

  #checkMissing(acknowledged: number | undefined): void {
    for (const { event, file } of this.#missing) {
      if (acknowledged !== undefined && event.seq >= acknowledged) {
        // The log is in use and signed it after the notes were read.
        this.#findings.notes.push(`the checkpoint of record ${event.seq} is newer than this check`);
        continue;
      }
      const size = Number(event.more?.['size']);
      const replaced = this.#bySize.get(size)?.find((kept) => kept.recordedAt === undefined);
      const at = replaced === undefined ? {} : { checkpoint: replaced.index };
      this.#findings.problem(
        replaced === undefined ? 'checkpoint-missing' : 'checkpoint-differs',
        replaced === undefined ? this.#file : this.#file,
        `the checkpoint over ${size} records that ${file} has on record is ${replaced === undefined ? 'gone' : 'another one now'}`,
        { seq: event.seq, ...at },
      );
    }
  }

  #checkOne(kept: Kept, total: number, keys: KeyChain): void {
    const { index, checkpoint } = kept;
    if (checkpoint === undefined) {
      this.#problem('checkpoint-differs', index, 'it is not a checkpoint');
      return;
    }
    const name = keys.keyFor(checkpoint.size)?.name;
    if (name !== undefined && checkpoint.origin !== name) {
      this.#problem('checkpoint-differs', index, `it is of another log: ${checkpoint.origin}`);
    }
    if (checkpoint.size > total) {
      const what = `a checkpoint was signed over ${checkpoint.size} records, ${total} are there`;
      this.#findings.problem('records-cut', this.#file, what, { seq: total, checkpoint: index });
    } else if (kept.rootHolds === false && !this.#findings.recordsAtFault) {
      const what = `the first ${checkpoint.size} records do not have the root it names; the first ${this.lastGoodSize} do`;
      this.#findings.problem('root-differs', this.#file, what, {
        seq: Math.min(this.lastGoodSize, checkpoint.size - 1),
        checkpoint: index,
      });
    }
    const isLast = index === this.#kept.length - 1;
    if (kept.recordedAt !== undefined || this.#findings.recordsAtFault) return;
    if (isLast) this.#findings.notes.push('the newest checkpoint waits for its record');
    else this.#problem('checkpoint-differs', index, 'no record speaks of it');
  }

  async #checkSignatures(keys: KeyChain): Promise<void> {
    for (let from = 0; from < this.#kept.length; from += AT_ONCE) {
      const some = this.#kept.slice(from, from + AT_ONCE);
      const held = await Promise.all(some.map((kept) => isSigned(kept, keys)));
      for (const [i, kept] of some.entries()) {
        if (kept.checkpoint === undefined || held[i] === true) continue;
        this.#problem('checkpoint-signature', kept.index, "it is not signed by the log's key");
      }
    }
  }

  #checkEnd(keys: KeyChain): void {
    if (this.#restBytes > 0) {
      // A crash leaves the beginning of a note, and that begins with the origin.
      const start = `${keys.keyFor(Number.POSITIVE_INFINITY)?.name ?? ''}\n`;
      const isTorn = start.startsWith(this.#rest) || this.#rest.startsWith(start);
      const isComplete = this.#rest.includes('\n\n— ') && this.#rest.endsWith('\n');
      if (isTorn && !isComplete && this.#missing.length === 0) {
        this.#findings.notes.push('a torn checkpoint stands at the end');
      } else {
        this.#problem('checkpoint-differs', this.#kept.length, 'it cannot be read');
      }
    }
    const isLastRecorded = this.#kept.at(-1)?.recordedAt !== undefined;
    const newest = this.#newest ?? '';
    const mayLag = !isLastRecorded && newest === this.#beforeLast;
    if (newest === this.#lastNote || mayLag) return;
    const what = newest === '' ? 'it is gone' : 'it is not the newest checkpoint';
    this.#findings.problem('checkpoint-differs', this.#newestFile, what, {
      checkpoint: Math.max(0, this.#kept.length - 1),
    });
  }

  #problem(code: 'checkpoint-differs' | 'checkpoint-signature', index: number, what: string): void {
    this.#findings.problem(code, this.#file, `checkpoint ${index}: ${what}`, { checkpoint: index });
  }
}

function isSigned(kept: Kept, keys: KeyChain): Promise<boolean> {
  const { note, checkpoint } = kept;
  const key = checkpoint === undefined ? undefined : keys.keyFor(checkpoint.size);
  if (note === undefined || key === undefined) return Promise.resolve(false);
  const own = note.signatures.filter((s) => isOf(s, key));
  // Unknown signature lines would be another note; the log writes exactly one.
  if (own.length !== 1 || note.signatures.length !== 1) return Promise.resolve(false);
  return new Promise((resolve) => {
    verify(undefined, Buffer.from(note.text), key.key, own[0]!.signature, (error, holds) =>
      resolve(error === null && holds),
    );
  });
}

function isOf(signature: Note['signatures'][number], key: VerifierKey): boolean {
  return signature.name === key.name && signature.id === key.id;
}
