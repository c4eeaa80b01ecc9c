/** The RFC 6962 tree as somebody who holds nothing but hashes checks it: RFC 9162 2.1.3.2 and 2.1.4.2. */
import { type Bytes, fromHex, sha256, toHex, utf8 } from './bytes.ts';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Of a record as text: SHA-256(0x00 || UTF-8), hex. */
export async function leafHash(record: string): Promise<string> {
  return toHex(await sha256(LEAF, utf8(record)));
}

const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(NODE, left, right);

/** All hashes in hex; false for anything malformed. */
export async function verifyInclusion(claim: {
  readonly leaf: string;
  readonly seq: number;
  readonly size: number;
  readonly root: string;
  readonly proof: readonly string[];
}): Promise<boolean> {
  const { seq, size, root } = claim;
  const [leaf, ...path] = hashes([claim.leaf, ...claim.proof]) ?? [];
  if (leaf === undefined || !isCount(seq) || !isCount(size) || seq >= size) return false;
  let index = seq;
  let last = size - 1;
  let node = leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      node = await nodeHash(sibling, node);
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      node = await nodeHash(node, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && toHex(node) === root;
}

/** All hashes in hex; false for anything malformed. */
export async function verifyConsistency(claim: {
  readonly earlier: number;
  readonly earlierRoot: string;
  readonly size: number;
  readonly root: string;
  readonly proof: readonly string[];
}): Promise<boolean> {
  const { earlier, earlierRoot, size, root } = claim;
  const path = hashes(claim.proof);
  const old = hashes([earlierRoot])?.[0];
  if (path === undefined || old === undefined) return false;
  if (!isCount(earlier) || !isCount(size) || earlier > size) return false;
  if (earlier === 0) return path.length === 0 && earlierRoot === toHex(await sha256());
  if (earlier === size) return path.length === 0 && earlierRoot === root;
  if (Number.isInteger(Math.log2(earlier))) path.unshift(old);
  let index = earlier - 1;
  let last = size - 1;
  while (index % 2 === 1) {
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  const first = path.shift();
  if (first === undefined) return false;
  let before = first;
  let after = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      before = await nodeHash(sibling, before);
      after = await nodeHash(sibling, after);
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      after = await nodeHash(after, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && toHex(before) === earlierRoot && toHex(after) === root;
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

function hashes(all: readonly string[]): Bytes[] | undefined {
  const read = all.map((hex) => (hex.length === 64 ? fromHex(hex) : undefined));
  return read.every((each) => each !== undefined) ? read : undefined;
}
