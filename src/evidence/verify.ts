/**
 * Verification: everything the files say, held against itself and against what the caller knows.
 *
 * Streams bundle by bundle, so memory does not grow with the log. Nothing is repaired, nothing is
 * trusted because it is there; an input that is missing makes an answer undecided, never good. The
 * log may be in use: head first, then files, so that growth is not mistaken for damage.
 */
import type { Files } from '#base/ports';
import { AnchorCheck, anchoredText } from './anchoring/anchor-check.ts';
import type { AnchorOptions } from './anchoring/anchor-claims.ts';
import { bundleRecords, type RecordLinks, type VerifiedRecord } from './bundle-records.ts';
import { CheckpointCheck } from './checkpoint-check.ts';
import { originIn, type Restore, restoreOf } from './epochs.ts';
import { epochOf, journalPath, readJournal } from './journal.ts';
import { KeyChain } from './key-chain.ts';
import { findLayout, type Layout } from './layout.ts';
import { checkLeftovers } from './leftovers.ts';
import type { JournalKey } from './log-key.ts';
import type { EventRecord } from './protocol.ts';
import { type Anchor, Findings, type LogReport } from './report.ts';
import { bundlePath, decodeTile, tilePath, view } from './tiles.ts';
import { type FullTile, GrowingTree, type Hash, leafHashOf, TILE_WIDTH, toHex } from './tree.ts';

export type VerifyOptions = {
  /** Only read. */
  readonly files: Files;
  readonly directory: string;
  /** The acknowledged head, read before this call. */
  readonly head?:
    | { readonly epoch: string; readonly size: number; readonly root: string }
    | undefined;
  /** Verifier keys known from elsewhere; one of them must be in the log's line of keys. */
  readonly pins?: readonly string[] | undefined;
  /** From `readJournalKeys`; without them the newest records cannot be told from forged ones. */
  readonly journalKeys?: readonly JournalKey[] | undefined;
  /** What is known of places outside; without it nothing there is asked. */
  readonly anchors?: AnchorOptions | undefined;
};

/** Bundles that are read ahead of the one being checked. */
const READ_AHEAD = 4;
/** More than any bundle. A range is read without the copy that reading a whole file costs. */
const BUNDLE_BYTES_MOST = TILE_WIDTH * 65_537;

export async function verifyLog(options: VerifyOptions): Promise<LogReport> {
  return new Verification(options).run();
}

class Verification {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: VerifyOptions;
  readonly #findings = new Findings();
  readonly #keys = new KeyChain(this.#findings);
  readonly #fullTiles: FullTile[] = [];
  readonly #tree = new GrowingTree((level, index, hashes) => {
    this.#fullTiles.push({ level, index, hashes });
  });
  /** Tiles of a bundle that a crash kept from being written. */
  readonly #waitingTiles = new Set<string>();
  readonly #checkpoints: CheckpointCheck;
  readonly #anchorCheck: AnchorCheck;
  #anchors: readonly Anchor[] = [];
  /** Hash of the record before, `''` when it is not known. */
  #prev = '0'.repeat(64);
  /** The record before when its leaf is not the tile's: the next link tells which of them is wrong. */
  #suspect: { readonly seq: number; readonly file: string; readonly tile: string } | undefined;
  /** The epoch that the first record names; journals are bound to it. */
  #id: string | undefined;
  /** The one under way. */
  #epoch: string | undefined;
  readonly #restores: Restore[] = [];
  #lastTime = '';
  #backwards = 0;
  /** Of the records before one that tells of a restore. */
  #rootBefore = '';
  #rootAtHead: string | undefined;
  #beyondHead = 0;
  #tornBytes = 0;
  readonly #cuts: { readonly seq: number; readonly file: string; readonly sha256: string }[] = [];

  constructor(options: VerifyOptions) {
    this.#files = options.files;
    this.#directory = options.directory;
    this.#options = options;
    this.#checkpoints = new CheckpointCheck(options.files, options.directory, this.#findings);
    this.#anchorCheck = new AnchorCheck(
      options.files,
      options.directory,
      options.anchors ?? {},
      this.#findings,
    );
  }

  async run(): Promise<LogReport> {
    const { head, pins, journalKeys } = this.#options;
    if (head === undefined) this.#undecided('whether the end was cut: no acknowledged head given');
    if (journalKeys === undefined) {
      this.#undecided('whether the newest records are ours: no journal key given');
    }
    if (pins === undefined || pins.length === 0) {
      this.#undecided("whether the key is the log's own: no pinned verifier key given");
    }
    const layout = await findLayout(this.#files, this.#directory);
    await this.#anchorCheck.load();
    await this.#checkpoints.load();
    if (head?.size === 0) this.#rootAtHead = toHex(this.#tree.root());
    const folded = await this.#bundles(layout);
    await this.#journals(folded, layout);
    this.#resolveSuspect(false);
    this.#checkHead();
    const { size } = this.#tree;
    const left = { folded, size, waiting: this.#waitingTiles, cuts: this.#cuts };
    await checkLeftovers(this.#files, this.#directory, layout, left, this.#findings);
    this.#keys.checkPins(pins ?? []);
    await this.#checkpoints.finish(this.#keys, this.#tree.size, head?.size);
    this.#anchors = this.#anchorCheck.finish(this.#checkpoints, this.#keys, this.#restores, size);
    if (this.#backwards > 0) {
      this.#findings.notes.push(`time goes backwards ${this.#backwards} times`);
    }
    return this.#report();
  }

  // Bundles ----------------------------------------------------------------------------------

  async #bundles(layout: Layout): Promise<number> {
    const first = (bundle: number): number => bundle * TILE_WIDTH;
    const known = Math.max(
      layout.bundles,
      ...layout.journals,
      Math.floor((this.#options.head?.size ?? 0) / TILE_WIDTH),
    );
    const ahead: Promise<readonly (Uint8Array | undefined)[]>[] = [];
    const fetch = (bundle: number): Promise<readonly (Uint8Array | undefined)[]> => {
      const both = Promise.all([
        this.#files.readRange(bundlePath(this.#directory, bundle), 0, BUNDLE_BYTES_MOST),
        this.#files.readRange(tilePath(this.#directory, 0, bundle), 0, BUNDLE_BYTES_MOST),
      ]);
      both.catch(() => {});
      return both;
    };
    for (let bundle = 0; ; bundle += 1) {
      while (ahead.length < READ_AHEAD && bundle + ahead.length <= known) {
        ahead.push(fetch(bundle + ahead.length));
      }
      const [bytes, tile] = await (ahead.shift() ?? fetch(bundle));
      if (bytes !== undefined) {
        await this.#bundle(bundle, bytes, tile);
        continue;
      }
      if ((await this.#files.info(journalPath(this.#directory, bundle))) !== undefined) {
        return bundle;
      }
      // It may have been folded between the two looks.
      if ((await this.#files.info(bundlePath(this.#directory, bundle))) !== undefined) {
        ahead.length = 0;
        bundle -= 1;
        continue;
      }
      const isGap = layout.bundles > bundle || layout.journals.some((number) => number > bundle);
      if (!isGap) return bundle;
      const file = bundlePath(this.#directory, bundle);
      this.#findings.problem('bundle-missing', file, 'a bundle of records is gone', {
        seq: first(bundle),
      });
      this.#skip(bundle);
    }
  }

  async #bundle(
    bundle: number,
    bytes: Uint8Array,
    tileBytes: Uint8Array | undefined,
  ): Promise<void> {
    const file = bundlePath(this.#directory, bundle);
    const tileFile = tilePath(this.#directory, 0, bundle);
    const firstSeq = bundle * TILE_WIDTH;
    const tile = tileBytes === undefined ? undefined : decodeTile(tileBytes);
    if (tile === undefined && !(tileBytes === undefined && (await this.#isHalfFolded(bundle)))) {
      const code = tileBytes === undefined ? 'tile-missing' : 'tile-differs';
      this.#findings.problem(code, tileFile, `not a full tile`, { seq: firstSeq });
    }
    const read = bundleRecords(bytes, tile);
    for (const [i, record] of read.records.entries()) {
      this.#record(record, firstSeq + i, file, tileFile);
      if (this.#tree.size !== firstSeq + i + 1) break;
    }
    if (read.records.length !== TILE_WIDTH || read.surplus > 0) {
      // A record whose length was changed shifts all after it; the first leaf that differs names it.
      const at = Math.min(read.firstDifferent ?? read.records.length, TILE_WIDTH - 1);
      this.#suspect = undefined;
      this.#findings.problem(
        'record-unreadable',
        file,
        `the bundle holds ${read.records.length} whole records and ${read.surplus} more bytes`,
        { seq: firstSeq + at },
      );
    }
    if (this.#tree.size !== firstSeq + TILE_WIDTH) this.#skip(bundle);
    for (const full of this.#fullTiles.splice(0)) {
      // Level 0 was held against the records one by one.
      if (full.level > 0) await this.#upperTile(full, bundle);
    }
  }

  /** Goes on after records that cannot be followed. */
  #skip(bundle: number): void {
    this.#findings.recordsAtFault = true;
    this.#suspect = undefined;
    this.#prev = '';
    const end = (bundle + 1) * TILE_WIDTH;
    while (this.#tree.size < end) this.#tree.append('\0'.repeat(32));
  }

  async #isHalfFolded(bundle: number): Promise<boolean> {
    return (await this.#files.info(journalPath(this.#directory, bundle))) !== undefined;
  }

  async #upperTile(full: FullTile, bundle: number): Promise<void> {
    const file = tilePath(this.#directory, full.level, full.index);
    const bytes = await this.#files.read(file);
    if (bytes === undefined && (await this.#isHalfFolded(bundle))) return;
    const seq = full.index * TILE_WIDTH ** (full.level + 1);
    if (bytes === undefined) {
      this.#findings.problem('tile-missing', file, 'a tile is gone', { seq });
      return;
    }
    const text = view(bytes).toString('latin1');
    if (text === full.hashes.join('') || this.#findings.recordsAtFault) return;
    const span = TILE_WIDTH ** full.level;
    const at = full.hashes.findIndex((h, i) => text.slice(i * 32, i * 32 + 32) !== h);
    const what = `hash ${at} is not that of the records below it`;
    this.#findings.problem('tile-differs', file, what, { seq: seq + Math.max(at, 0) * span });
  }

  /** Tiles are written beside their bundle while the journal is still there. */
  async #tilesOfJournal(): Promise<void> {
    for (const full of this.#fullTiles.splice(0)) {
      const file = tilePath(this.#directory, full.level, full.index);
      const bytes = await this.#files.read(file);
      if (bytes === undefined || view(bytes).toString('latin1') !== full.hashes.join('')) continue;
      this.#waitingTiles.add(file);
      this.#findings.notes.push(`${file} waits for its bundle`);
    }
  }

  // Records ----------------------------------------------------------------------------------

  #record(record: VerifiedRecord, seq: number, file: string, tile: string): void {
    const { links } = record;
    if (links === undefined) {
      this.#suspect = undefined;
      this.#findings.problem('record-unreadable', file, 'not an event', { seq });
      this.#advance(record.leaf, '');
      return;
    }
    const isLinked = this.#prev === '' || links.prev === this.#prev;
    if (links.seq !== seq) {
      // Before any other judgement: everything after a removed or inserted record is out of place.
      this.#suspect = undefined;
      this.#findings.problem(
        'record-out-of-place',
        file,
        `record ${links.seq} stands where record ${seq} belongs`,
        { seq },
      );
      return;
    }
    let isTold = this.#resolveSuspect(isLinked);
    if (!isLinked && !isTold) {
      const at = record.leafHolds ? seq - 1 : seq;
      isTold = true;
      this.#findings.problem(
        'record-changed',
        file,
        `record ${seq} does not name the record before it`,
        { seq: Math.max(at, 0) },
      );
      if (at === seq) {
        this.#take(links, record, seq, file);
        return;
      }
    }
    if (!record.leafHolds) this.#suspect = { seq, file, tile };
    this.#take(links, record, seq, file);
  }

  #take(links: RecordLinks, record: VerifiedRecord, seq: number, file: string): void {
    if (record.own?.kind === 'log.restored') this.#rootBefore = toHex(this.#tree.root());
    this.#advance(record.leaf, record.entryHash);
    if (links.time < this.#lastTime) this.#backwards += 1;
    this.#lastTime = links.time;
    if (record.own !== undefined) this.#ownEvent(record.own, seq, file);
  }

  #ownEvent(event: EventRecord, seq: number, file: string): void {
    switch (event.kind) {
      case 'log.opened':
        if (seq === 0) {
          this.#id = epochOf(event);
          this.#epoch = this.#id;
          this.#keys.open(event, file);
        }
        this.#noteCuts(event);
        break;
      case 'log.recovered':
        this.#noteCuts(event);
        break;
      case 'log.key':
        this.#keys.rotate(event, this.#epoch ?? '', file);
        break;
      case 'log.restored':
        this.#restored(event, file);
        break;
      case 'log.checkpoint':
        this.#checkpoints.recorded(event, file);
        break;
    }
  }

  /** The tree ends before the record that says so. */
  #restored(event: EventRecord, file: string): void {
    if (!this.#keys.rotate(event, this.#epoch ?? '', file)) return;
    const restore = restoreOf(event);
    const isWhole =
      restore !== undefined &&
      restore.size === event.seq &&
      restore.root === this.#rootBefore &&
      originIn(restore.origin, restore.epoch) === restore.origin &&
      this.#keys.named(restore.origin).length > 0;
    if (!isWhole) {
      const what = 'the record of a restore does not say where the log was cut off';
      this.#findings.problem('root-differs', file, what, { seq: event.seq });
      return;
    }
    this.#epoch = restore.epoch;
    this.#restores.push(restore);
    this.#findings.notes.push(
      `restored from a backup of ${restore.madeAt} at record ${restore.size}; what was recorded after it elsewhere is not in this log`,
    );
  }

  #noteCuts(event: EventRecord): void {
    const cuts = event.more?.['cut'];
    if (!Array.isArray(cuts)) return;
    for (const cut of cuts as readonly { file?: unknown; sha256?: unknown; bytes?: unknown }[]) {
      const file = String(cut.file);
      this.#cuts.push({ seq: event.seq, file, sha256: String(cut.sha256) });
      this.#findings.notes.push(
        `${String(cut.bytes)} bytes were cut after record ${event.seq - 1} and kept in ${file}`,
      );
    }
  }

  #advance(leaf: Hash, entryHash: string): void {
    this.#tree.append(leaf);
    this.#prev = entryHash;
    const { size } = this.#tree;
    if (size === this.#options.head?.size) this.#rootAtHead = toHex(this.#tree.root());
    if (size === this.#checkpoints.nextSize) this.#checkpoints.reached(size, this.#tree);
    if (size === this.#anchorCheck.nextSize) this.#anchorCheck.reached(size, this.#tree);
  }

  /** The record before had another leaf than its tile: its successor's link tells which is wrong. */
  #resolveSuspect(isLinked: boolean): boolean {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    if (suspect === undefined) return false;
    if (isLinked) {
      const what = `its hash of record ${suspect.seq} is not the record's`;
      this.#findings.problem('tile-differs', suspect.tile, what, { seq: suspect.seq });
    } else {
      const what = 'neither its tile nor the next record agrees with it';
      this.#findings.problem('record-changed', suspect.file, what, { seq: suspect.seq });
    }
    return true;
  }

  // Journals ---------------------------------------------------------------------------------

  async #journals(folded: number, layout: Layout): Promise<void> {
    const last = Math.max(folded - 1, ...layout.journals);
    for (let number = folded; number <= last || layout.journals.length === 0; number += 1) {
      const file = journalPath(this.#directory, number);
      const bytes = await this.#files.read(file);
      if (bytes === undefined) {
        if (number > last) return;
        this.#findings.problem('record-missing', file, 'a journal is gone', {
          seq: number * TILE_WIDTH,
        });
        return;
      }
      if (await this.#journal(number, bytes, file)) continue;
      for (const later of layout.journals.filter((one) => one > number)) {
        await this.#unreachable(later);
      }
      return;
    }
  }

  /** A power cut may tear one journal and spare the beginning of the next; nothing else explains one. */
  async #unreachable(number: number): Promise<void> {
    const file = journalPath(this.#directory, number);
    const bytes = (await this.#files.read(file)) ?? new Uint8Array();
    const seq = number * TILE_WIDTH;
    const read = readJournal(bytes, seq, '', this.#id, this.#options.journalKeys);
    if (read.stop === undefined || read.stop === 'torn') {
      this.#tornBytes += bytes.length;
      return;
    }
    const what = 'it follows a journal that is not full, and was not written by this log';
    this.#findings.problem('record-not-authentic', file, what, {
      seq: seq + read.records.length,
    });
  }

  /** Whether the next journal can be followed. */
  async #journal(number: number, bytes: Uint8Array, file: string): Promise<boolean> {
    const { head, journalKeys } = this.#options;
    const firstSeq = number * TILE_WIDTH;
    const read = readJournal(bytes, firstSeq, this.#prev, this.#id, journalKeys);
    for (const [i, { entry, entryHash, event }] of read.records.entries()) {
      const seq = firstSeq + i;
      const leaf = leafHashOf(entry);
      const own = event.kind.startsWith('log.') ? event : undefined;
      this.#record({ links: event, own, entryHash, leaf, leafHolds: true }, seq, file, '');
      if (head !== undefined && seq >= head.size) this.#beyondHead += 1;
    }
    await this.#tilesOfJournal();
    if (read.stop === undefined) return read.records.length === TILE_WIDTH;
    const seq = firstSeq + read.records.length;
    const rest = bytes.length - read.end;
    const isAcknowledged = head !== undefined && seq < head.size;
    switch (read.stop) {
      case 'torn':
        if (!isAcknowledged) this.#tornBytes += rest;
        // A head that is not reached is told by #checkHead.
        break;
      case 'not-authentic': {
        const what = isAcknowledged
          ? 'its code does not hold'
          : 'it stands beyond the acknowledged head and its code does not hold: it was not written by this log';
        this.#findings.problem('record-not-authentic', file, what, { seq });
        break;
      }
      case 'not-a-record':
        this.#findings.problem('record-unreadable', file, `${rest} bytes that are no record`, {
          seq,
        });
        break;
      case 'broken-link': {
        // With keys every record is authentic, so this one is of another history; without, the one before may be changed.
        const at = journalKeys === undefined ? seq - 1 : seq;
        const what = `record ${seq} does not name the record before it`;
        this.#findings.problem('record-changed', file, what, { seq: Math.max(at, 0) });
        break;
      }
    }
    return false;
  }

  // The whole --------------------------------------------------------------------------------

  #checkHead(): void {
    const { head } = this.#options;
    const { size } = this.#tree;
    if (head === undefined) return;
    const file = this.#directory;
    if (this.#epoch !== undefined && this.#epoch !== head.epoch) {
      this.#findings.problem('other-log', file, `the head is of log ${head.epoch}`, { seq: 0 });
      return;
    }
    if (size < head.size) {
      const what = `${head.size} records were acknowledged, ${size} are there`;
      this.#findings.problem('records-cut', file, what, { seq: size });
      return;
    }
    if (this.#rootAtHead === head.root || this.#findings.recordsAtFault) return;
    const seq = this.#checkpoints.lastGoodSize;
    const what = `the first ${head.size} records are not those that were acknowledged; they differ from record ${seq} on or later`;
    this.#findings.problem('root-differs', file, what, { seq: Math.min(seq, head.size - 1) });
  }

  #undecided(what: string): void {
    this.#findings.undecided.push(what);
  }

  #report(): LogReport {
    const { problems, undecided, notes, more } = this.#findings;
    const bad = problems.flatMap((problem) => (problem.seq === null ? [] : [problem.seq]));
    const verdict =
      problems.length > 0 ? 'does not hold' : undecided.length > 0 ? 'cannot decide' : 'holds';
    return {
      ok: verdict === 'holds',
      verdict,
      size: this.#tree.size,
      root: toHex(this.#tree.root()),
      firstBadRecord: bad.length === 0 ? null : Math.min(...bad),
      problems,
      more,
      tail: {
        acknowledged: this.#options.head?.size ?? null,
        authenticBeyondHead: this.#beyondHead,
        tornBytes: this.#tornBytes,
      },
      checkpoints: this.#checkpoints.count,
      keys: this.#keys.vkeys,
      anchored: anchoredText(this.#anchors, this.#tree.size),
      anchors: this.#anchors,
      undecided,
      notes,
    };
  }
}
