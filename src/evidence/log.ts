/**
 * The running log: one chain, one tree, one write and one sync under way.
 *
 * Order is fixed in `append`, synchronously; the pump writes what has queued up in one go. Nothing
 * is folded into bundles and tiles before the acknowledged head has passed it, so whatever lies
 * beyond the head lies in journals.
 */
import { hash } from 'node:crypto';
import { Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Appender, Clock, Files, Random } from '#base/ports';
import { type Appended, Batch, type Pending, refusal } from './batch.ts';
import { type DsseSignature, signDsse } from './dsse.ts';
import { EventTimes, encodeEvent } from './event-form.ts';
import { unwritable } from './faults.ts';
import { Folding } from './folding.ts';
import { FRAME_OVERHEAD, journalPath, rewriteJournals } from './journal.ts';
import { KEY_FILE, type LogKey, makeLogKey, NEXT_KEY_FILE, writeLogKey } from './log-key.ts';
import { newestFirst } from './newest-first.ts';
import { checkpointText, signNote } from './note.ts';
import { keyStatement, ownEvent } from './own-events.ts';
import { TileCache, treeNodes } from './proofs.ts';
import type { EventFilter, EventInput, EventLog, EventRecord, HeadKeeper } from './protocol.ts';
import { bundlePath, decodeBundle } from './tiles.ts';
import {
  type FullTile,
  type GrowingTree,
  leafHash,
  proveConsistency,
  proveInclusion,
  TILE_WIDTH,
  toHex,
} from './tree.ts';

/** How many full bundles may wait to be folded before appends wait for them. */
const FOLDS_WAITING = 16;
/** How many records may be written before the sync of those before them is over. */
const WRITES_AHEAD = 4_096;

/** With this much room left, the next journal is opened: a new file takes longer than a sync. */
const OPEN_AHEAD = TILE_WIDTH / 2;

/** What opening hands to the running log. */
export type LogState = {
  /** The epoch that the first record names: what journals are bound to. */
  readonly id: string;
  /** The one under way: another after each restore. */
  readonly epoch: string;
  readonly origin: string;
  readonly key: LogKey;
  readonly tree: GrowingTree;
  /** Tiles that are full but not on disk yet, by the bundle that filled them. The tree adds to it. */
  readonly tiles: Map<number, FullTile[]>;
  /** Entries that are in journals, by bundle. */
  readonly tail: Map<number, Buffer[]>;
  /** Bundles that are on disk with their tiles. */
  readonly folded: number;
  readonly prev: string;
  readonly acknowledged: { readonly size: number; readonly root: string };
  /** Leaves under the newest checkpoint. */
  readonly signed: number;
  /** One more than the seq of the newest event that is not a `log.checkpoint`. */
  readonly news: number;
};

export type LogPorts = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly heads: HeadKeeper;
  readonly directory: string;
  readonly keys: string;
  readonly checkpointEveryEvents: number;
  /** 0: only by count, by call and at close. */
  readonly checkpointEveryMs: number;
  /** Told of each event that was asked to be kept, once it survives the death of this process. */
  readonly heard?: (event: EventInput) => void;
};

type WrittenBatch = {
  readonly batch: Batch;
  /** Of the log that ends with this batch. */
  readonly head: { readonly size: number; readonly root: string };
  readonly unsynced: readonly Appender[];
  readonly full: readonly Appender[];
};

export class Log implements EventLog {
  readonly #ports: LogPorts;
  readonly #id: string;
  readonly #tree: GrowingTree;
  readonly #folding: Folding;
  readonly #tileCache = new TileCache();
  readonly #times = new EventTimes();
  readonly #stop = new AbortController();
  #epoch: string;
  #origin: string;
  #key: LogKey;
  #prev: string;
  #acknowledged: { readonly size: number; readonly root: string };
  #signed: number;
  #news: number;
  /** What was appended since the last batch was taken. */
  #gathering: Batch | undefined;
  #last: Appended | undefined;
  /** Done by the pump between two batches, when no write is under way. */
  #between: (() => Promise<void>)[] = [];
  #journal: { readonly bundle: number; readonly appender: Appender } | undefined;
  /** The journal after it, opened before it is needed. It stays empty until the one before is full. */
  #next: { readonly bundle: number; readonly appender: Promise<Appender> } | undefined;
  /** Full journals of the batch being written, closed once it is synced. */
  #full: Appender[] = [];
  #closing: Promise<unknown> = Promise.resolve();
  /** Batches that are written and wait for a sync, and how many records are in them. */
  #written: WrittenBatch[] = [];
  #ahead = 0;
  #checkpoints: Appender | undefined;
  #failure: Fault | undefined;
  #closed = false;
  #pumping: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  /** Checkpoints and rotations, one after the other. */
  #signing: Promise<void> = Promise.resolve();
  #signsWaiting = 0;
  #ticking: Promise<void>;
  readonly #followers: ((note: string) => void)[] = [];

  constructor(ports: LogPorts, state: LogState) {
    this.#ports = ports;
    this.#id = state.id;
    this.#epoch = state.epoch;
    this.#origin = state.origin;
    this.#key = state.key;
    this.#tree = state.tree;
    this.#folding = new Folding(ports.files, ports.directory, state, (cause) =>
      this.#fail('a bundle or tile could not be written', cause),
    );
    this.#prev = state.prev;
    this.#acknowledged = state.acknowledged;
    this.#signed = state.signed;
    this.#news = state.news;
    this.#ticking = ports.checkpointEveryMs > 0 ? this.#tick() : Promise.resolve();
    this.#folding.upTo(state.acknowledged.size);
  }

  /** Records that are acknowledged. */
  get size(): number {
    return this.#acknowledged.size;
  }

  get head(): { readonly epoch: string; readonly size: number; readonly root: string } {
    return { epoch: this.#epoch, ...this.#acknowledged };
  }

  /** Whether a restore began the epoch under way: only then is there a `log.restored`. */
  get isRestored(): boolean {
    return this.#epoch !== this.#id;
  }

  /** The verifier key in C2SP form, to pin outside. */
  get vkey(): string {
    return this.#key.verifier.vkey;
  }

  health(): { readonly writable: boolean; readonly reason: string | null } {
    const reason = this.#failure?.message ?? (this.#closed ? 'the log is closed' : null);
    return { writable: reason === null, reason };
  }

  append(event: EventInput): Appended {
    if (this.#closed) return refusal(unwritable('it is closed'));
    const appended = this.#append(event);
    const { heard } = this.#ports;
    if (heard !== undefined)
      appended.written.then(
        () => heard(event),
        () => {},
      );
    return appended;
  }

  #append(event: EventInput): Appended {
    if (this.#failure !== undefined) return refusal(this.#failure);
    const seq = this.#tree.size;
    let text: string;
    let bytes: number;
    try {
      text = encodeEvent(event, seq, this.#times.text(this.#ports.clock.now()), this.#prev);
      bytes = Buffer.byteLength(text);
      if (bytes > LIMITS.eventBytes) throw tooBig(bytes);
    } catch (thrown) {
      return refusal(thrown);
    }
    const entryHash = hash('sha256', text, 'hex');
    const leaf = leafHash(text);
    this.#tree.append(leaf);
    this.#prev = entryHash;
    const isNews = event.kind !== 'log.checkpoint';
    this.#gathering ??= new Batch();
    const appended = this.#gathering.add({ seq, text, bytes, entryHash, leaf, isNews });
    this.#last = appended;
    this.#startPump();
    return appended;
  }

  #startPump(): void {
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      // Whoever appends in this same turn goes into the first batch.
      await Promise.resolve();
      while (this.#failure === undefined) {
        if (this.#between.length > 0) {
          // What is written must be acknowledged through the appenders it was written with.
          await (this.#ahead > 0 ? this.#startSyncing() : this.#syncing);
          if (this.#failure !== undefined) return;
          for (const act of this.#between.splice(0)) await act();
        } else if (this.#gathering !== undefined) {
          const batch = this.#gathering;
          this.#gathering = undefined;
          await this.#writeBatch(batch);
          if (this.#ahead > WRITES_AHEAD) await this.#startSyncing();
        } else {
          return;
        }
      }
    } finally {
      // In the same turn as the last look at the queue, or an append in between would be forgotten.
      this.#pumping = undefined;
      // Only now, so that callers woken together are synced together.
      if (this.#ahead > 0) this.#startSyncing().catch(ignore);
      // They reject by themselves; whoever waits for them must not wait for ever.
      if (this.#failure !== undefined) {
        for (const act of this.#between.splice(0)) act().catch(ignore);
      }
    }
  }

  async #writeBatch(batch: Batch): Promise<void> {
    // Taken before the first await: nothing has been appended after this batch yet.
    const head = { size: this.#tree.size, root: toHex(this.#tree.root()) };
    try {
      const unsynced = await this.#write(batch.records);
      // A sync that failed meanwhile lost what this batch goes on from.
      if (this.#failure !== undefined) throw this.#failure;
      this.#written.push({ batch, head, unsynced, full: this.#full.splice(0) });
    } catch (cause) {
      this.#fail('a write failed', cause, [batch]);
      return;
    }
    this.#ahead += batch.records.length;
    batch.tellWritten();
  }

  #startSyncing(): Promise<void> {
    this.#syncing ??= this.#sync();
    return this.#syncing;
  }

  /** Syncs what is written, while the pump writes on; never rejects. */
  async #sync(): Promise<void> {
    // So that the field is set before the body can clear it.
    await Promise.resolve();
    while (this.#written.length > 0 && this.#failure === undefined) {
      await this.#acknowledge(this.#written.splice(0));
      if (this.#folding.waiting > FOLDS_WAITING) await this.#folding.settled();
    }
    this.#syncing = undefined;
  }

  async #acknowledge(written: readonly WrittenBatch[]): Promise<void> {
    const { head } = written.at(-1)!;
    const batches = written.map(({ batch }) => batch);
    const full = written.flatMap((one) => one.full);
    this.#ahead = 0;
    try {
      const unsynced = new Set(written.flatMap((one) => one.unsynced));
      await Promise.all([...unsynced].map((appender) => appender.sync()));
      await this.#ports.heads.advance({ epoch: this.#epoch, ...head });
    } catch (cause) {
      this.#full.push(...full);
      this.#fail('a sync failed', cause, batches);
      return;
    }
    this.#acknowledged = head;
    for (const batch of batches) {
      this.#news = (batch.records.findLast((one) => one.isNews)?.seq ?? this.#news - 1) + 1;
      batch.tellDurable();
    }
    // Everything in them is synced: nobody needs to wait for this, and nothing can be lost by it.
    const closed = full.map((appender) => appender.close().catch(ignore));
    if (closed.length > 0) this.#closing = Promise.all([this.#closing, ...closed]);
    // A later write may have failed meanwhile: then nothing more is begun.
    if (this.#failure !== undefined) return;
    this.#folding.upTo(head.size);
    if (this.#isSigningDue() && this.#signsWaiting === 0) this.checkpoint().catch(ignore);
  }

  /** Writes a batch into the journals it belongs to; answers those that need a sync. */
  async #write(batch: readonly Pending[]): Promise<readonly Appender[]> {
    const unsynced: Appender[] = [];
    for (let from = 0; from < batch.length; ) {
      const bundle = Math.floor(batch[from]!.seq / TILE_WIDTH);
      const room = (bundle + 1) * TILE_WIDTH - batch[from]!.seq;
      const part = batch.slice(from, from + room);
      const appender = await this.#journalOf(bundle);
      await appender.append(this.#frames(bundle, part));
      unsynced.push(appender);
      from += part.length;
      if (room - part.length <= OPEN_AHEAD) this.#openAhead(bundle + 1);
    }
    return unsynced;
  }

  #frames(bundle: number, part: readonly Pending[]): Buffer {
    const total = part.reduce((sum, one) => sum + one.bytes + FRAME_OVERHEAD, 0);
    const bytes = Buffer.allocUnsafe(total);
    const entries = this.#folding.entriesOf(bundle);
    let at = 0;
    for (const one of part) {
      at = bytes.writeUInt16BE(one.bytes, at);
      bytes.write(one.text, at, 'utf8');
      entries.push(bytes.subarray(at, at + one.bytes));
      at += one.bytes;
      const mac = this.#key.journalKey.mac(this.#id, one.seq, one.entryHash);
      at += bytes.write(mac, at, 'latin1');
    }
    return bytes;
  }

  async #journalOf(bundle: number): Promise<Appender> {
    if (this.#journal?.bundle === bundle) return this.#journal.appender;
    if (this.#journal !== undefined) this.#full.push(this.#journal.appender);
    const ahead = this.#next?.bundle === bundle ? this.#next : undefined;
    const appender = await (ahead?.appender ?? this.#openJournal(bundle));
    if (ahead !== undefined) this.#next = undefined;
    this.#journal = { bundle, appender };
    return appender;
  }

  #openJournal(bundle: number): Promise<Appender> {
    return this.#ports.files.appender(journalPath(this.#ports.directory, bundle));
  }

  #openAhead(bundle: number): void {
    if (this.#next !== undefined || this.#closed) return;
    const appender = this.#openJournal(bundle);
    // Whoever needs it is told.
    appender.catch(ignore);
    this.#next = { bundle, appender };
  }

  #fail(what: string, cause: unknown, batches: readonly Batch[] = []): void {
    this.#failure ??= unwritable(what, cause);
    const written = this.#written.splice(0);
    this.#full.push(...written.flatMap(({ full }) => full));
    for (const batch of batches) batch.fail(this.#failure);
    for (const { batch } of written) batch.fail(this.#failure);
    this.#gathering?.fail(this.#failure);
    this.#gathering = undefined;
    this.#ahead = 0;
    this.#stop.abort();
  }

  // Checkpoints and keys ---------------------------------------------------------------------

  checkpoint(): Promise<void> {
    return this.#inTurn(() => this.#sign());
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#signsWaiting += 1;
    const turn = this.#signing.then(act).finally(() => {
      this.#signsWaiting -= 1;
    });
    this.#signing = turn.catch(ignore);
    return turn;
  }

  #isSigningDue(): boolean {
    const { size } = this.#acknowledged;
    return this.#news > this.#signed && size - this.#signed > this.#ports.checkpointEveryEvents;
  }

  async #sign(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const { size, root } = this.#acknowledged;
    if (this.#news <= this.#signed) return;
    const { files, directory } = this.#ports;
    const text = checkpointText({ origin: this.#origin, size, root });
    const note = signNote(text, this.#origin, this.#key.privateKey);
    const bytes = Buffer.from(note);
    try {
      this.#checkpoints ??= await files.appender(`${directory}/checkpoints`, 0o600);
      await this.#checkpoints.append(bytes);
      await this.#checkpoints.sync();
      await files.replace(`${directory}/checkpoint`, bytes);
    } catch (cause) {
      this.#fail('a checkpoint could not be written', cause);
      throw this.#failure ?? cause;
    }
    this.#signed = size;
    await this.#append(
      ownEvent('log.checkpoint', { size, root, note: hash('sha256', note, 'hex') }),
    ).durable;
    for (const follower of this.#followers) follower(note);
  }

  /** Hands over each checkpoint once it is on record, from now on. The listener neither throws nor waits. */
  follow(listener: (note: string) => void): void {
    this.#followers.push(listener);
  }

  /** A DSSE signature by the log's key; see `dsse.ts` for why that is never one on a checkpoint. */
  sign(payloadType: string, payload: Uint8Array): DsseSignature {
    return signDsse(payloadType, payload, this.#key);
  }

  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#ports.clock.sleep(this.#ports.checkpointEveryMs, signal);
      if (!signal.aborted) await this.checkpoint().catch(ignore);
    }
  }

  /**
   * Replaces the log's key by a new one. The record of it is signed with both keys; checkpoints
   * over sizes up to that record are the old key's, later ones the new key's.
   */
  rotateKey(): Promise<void> {
    return this.#inTurn(() => this.#rotate());
  }

  async #rotate(): Promise<void> {
    await this.#sign();
    await this.#handOver('log.key', { epoch: this.#epoch, origin: this.#origin }, {});
  }

  /**
   * After a restore, before anything else is recorded: a new key under a new name, in one record that
   * both keys sign. The old name signs nothing any more, since a copy elsewhere may go on under it.
   * A crash in the middle leaves files to throw away.
   */
  beginEpoch(epoch: string, origin: string, more: JsonObject): Promise<void> {
    const gap: JsonObject = { ...more, ...this.#acknowledged, epoch, origin };
    return this.#inTurn(() => this.#handOver('log.restored', { epoch, origin }, gap));
  }

  async #handOver(
    kind: 'log.key' | 'log.restored',
    to: { readonly epoch: string; readonly origin: string },
    more: JsonObject,
  ): Promise<void> {
    const { files, random, keys } = this.#ports;
    const next = await makeLogKey(files, random, keys, to.origin, NEXT_KEY_FILE);
    const statement = keyStatement(this.#epoch, this.#key, next);
    await this.#append(ownEvent(kind, { ...more, ...statement })).durable;
    const done = Promise.withResolvers<void>();
    this.#between.push(async () => {
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#adoptKey(next);
        if (kind === 'log.restored') {
          this.#epoch = to.epoch;
          this.#origin = to.origin;
          await this.#ports.heads.advance(this.head);
        }
        done.resolve();
      } catch (cause) {
        this.#fail('the new key could not be taken into use', cause);
        done.reject(this.#failure ?? cause);
      }
    });
    this.#startPump();
    await done.promise;
  }

  /** No write is under way. Journals are rewritten under the new key, then it becomes the key. */
  async #adoptKey(next: LogKey): Promise<void> {
    await this.#folding.settled();
    const { files, directory, keys } = this.#ports;
    await this.#journal?.appender.close();
    this.#journal = undefined;
    await rewriteJournals(files, directory, this.#id, this.#folding.tail, next);
    await writeLogKey(files, keys, next, KEY_FILE);
    await files.remove(`${keys}/${NEXT_KEY_FILE}`);
    this.#key = next;
  }

  // Reads ------------------------------------------------------------------------------------

  /**
   * Newest first, of what is acknowledged. Without `before` all that was appended until now is waited for: whoever was
   * answered finds what they asked.
   */
  async read(filter: EventFilter, limit: number, before?: number): Promise<readonly EventRecord[]> {
    if (before === undefined) await this.#last?.durable.catch(ignore);
    const { size } = this.#acknowledged;
    const end = Math.min(before ?? size, size);
    return newestFirst((bundle) => this.#entries(bundle), filter, limit, end);
  }

  async #entries(bundle: number): Promise<readonly Buffer[]> {
    const tail = this.#folding.tail.get(bundle);
    if (tail !== undefined) return tail;
    const bytes = await this.#ports.files.read(bundlePath(this.#ports.directory, bundle));
    return (bytes === undefined ? undefined : decodeBundle(bytes)) ?? [];
  }

  /** Hashes in hex, innermost first (RFC 9162 2.1.3). */
  async inclusionProof(seq: number, size: number = this.size): Promise<readonly string[]> {
    if (!(seq >= 0 && seq < size && size <= this.#acknowledged.size)) throw noSuchProof(size);
    return (await proveInclusion(this.#nodes(), seq, size)).map(toHex);
  }

  /** Hashes in hex (RFC 9162 2.1.4). */
  async consistencyProof(earlier: number, size: number = this.size): Promise<readonly string[]> {
    const fits = earlier >= 0 && earlier <= size && size <= this.#acknowledged.size;
    if (!fits) throw noSuchProof(size);
    return (await proveConsistency(this.#nodes(), earlier, size)).map(toHex);
  }

  #nodes(): ReturnType<typeof treeNodes> {
    return treeNodes(this.#ports.files, this.#ports.directory, this.#tileCache, (level, index) => {
      const waiting = this.#folding.waitingTile(level, index);
      if (waiting !== undefined) return waiting;
      const full = Math.floor(this.#tree.size / TILE_WIDTH ** (level + 1));
      return index === full ? this.#tree.open(level) : undefined;
    });
  }

  // End --------------------------------------------------------------------------------------

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort();
    await this.#ticking;
    await this.#pumping;
    await this.#syncing;
    if (this.#failure === undefined) await this.checkpoint().catch(ignore);
    await this.#signing;
    await this.#pumping;
    await this.#syncing;
    await this.#folding.settled();
    await this.#closing;
    for (const appender of this.#full.splice(0)) await appender.close().catch(ignore);
    await this.#journal?.appender.close().catch(ignore);
    await this.#dropNext();
    await this.#checkpoints?.close().catch(ignore);
  }

  /** A journal that was opened ahead and not needed holds nothing. */
  async #dropNext(): Promise<void> {
    const appender = await this.#next?.appender.catch(ignore);
    if (this.#next === undefined || appender === undefined) return;
    await appender.close().catch(ignore);
    if (this.#failure !== undefined) return;
    await this.#ports.files
      .remove(journalPath(this.#ports.directory, this.#next.bundle))
      .catch(ignore);
  }
}

function tooBig(bytes: number): Fault {
  return new Fault(
    'invalid',
    'event-too-big',
    `an event is bigger than the log takes: ${bytes} of ${LIMITS.eventBytes} bytes. Bound its arguments first`,
    { facts: { bytes, limit: LIMITS.eventBytes } },
  );
}

function noSuchProof(size: number): Fault {
  return new Fault(
    'missing',
    'no-such-proof',
    `the log has no such record or size: ${size}. Give a size that is acknowledged, and a record below it`,
  );
}

function ignore(): void {}
