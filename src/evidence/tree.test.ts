import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { isSignedBy, parseNote, parseVerifierKey } from './note.ts';
import { tileNumber } from './tiles.ts';
import {
  GrowingTree,
  leafHash,
  leafHashOf,
  type NodeSource,
  nodeHash,
  proveConsistency,
  proveInclusion,
  toHex,
  verifyConsistency,
  verifyInclusion,
} from './tree.ts';

/** RFC 6962 2.1, word by word. */
function reference(entries: readonly Buffer[]): Buffer {
  const sha = (...parts: Uint8Array[]): Buffer =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return sha();
  if (entries.length === 1) return sha(Buffer.of(0), entries[0]!);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha(Buffer.of(1), reference(entries.slice(0, k)), reference(entries.slice(k)));
}

const entries = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(`entry ${i} ü`));

function grown(count: number): GrowingTree {
  const tree = new GrowingTree();
  for (const entry of entries(count)) tree.append(leafHash(entry.toString()));
  return tree;
}

function nodes(count: number): NodeSource {
  const leaves = entries(count).map(leafHashOf);
  const at = (height: number, index: number): string =>
    height === 0
      ? leaves[index]!
      : nodeHash(at(height - 1, index * 2), at(height - 1, index * 2 + 1));
  return (height, index) => Promise.resolve(at(height, index));
}

describe('the tree', () => {
  it('has the roots of RFC 6962', () => {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 600]) {
      assert.equal(toHex(grown(count).root()), reference(entries(count)).toString('hex'));
    }
  });

  it('has the root that is known for no leaves and for one empty leaf', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    assert.equal(toHex(new GrowingTree().root()), empty);
    const one = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d';
    assert.equal(toHex(leafHash('')), one);
  });

  it('proves inclusion and consistency, and nothing else by the same proof', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), async (size, a, b) => {
        const [seq, earlier] = [a % size, b % (size + 1)];
        const root = toHex(grown(size).root());
        const leaf = toHex(leafHashOf(entries(size)[seq]!));
        const proof = (await proveInclusion(nodes(size), seq, size)).map(toHex);
        const claim = { leaf, seq, size, root, proof };
        assert.equal(verifyInclusion(claim), true);
        if (size > 1) {
          assert.equal(verifyInclusion({ ...claim, seq: (seq + 1) % size }), false);
          assert.equal(verifyInclusion({ ...claim, proof: proof.slice(1) }), false);
        }
        assert.equal(verifyInclusion({ ...claim, proof: [...proof, leaf] }), false);
        assert.equal(verifyInclusion({ ...claim, leaf: root }), size === 1);

        const earlierRoot = toHex(grown(earlier).root());
        const path = (await proveConsistency(nodes(size), earlier, size)).map(toHex);
        const grows = { earlier, earlierRoot, size, root, proof: path };
        assert.equal(verifyConsistency(grows), true);
        assert.equal(verifyConsistency({ ...grows, proof: [...path, root] }), false);
        if (earlier > 0 && earlier < size) {
          assert.equal(verifyConsistency({ ...grows, earlierRoot: root }), false);
          assert.equal(verifyConsistency({ ...grows, proof: path.slice(1) }), false);
          assert.equal(verifyConsistency({ ...grows, root: earlierRoot }), false);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('is proved out of the tiles of a log, across bundles and its unfinished end', async () => {
    const disk = new SimulatedDisk();
    const first = await openTestLog(disk.start());
    const places = await Promise.all(
      Array.from({ length: 900 }, () => first.log.append(anEvent()).durable),
    );
    const { size: earlier, root: earlierRoot } = first.log.head;
    await first.log[Symbol.asyncDispose]();
    const { log } = await openTestLog(disk.start());
    const { size, root } = log.head;
    for (const { seq, leafHash: leaf } of [places[0]!, places[254]!, places[255]!, places[899]!]) {
      const proof = await log.inclusionProof(seq, size);
      assert.equal(verifyInclusion({ leaf, seq, size, root, proof }), true, String(seq));
    }
    const proof = await log.consistencyProof(earlier, size);
    assert.equal(verifyConsistency({ earlier, earlierRoot, size, root, proof }), true);
    await throwsFault(() => log.inclusionProof(size, size), 'no-such-proof');
    await throwsFault(() => log.consistencyProof(1, size + 1), 'no-such-proof');
    await log[Symbol.asyncDispose]();
  });

  it('is proved while it grows, whatever was proved before', async () => {
    const { log } = await openTestLog(new SimulatedDisk().start());
    const heads = [log.head];
    for (let i = 0; i < 60; i += 1) {
      const places = await Promise.all(
        Array.from({ length: 13 }, () => log.append(anEvent()).durable),
      );
      heads.push(log.head);
      const { seq, leafHash: leaf } = places[i % 13]!;
      const { size, root } = log.head;
      const proof = await log.inclusionProof(seq, size);
      assert.equal(verifyInclusion({ leaf, seq, size, root, proof }), true, String(seq));
      const { size: earlier, root: earlierRoot } = heads[i >> 1]!;
      const extension = await log.consistencyProof(earlier, size);
      assert.equal(
        verifyConsistency({ earlier, earlierRoot, size, root, proof: extension }),
        true,
        `${earlier} to ${size}`,
      );
    }
    await log[Symbol.asyncDispose]();
  });
});

describe('the published forms', () => {
  it('names tiles as C2SP tlog-tiles does', () => {
    assert.equal(tileNumber(1_234_067), 'x001/x234/067');
    assert.equal(tileNumber(0), '000');
    assert.equal(tileNumber(1000), 'x001/000');
  });

  it('reads the signed note that the format was first published with', () => {
    const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    const text =
      'If you think cryptography is the answer to your problem,\n' +
      "then you don't know what your problem is.\n";
    const signature =
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    const key = parseVerifierKey(vkey)!;
    assert.equal(isSignedBy(parseNote(`${text}\n${signature}`)!, key), true);
    assert.equal(isSignedBy(parseNote(`${text.replace('you', 'You')}\n${signature}`)!, key), false);
    assert.equal(parseVerifierKey(vkey.replace('c74f20a3', 'c74f20a4')), undefined);
  });
});
