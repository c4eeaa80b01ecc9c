/**
 * The RFC 6962 tree: hashes, the right edge that grows, and the proofs of RFC 9162 2.1.3 and 2.1.4.
 *
 * Inside, a hash is a latin1 string of 32 characters: no Buffer is allocated for each of millions
 * of hashes. Outside it is lower-case hex.
 */
import { hash } from 'node:crypto';

/** A SHA-256 as 32 latin1 characters. */
export type Hash = string;

export const HASH_BYTES = 32;
/** Hashes in a full tile, entries in a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;

// Only ever filled and hashed inside one synchronous call.
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The leaf hash of an entry given as text: SHA-256(0x00 || UTF-8). */
export function leafHash(entry: string): Hash {
  return hash('sha256', `\0${entry}`, 'latin1');
}

/** The leaf hash of an entry given as bytes. */
export function leafHashOf(entry: Uint8Array): Hash {
  const bytes = Buffer.allocUnsafe(entry.length + 1);
  bytes[0] = 0;
  bytes.set(entry, 1);
  return hash('sha256', bytes, 'latin1');
}

export function nodeHash(left: Hash, right: Hash): Hash {
  pair.write(left, 1, 'latin1');
  pair.write(right, 1 + HASH_BYTES, 'latin1');
  return hash('sha256', pair, 'latin1');
}

export const EMPTY_ROOT: Hash = hash('sha256', '', 'latin1');

export function toHex(value: Hash): string {
  return Buffer.from(value, 'latin1').toString('hex');
}

export function fromHex(hex: string): Hash {
  return Buffer.from(hex, 'hex').toString('latin1');
}

/** Root of a complete or incomplete list of sibling subtrees, as RFC 6962 splits them. */
export function rootOf(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return EMPTY_ROOT;
  let level = hashes;
  while (level.length > 1) {
    const next: Hash[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      next.push(nodeHash(level[i] as Hash, level[i + 1] as Hash));
    }
    if (level.length % 2 === 1) next.push(level[level.length - 1] as Hash);
    level = next;
  }
  return level[0] as Hash;
}

export type FullTile = {
  readonly level: number;
  readonly index: number;
  readonly hashes: readonly Hash[];
};

/**
 * The right edge of a growing tree, with the hashes of the tiles that are not full yet.
 *
 * `full` is told of each tile the moment its last hash is known, lowest level first.
 */
export class GrowingTree {
  #size = 0;
  /** Roots of the perfect subtrees that make up the tree, largest first. */
  readonly #edge: Hash[] = [];
  /** Hashes of the unfinished tile at each tile level. */
  readonly #open: Hash[][] = [[]];
  readonly #full: ((level: number, index: number, hashes: readonly Hash[]) => void) | undefined;

  constructor(full?: (level: number, index: number, hashes: readonly Hash[]) => void) {
    this.#full = full;
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Hash): void {
    let node = leaf;
    let height = 0;
    this.#keep(0, node);
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      node = nodeHash(this.#edge.pop() as Hash, node);
      height += 1;
      if (height % 8 === 0) this.#keep(height / 8, node);
    }
    this.#edge.push(node);
    this.#size += 1;
  }

  /** Starts from tiles: `open[L]` are the hashes of the unfinished tile at level L, `size` the leaves below. */
  restore(size: number, open: readonly (readonly Hash[])[]): void {
    this.#size = size;
    this.#edge.length = 0;
    this.#open.length = 0;
    for (const list of open) this.#open.push([...list]);
    if (this.#open.length === 0) this.#open.push([]);
    for (let level = open.length - 1; level >= 0; level -= 1) {
      const list = open[level] as readonly Hash[];
      for (let i = 0; i < list.length; i += 1) {
        let node = list[i] as Hash;
        for (let rest = i; rest % 2 === 1; rest = (rest - 1) / 2) {
          node = nodeHash(this.#edge.pop() as Hash, node);
        }
        this.#edge.push(node);
      }
    }
  }

  root(): Hash {
    let root: Hash | undefined;
    for (let i = this.#edge.length - 1; i >= 0; i -= 1) {
      root = root === undefined ? this.#edge[i] : nodeHash(this.#edge[i] as Hash, root);
    }
    return root ?? EMPTY_ROOT;
  }

  /** Hashes of the unfinished tile at a tile level; the caller must not change them. */
  open(level: number): readonly Hash[] {
    return this.#open[level] ?? [];
  }

  #keep(level: number, node: Hash): void {
    let list = this.#open[level];
    if (list === undefined) {
      list = [];
      this.#open[level] = list;
    }
    list.push(node);
    if (list.length < TILE_WIDTH) return;
    this.#open[level] = [];
    // At this moment #size is still the index of the newest leaf.
    this.#full?.(level, Math.floor(this.#size / TILE_WIDTH ** (level + 1)), list);
  }
}

/** Where the hash of a perfect subtree comes from: leaves `[index * 2^height, (index + 1) * 2^height)`. */
export type NodeSource = (height: number, index: number) => Promise<Hash>;

/** The largest power of two smaller than `n`, for n > 1. */
function split(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}

async function subtree(node: NodeSource, from: number, to: number): Promise<Hash> {
  const count = to - from;
  const height = Math.log2(count);
  if (Number.isInteger(height)) return node(height, from / count);
  const k = split(count);
  return nodeHash(await subtree(node, from, from + k), await subtree(node, from + k, to));
}

/** Inclusion proof of leaf `seq` in the tree of `size` leaves, innermost hash first. */
export async function proveInclusion(
  node: NodeSource,
  seq: number,
  size: number,
): Promise<readonly Hash[]> {
  const proof: Hash[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (seq < middle) {
      proof.push(await subtree(node, middle, to));
      to = middle;
    } else {
      proof.push(await subtree(node, from, middle));
      from = middle;
    }
  }
  return proof.reverse();
}

/** Proof that the tree of `size` leaves extends the tree of `earlier` leaves. */
export async function proveConsistency(
  node: NodeSource,
  earlier: number,
  size: number,
): Promise<readonly Hash[]> {
  if (earlier === 0 || earlier === size) return [];
  const proof: Hash[] = [];
  let from = 0;
  let to = size;
  let whole = true;
  while (earlier !== to) {
    const middle = from + split(to - from);
    if (earlier <= middle) {
      proof.push(await subtree(node, middle, to));
      to = middle;
    } else {
      proof.push(await subtree(node, from, middle));
      from = middle;
      whole = false;
    }
  }
  if (!whole) proof.push(await subtree(node, from, to));
  return proof.reverse();
}

/** RFC 9162 2.1.3.2. All hashes in hex; false for anything malformed. */
export function verifyInclusion(claim: {
  readonly leaf: string;
  readonly seq: number;
  readonly size: number;
  readonly root: string;
  readonly proof: readonly string[];
}): boolean {
  const { seq, size } = claim;
  if (!areHashes([claim.leaf, claim.root, ...claim.proof])) return false;
  if (!isCount(seq) || !isCount(size) || seq >= size) return false;
  let index = seq;
  let last = size - 1;
  let node = fromHex(claim.leaf);
  for (const hex of claim.proof) {
    if (last === 0) return false;
    const sibling = fromHex(hex);
    if (index % 2 === 1 || index === last) {
      node = nodeHash(sibling, node);
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      node = nodeHash(node, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && toHex(node) === claim.root;
}

/** RFC 9162 2.1.4.2. All hashes in hex; false for anything malformed. From the empty tree only to itself or with no proof. */
export function verifyConsistency(claim: {
  readonly earlier: number;
  readonly earlierRoot: string;
  readonly size: number;
  readonly root: string;
  readonly proof: readonly string[];
}): boolean {
  const { earlier, size } = claim;
  if (!areHashes([claim.earlierRoot, claim.root, ...claim.proof])) return false;
  if (!isCount(earlier) || !isCount(size) || earlier > size) return false;
  if (earlier === 0) return claim.earlierRoot === toHex(EMPTY_ROOT) && claim.proof.length === 0;
  if (earlier === size) return claim.earlierRoot === claim.root && claim.proof.length === 0;
  const path = claim.proof.map(fromHex);
  if (Number.isInteger(Math.log2(earlier))) path.unshift(fromHex(claim.earlierRoot));
  let index = earlier - 1;
  let last = size - 1;
  while (index % 2 === 1) {
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  const first = path.shift();
  if (first === undefined) return false;
  let old = first;
  let node = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      old = nodeHash(sibling, old);
      node = nodeHash(sibling, node);
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      node = nodeHash(node, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && toHex(old) === claim.earlierRoot && toHex(node) === claim.root;
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const areHashes = (all: readonly string[]): boolean => all.every((h) => /^[0-9a-f]{64}$/.test(h));
