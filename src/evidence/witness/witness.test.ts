/** The witness as a stranger's client sees it, and what it must never say. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Files } from '#base/ports';
import { SimulatedDisk } from '#test/simulated-files';
import { seededRandom, tickingClock } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { checkpointText, parseNote, signNote, verifierKey } from '../note.ts';
import { GrowingTree, leafHash, proveConsistency, rootOf, toHex } from '../tree.ts';
import { addCheckpointBody, parseAddCheckpoint } from './add-checkpoint.ts';
import { cosignedAt, parseWitnessKey } from './cosignature.ts';
import { parseKnownLogs } from './known-logs.ts';
import { Witness, type WitnessAnswer } from './server.ts';

const ORIGIN = 'log.example/one';
const NAME = 'witness.example/w1';
const HOME = '/witness';
const { privateKey } = generateKeyPairSync('ed25519');
const log = verifierKey(ORIGIN, privateKey);

/** A history of leaves that parts from the others at `forkAt`. */
class History {
  readonly leaves: string[];

  constructor(size: number, forkAt = size) {
    this.leaves = Array.from({ length: size }, (_, i) =>
      leafHash(i < forkAt ? `${i}` : `other ${i}`),
    );
  }

  root(size: number): string {
    const tree = new GrowingTree();
    for (const leaf of this.leaves.slice(0, size)) tree.append(leaf);
    return toHex(tree.root());
  }

  note(size: number, key = privateKey): string {
    const text = checkpointText({ origin: ORIGIN, size, root: this.root(size) });
    return signNote(text, ORIGIN, key);
  }

  async proof(earlier: number, size: number): Promise<readonly string[]> {
    const node = (height: number, index: number): Promise<string> =>
      Promise.resolve(rootOf(this.leaves.slice(index * 2 ** height, (index + 1) * 2 ** height)));
    return (await proveConsistency(node, earlier, size)).map(toHex);
  }

  async body(earlier: number, size: number): Promise<Buffer> {
    return Buffer.from(
      addCheckpointBody(earlier, await this.proof(earlier, size), this.note(size)),
    );
  }
}

const open = (files: Files, over = {}): Promise<Witness> =>
  Witness.open({
    files,
    clock: tickingClock(),
    random: seededRandom(3),
    directory: HOME,
    name: NAME,
    logs: [log],
    ...over,
  });

const add = (witness: Witness, body: Uint8Array): Promise<WitnessAnswer> =>
  witness.handle('POST', '/add-checkpoint', body);

const one = new History(40);
const fork = new History(40, 7);

describe('a witness', () => {
  it('cosigns a log that grows, and its cosignature holds for a stranger', async () => {
    const witness = await open(new SimulatedDisk().start());
    const key = parseWitnessKey(witness.vkey);
    assert.ok(key !== undefined);
    for (const [old, size] of [
      [0, 5],
      [5, 5],
      [5, 6],
      [6, 40],
    ] as const) {
      const answer = await add(witness, await one.body(old, size));
      assert.equal(answer.status, 200, answer.body);
      const note = parseNote(`${one.note(size)}${answer.body}`);
      assert.ok(note !== undefined);
      assert.equal(typeof cosignedAt(note, key), 'number');
      assert.equal(cosignedAt({ ...note, text: `${note.text}x\n` }, key), undefined);
    }
    assert.equal(parseNote(witness.latest(ORIGIN) ?? '')?.signatures.length, 2);
  });

  it('refuses a smaller size, a second root for one size, and a fork', async () => {
    const witness = await open(new SimulatedDisk().start());
    await add(witness, await one.body(0, 20));
    const said = async (history: History, old: number, size: number): Promise<unknown> => {
      const { status, type, body } = await add(witness, await history.body(old, size));
      return [status, type === 'text/x.tlog.size' ? body : ''];
    };
    assert.deepEqual(await said(one, 0, 10), [409, '20\n']);
    assert.deepEqual(await said(one, 10, 20), [409, '20\n']);
    assert.deepEqual(await said(fork, 20, 20), [409, '20\n']);
    assert.deepEqual(await said(fork, 20, 30), [422, '']);
    assert.deepEqual(await said(one, 0, 30), [409, '20\n']);
    const backwards = Buffer.from(addCheckpointBody(20, [], one.note(10)));
    assert.equal((await add(witness, backwards)).status, 400);
    assert.deepEqual(await said(one, 20, 30), [200, '']);
  });

  it('knows only its logs, and only by their keys', async () => {
    const witness = await open(new SimulatedDisk().start());
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const foreign = addCheckpointBody(0, [], one.note(5, stranger));
    assert.equal((await add(witness, Buffer.from(foreign))).status, 403);
    const other = signNote(
      checkpointText({ origin: 'x', size: 1, root: one.root(1) }),
      'x',
      stranger,
    );
    assert.equal((await add(witness, Buffer.from(addCheckpointBody(0, [], other)))).status, 404);
    assert.equal((await witness.handle('GET', '/add-checkpoint', Buffer.of())).status, 405);
    assert.equal((await witness.handle('POST', '/other', Buffer.of())).status, 404);
    assert.equal(witness.latest(ORIGIN), undefined);
  });

  it('gives one answer for one size to fifty that race', async () => {
    const witness = await open(new SimulatedDisk().start());
    await add(witness, await one.body(0, 7));
    const bodies = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        (i % 2 === 0 ? one : fork).body(7, 8 + Math.floor(i / 2)),
      ),
    );
    const answers = await Promise.all(bodies.map((body) => add(witness, body)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 409));
  });

  it('stays with what it said over every failure of its disk, and over restarts', async () => {
    for (const kind of ['fail', 'kill', 'power-cut'] as const) {
      for (let at = 1; at < 200; at += 1) {
        const disk = new SimulatedDisk(at);
        const said = new Map<number, string>();
        const history = async (
          witness: Witness,
          h: History,
          steps: readonly number[],
        ): Promise<void> => {
          for (const size of steps) {
            for (const old of [0, 7, 12, 20]) {
              const { status } = await add(witness, await h.body(Math.min(old, size), size));
              if (status !== 200) continue;
              assert.equal(said.get(size) ?? h.root(size), h.root(size));
              assert.ok(Math.max(0, ...said.keys()) <= size, 'a smaller size was cosigned');
              said.set(size, h.root(size));
            }
          }
        };
        const files = disk.start({ kind, at });
        try {
          await history(await open(files), one, [7, 12]);
        } catch {
          // The first opening failed.
        }
        const isOver = disk.calls < at;
        const again = await open(disk.start());
        await history(again, fork, [7, 12, 20]);
        await history(again, one, [7, 12, 20]);
        // Which history it went with is its choice; it never went with both.
        const kinds = [...said]
          .filter(([size]) => size > 7)
          .map(([size, root]) => root === one.root(size));
        assert.equal(new Set(kinds).size, 1, `${kind} ${at}`);
        if (isOver) break;
        assert.ok(at < 199, 'the loop did not come to an end');
      }
    }
  });

  it('does not begin again where its record or its key is gone, or is not its own', async () => {
    const disk = new SimulatedDisk();
    await add(await open(disk.start()), await one.body(0, 7));
    const whole = disk.snapshot();
    const without = (name: string): void => {
      disk.restore(new Map([...whole].filter(([path]) => path !== `${HOME}/${name}`)));
    };
    without('cosigned');
    await throwsFault(() => open(disk.start()), 'witness-state-missing');
    without('witness.pem');
    await throwsFault(() => open(disk.start()), 'witness-key-missing');
    disk.restore(whole);
    disk.put(`${HOME}/cosigned`, Buffer.from(one.note(3)));
    await throwsFault(() => open(disk.start()), 'witness-state-unreadable');
    disk.put(`${HOME}/witness.pem`, Buffer.from('nothing'));
    await throwsFault(() => open(disk.start()), 'witness-key-unreadable');
  });

  it('answers whatever it is sent', async () => {
    const witness = await open(new SimulatedDisk().start());
    await add(witness, await one.body(0, 7));
    const good = (await one.body(7, 20)).toString('latin1');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length),
        fc.nat(30),
        fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('\n', '\n\n', 'old 7\n', '— ')),
        async (from, cut, text) => {
          const body = Buffer.from(good.slice(0, from) + text + good.slice(from + cut), 'latin1');
          if (body.toString('latin1') === good) return;
          const { status } = await add(witness, body);
          assert.ok([400, 403, 404, 409, 422].includes(status), `${status}`);
        },
      ),
      { numRuns: 150 },
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseAddCheckpoint(bytes)));
  });
});

describe('the file of known logs', () => {
  it('is a key on each line, and names the line that is not', async () => {
    assert.equal(parseKnownLogs(`# ours\n\n${log.vkey}\n`, 'logs')[0]?.name, ORIGIN);
    const fault = await throwsFault(
      () => parseKnownLogs(`${log.vkey}\nx\n`, 'logs'),
      'invalid-known-logs',
    );
    assert.match(fault.message, /logs:2/);
    await throwsFault(
      () => parseKnownLogs(`${log.vkey}\n${log.vkey}\n`, 'logs'),
      'invalid-known-logs',
    );
  });
});
