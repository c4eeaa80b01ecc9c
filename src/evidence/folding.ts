/**
 * Folding: a journal of 256 acknowledged records becomes a bundle and tiles.
 *
 * The journal is removed last, so a crash leaves both, which say the same. Until a bundle is folded its
 * entries and tiles are answered from memory.
 */
import type { Files } from '#base/ports';
import { journalPath } from './journal.ts';
import { bundlePath, encodeBundle, encodeTile, tilePath } from './tiles.ts';
import { type FullTile, type Hash, TILE_WIDTH } from './tree.ts';

export class Folding {
  readonly #files: Files;
  readonly #directory: string;
  readonly #failed: (cause: unknown) => void;
  readonly #tail: Map<number, Buffer[]>;
  /** Full tiles by the bundle that filled them; the tree adds to it. */
  readonly #tiles: Map<number, FullTile[]>;
  readonly #made = new Set<string>();
  #folded: number;
  #acknowledged = 0;
  #hasFailed = false;
  #running: Promise<void> | undefined;

  constructor(
    files: Files,
    directory: string,
    state: {
      readonly tail: Map<number, Buffer[]>;
      readonly tiles: Map<number, FullTile[]>;
      readonly folded: number;
    },
    failed: (cause: unknown) => void,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#tail = state.tail;
    this.#tiles = state.tiles;
    this.#folded = state.folded;
    this.#failed = failed;
  }

  /** Entries that are in journals, by bundle. */
  get tail(): ReadonlyMap<number, readonly Buffer[]> {
    return this.#tail;
  }

  /** Full bundles under the acknowledged head that are not folded yet. */
  get waiting(): number {
    return Math.floor(this.#acknowledged / TILE_WIDTH) - this.#folded;
  }

  /** Where the entries of an unfinished bundle are collected. */
  entriesOf(bundle: number): Buffer[] {
    const entries = this.#tail.get(bundle) ?? [];
    this.#tail.set(bundle, entries);
    return entries;
  }

  waitingTile(level: number, index: number): readonly Hash[] | undefined {
    for (const tiles of this.#tiles.values()) {
      const tile = tiles.find((one) => one.level === level && one.index === index);
      if (tile !== undefined) return tile.hashes;
    }
    return undefined;
  }

  /** Everything below `size` is acknowledged and may be folded. */
  upTo(size: number): void {
    this.#acknowledged = size;
    if (this.waiting > 0 && !this.#hasFailed) this.#running ??= this.#run();
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // So that the field is set before the end of this clears it.
    await Promise.resolve();
    try {
      while (this.waiting > 0) await this.#fold(this.#folded);
    } catch (cause) {
      this.#hasFailed = true;
      this.#failed(cause);
    } finally {
      this.#running = undefined;
    }
  }

  async #fold(bundle: number): Promise<void> {
    const tiles = this.#tiles.get(bundle) ?? [];
    // While the journal is there, these may be there or not, in any order.
    await Promise.all([
      this.#replace(bundlePath(this.#directory, bundle), encodeBundle(this.entriesOf(bundle))),
      ...tiles.map(({ level, index, hashes }) =>
        this.#replace(tilePath(this.#directory, level, index), encodeTile(hashes)),
      ),
    ]);
    // From here on readers find the bundle; the journal is the copy that may go.
    this.#folded = bundle + 1;
    this.#tail.delete(bundle);
    this.#tiles.delete(bundle);
    await this.#files.remove(journalPath(this.#directory, bundle));
  }

  async #replace(path: string, bytes: Uint8Array): Promise<void> {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (!this.#made.has(parent)) {
      await this.#files.makeDirectory(parent);
      this.#made.add(parent);
    }
    await this.#files.replace(path, bytes);
  }
}
