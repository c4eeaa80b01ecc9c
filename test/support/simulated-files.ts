/**
 * `Files` in memory, with faults that a seed replays.
 *
 * What the port promises is kept: `sync`, `replace`, `truncate` and `remove` are durable when they
 * resolve. What it does not promise is taken: bytes that were appended and not synced are dropped
 * or torn by a power cut, and the call during which something happens may or may not have had its
 * effect, or a part of it.
 */
import type { Appender, FileInfo, Files } from '#base/ports';

/** What goes wrong at the n-th call (from 1) that changes or reads anything. */
export type FileFaultPlan =
  /** This one call fails, the rest goes on. */
  | { readonly kind: 'fail'; readonly at: number }
  /** The process dies in this call; the page cache survives. */
  | { readonly kind: 'kill'; readonly at: number }
  /** The machine loses power in this call. */
  | { readonly kind: 'power-cut'; readonly at: number };

type Stored = {
  /** What a reader sees. */
  bytes: Uint8Array;
  /** How much of it survives a power cut for certain. */
  synced: number;
  mode: number;
  /** What `bytes` are the beginning of while they only grow: a log is appended to thousands of times. */
  room?: Buffer;
};

export class SimulatedDisk {
  readonly stored = new Map<string, Stored>();
  readonly directories = new Set<string>();
  #random: () => number;
  #calls = 0;
  #plan: FileFaultPlan | undefined;
  #dead = false;

  constructor(seed = 1) {
    this.#random = mulberry(seed);
  }

  /** Calls so far since the last `start`. */
  get calls(): number {
    return this.#calls;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** The files as a new process sees them; handles of the one before stay dead. */
  start(plan?: FileFaultPlan): Files {
    this.#calls = 0;
    this.#plan = plan;
    this.#dead = false;
    return this.#files({ alive: true });
  }

  /** Plans trouble for the next call, whatever it will be. */
  breakNext(kind: FileFaultPlan['kind']): void {
    this.breakAt(kind, 1);
  }

  /** Plans trouble for the n-th call from now, from 1. */
  breakAt(kind: FileFaultPlan['kind'], n: number): void {
    this.#plan = { kind, at: this.#calls + n };
  }

  /** Whether the planned trouble has come. */
  get wasBroken(): boolean {
    return this.#plan !== undefined && this.#calls >= this.#plan.at;
  }

  /** Changes what will go wrong in the process that is running. */
  plan(plan: FileFaultPlan | undefined): void {
    this.#plan = plan;
  }

  /** A copy of everything a reader sees, for tampering and comparing. */
  snapshot(): Map<string, Uint8Array> {
    return new Map([...this.stored].map(([path, file]) => [path, copyOf(file.bytes)]));
  }

  /** Puts exactly these files there, all durable. */
  restore(snapshot: ReadonlyMap<string, Uint8Array>): void {
    this.stored.clear();
    for (const [path, bytes] of snapshot) this.put(path, bytes);
  }

  put(path: string, bytes: Uint8Array, mode = 0o600): void {
    this.stored.set(path, { bytes: copyOf(bytes), synced: bytes.length, mode });
  }

  /** Drops or tears what was not synced. */
  cutPower(): void {
    for (const file of this.stored.values()) {
      const unsynced = file.bytes.length - file.synced;
      if (unsynced <= 0) continue;
      const kept = Math.floor(this.#random() * (unsynced + 1));
      const bytes = copyOf(file.bytes.subarray(0, file.synced + kept));
      // Now and then the length was kept and the last bytes were not.
      if (this.#random() < 0.25) bytes.fill(0, file.synced + Math.floor(this.#random() * kept));
      file.bytes = bytes;
      file.synced = bytes.length;
    }
  }

  /**
   * Runs one call: `effect` is given the share of it that takes place, 1 unless the fault strikes
   * in this very call.
   */
  async #call<T>(process: { alive: boolean }, effect: (share: number) => T): Promise<T> {
    // As with real files, nothing happens in the caller's own turn.
    await Promise.resolve();
    if (!process.alive) throw died();
    this.#calls += 1;
    if (this.#plan?.at !== this.#calls) return effect(1);
    const { kind } = this.#plan;
    const share = [0, 1, this.#random()][Math.floor(this.#random() * 3)] as number;
    effect(share);
    if (kind === 'fail') throw Object.assign(new Error('simulated: EIO'), { code: 'EIO' });
    process.alive = false;
    this.#dead = true;
    if (kind === 'power-cut') this.cutPower();
    throw died();
  }

  #files(process: { alive: boolean }): Files {
    const call = <T>(effect: (share: number) => T): Promise<T> => this.#call(process, effect);
    return {
      info: (path) => call(() => this.#info(path)),
      list: (directory) => call(() => this.#list(directory)),
      read: (path) => call(() => optionalCopy(this.stored.get(path)?.bytes)),
      readRange: (path, from, to) =>
        call(() => optionalCopy(this.stored.get(path)?.bytes.subarray(from, to))),
      replace: (path, bytes, mode = 0o600) => {
        const copy = copyOf(bytes);
        return call((share) => {
          this.#needParent(path);
          if (share >= 0.5) this.put(path, copy, mode);
        });
      },
      appender: (path, mode = 0o600) =>
        call(() => {
          this.#needParent(path);
          if (!this.stored.has(path)) this.put(path, new Uint8Array(), mode);
          return this.#appender(call, path);
        }),
      truncate: (path, size) =>
        call((share) => {
          const file = this.#need(path);
          if (share < 0.5) return;
          file.bytes = copyOf(file.bytes.subarray(0, size));
          file.synced = file.bytes.length;
        }),
      makeDirectory: (path) =>
        call((share) => {
          if (share < 0.5) return;
          const parts = path.split('/');
          for (let i = 1; i <= parts.length; i += 1) {
            this.directories.add(parts.slice(0, i).join('/'));
          }
        }),
      remove: (path) =>
        call((share) => {
          if (share >= 0.5) this.stored.delete(path);
        }),
    };
  }

  #appender(call: <T>(effect: (share: number) => T) => Promise<T>, path: string): Appender {
    const file = this.#need(path);
    return {
      append: (bytes) => {
        const copy = copyOf(bytes);
        return call((share) => {
          const part = copy.subarray(0, Math.round(copy.length * share));
          file.bytes = appended(file, part);
        });
      },
      sync: () =>
        call((share) => {
          if (share === 1) file.synced = file.bytes.length;
        }),
      close: () => call(() => {}),
    };
  }

  #info(path: string): FileInfo | undefined {
    const file = this.stored.get(path);
    if (file !== undefined) return { size: file.bytes.length, kind: 'file' };
    return this.directories.has(path) ? { size: 0, kind: 'directory' } : undefined;
  }

  #list(directory: string): readonly string[] | undefined {
    const names = new Set<string>();
    for (const path of [...this.stored.keys(), ...this.directories]) {
      if (path.startsWith(`${directory}/`)) {
        names.add(path.slice(directory.length + 1).split('/')[0] as string);
      }
    }
    return names.size > 0 || this.directories.has(directory) ? [...names].sort() : undefined;
  }

  #need(path: string): Stored {
    const file = this.stored.get(path);
    if (file === undefined) throw absent(path);
    return file;
  }

  #needParent(path: string): void {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent.includes('/') && !this.directories.has(parent)) throw absent(parent);
  }
}

function appended(file: Stored, part: Uint8Array): Uint8Array {
  const { bytes } = file;
  const size = bytes.length + part.length;
  let { room } = file;
  if (room === undefined || bytes.buffer !== room.buffer || size > room.length) {
    room = Buffer.alloc(Math.max(4_096, 2 * size));
    room.set(bytes);
    file.room = room;
  }
  room.set(part, bytes.length);
  return room.subarray(0, size);
}

/** Not `slice`: on a Buffer that is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function optionalCopy(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : copyOf(bytes);
}

function died(): Error {
  return Object.assign(new Error('simulated: the process is dead'), { code: 'EDEAD' });
}

function absent(path: string): Error {
  return Object.assign(new Error(`simulated: ENOENT ${path}`), { code: 'ENOENT' });
}

/** A small generator of numbers in [0, 1) that a seed replays. */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
