import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { verifyConsistency, verifyInclusion } from '#evidence';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { logProofs } from './log-proofs.ts';

type Proved = { seq: number; record: string; proof: string[] };
type Told = {
  note: string;
  size: number;
  key: string;
  keys: Proved[];
  consistency: { earlier: number; proof: string[] } | null;
  witnesses: { key: string; cosigned: { note: string; proof: string[] } | null }[];
};

async function aLog(events: number) {
  const files = new SimulatedDisk(1).start();
  const { log } = await openTestLog(files);
  const fill = async (count: number): Promise<void> => {
    for (let i = 1; i < count; i++) void log.append(anEvent()).written;
    await log.append(anEvent()).durable;
  };
  await fill(events);
  const proofs = logProofs(files, log, '/data/log');
  return {
    log,
    files,
    fill,
    checkpoint: async (earlier?: number, sign = true) =>
      (await proofs.checkpoint(earlier, sign)) as unknown as Told,
    prove: async (seqs: number[], size: number) =>
      ((await proofs.prove(seqs, size)) as unknown as { records: Proved[] }).records,
  };
}

const rootOf = (note: string): string =>
  Buffer.from(note.split('\n')[2] ?? '', 'base64').toString('hex');
const leafOf = (record: string): string => createHash('sha256').update(`\0${record}`).digest('hex');

describe('proofs for somebody else to check', () => {
  it('hold for each record, and from each checkpoint to the next', async () => {
    const { checkpoint, prove, fill } = await aLog(300);
    const first = await checkpoint();
    for (const { seq, record, proof } of await prove([0, 1, 299], first.size)) {
      const root = rootOf(first.note);
      const claim = { leaf: leafOf(record), seq, size: first.size, root, proof };
      assert.ok(verifyInclusion(claim), String(seq));
    }
    await fill(50);
    const { size, note, consistency } = await checkpoint(first.size);
    assert.ok(size > first.size && consistency?.earlier === first.size);
    const { proof } = consistency;
    const [earlierRoot, root] = [rootOf(first.note), rootOf(note)];
    assert.ok(verifyConsistency({ earlier: first.size, earlierRoot, size, root, proof }));
  });

  it('bring what each witness cosigned last, and lead from there to the checkpoint', async () => {
    const { checkpoint, fill, files, log } = await aLog(20);
    const first = await checkpoint();
    const line = (name: string): string => `— ${name} ${'A'.repeat(20)}\n`;
    await files.replace(
      '/data/log/cosigned',
      Buffer.from(`${first.note}${line('w1')}${first.note}${line('w2')}`),
      0o600,
    );
    await fill(30);
    const proofs = logProofs(files, log, '/data/log', ['w1+x', 'w3+x']);
    const told = (await proofs.checkpoint(undefined, true)) as unknown as Told;
    assert.deepEqual(
      told.witnesses.map(({ key, cosigned }) => [key, cosigned?.note.includes('— w1 ')]),
      [
        ['w1+x', true],
        ['w3+x', undefined],
      ],
    );
    const proof = told.witnesses[0]?.cosigned?.proof ?? [];
    const [earlierRoot, root] = [rootOf(first.note), rootOf(told.note)];
    const claim = { earlier: first.size, earlierRoot, size: told.size, root, proof };
    assert.ok(verifyConsistency(claim));
  });

  it('name every key there was, first to last', async () => {
    const { log, checkpoint, fill } = await aLog(3);
    const before = await checkpoint();
    assert.deepEqual(
      before.keys.map(({ seq }) => seq),
      [0],
    );
    await log.rotateKey();
    await fill(600);
    await log.rotateKey();
    await fill(2);
    const { keys, key } = await checkpoint();
    assert.equal(keys.length, 3);
    const named = keys.map(({ record }) => JSON.parse(record).more);
    assert.equal(named[0].vkey, named[1].from);
    assert.equal(named[1].to, named[2].from);
    assert.equal(named[2].to, key);
    assert.equal((await checkpoint()).keys.length, 3);
  });

  it('begin with a checkpoint where none was signed yet, and sign no other unasked', async () => {
    const { checkpoint, fill } = await aLog(3);
    const { size } = await checkpoint(undefined, false);
    assert.ok(size >= 3);
    await fill(2);
    assert.equal((await checkpoint(undefined, false)).size, size);
    assert.ok((await checkpoint(undefined, true)).size > size);
  });

  it('tell nothing of a checkpoint that is longer than the log', async () => {
    const { checkpoint, prove } = await aLog(3);
    const { size } = await checkpoint();
    assert.equal((await checkpoint(size + 10_000)).consistency, null);
    await throwsFault(() => prove([size + 10_000], size), 'no-such-proof');
    await throwsFault(() => prove([size], size), 'no-such-proof');
  });
});
