import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Files } from '#base/ports';
import { type Instant, instant } from '#base/time';
import { type FileFaultPlan, SimulatedDisk } from '#test/simulated-files';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { type OutputStore, openOutputStore } from './store.ts';

const noon = instant('2026-03-01T12:00:00Z');
const later = (n: number): Instant => (noon + n) as Instant;
const about = (change: string, n = 0): { change: string; media: string; at: Instant } => ({
  change,
  media: 'text/plain',
  at: later(n),
});
const SECRET = 'what the program said about /etc/shadow';

async function open(files: Files): Promise<OutputStore> {
  await files.makeDirectory('/keys');
  return openOutputStore({
    files,
    random: seededRandom(4),
    directory: '/outputs',
    keyFile: '/keys/outputs',
  });
}

describe('a sealed output', () => {
  it('is read back by its hash, also after a restart, and stands nowhere in the clear', async () => {
    const disk = new SimulatedDisk();
    const store = await open(disk.start());
    const { sha256, length } = await store.keep(SECRET, about('change_1'));
    assert.equal(length, SECRET.length);
    const read = await (await open(disk.start())).read(sha256);
    assert.equal(Buffer.from(read.text).toString(), SECRET);
    assert.equal(read.label.media, 'text/plain');
    for (const [path, { bytes, mode }] of disk.stored) {
      assert.ok(!Buffer.from(bytes).includes('shadow'), path);
      assert.equal(mode, 0o600, path);
    }
    await throwsFault(() => store.read('0'.repeat(64)), 'output-unknown');
    for (const bad of ['x', '../x', '']) await throwsFault(() => store.read(bad), 'output-label');
    await throwsFault(() => store.keep('x', about('../../x')), 'output-label');
    await throwsFault(
      () => store.keep(Buffer.alloc(16 * 1024 * 1024 + 1), about('c')),
      'output-too-big',
    );
  });

  it('is refused with any byte changed, under another key, or in the place of another', async () => {
    const disk = new SimulatedDisk();
    const store = await open(disk.start());
    const { sha256 } = await store.keep(SECRET, about('change_1'));
    const other = await store.keep('other text, same size or not', about('change_1'));
    const whole = disk.snapshot();
    for (const path of [...whole.keys()].filter((one) => one.includes(sha256))) {
      const bytes = whole.get(path) as Uint8Array;
      for (let at = 0; at < bytes.length; at += 5) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 4;
        disk.put(path, changed);
        await throwsFault(() => store.read(sha256), 'output-damaged');
      }
      disk.restore(whole);
    }
    const pathOf = (hash: string, end: string): string =>
      [...whole.keys()].find((one) => one.endsWith(`${hash}.change_1${end}`)) as string;
    for (const ends of [[''], ['.key'], ['', '.key']]) {
      for (const end of ends)
        disk.put(pathOf(sha256, end), whole.get(pathOf(other.sha256, end)) as Uint8Array);
      await throwsFault(() => store.read(sha256), 'output-damaged');
      disk.restore(whole);
    }
    disk.put('/keys/outputs', Buffer.from('ab'.repeat(32)));
    const strange = await open(disk.start());
    await throwsFault(() => strange.read(sha256), 'output-damaged');
    disk.stored.delete('/keys/outputs');
    await throwsFault(() => open(disk.start()), 'output-key-missing');
  });

  it('is pruned when it is old and not on hold, and then says when and why', async () => {
    const disk = new SimulatedDisk();
    const store = await open(disk.start());
    const old = await store.keep('old', about('change_1'));
    const held = await store.keep('held', about('change_2'));
    const young = await store.keep('young', about('change_3', 10));
    await store.hold('change_2', 'a dispute', noon);
    const of = { before: later(5), at: later(20), policy: '30 days' };
    const record = await store.prune(of);
    assert.deepEqual(record.pruned, [{ sha256: old.sha256, change: 'change_1' }]);
    assert.deepEqual(record.held, [{ sha256: held.sha256, change: 'change_2', why: 'a dispute' }]);
    const fault = await throwsFault(() => store.read(old.sha256), 'output-pruned');
    assert.deepEqual(
      [fault.facts['policy'], fault.facts['at']],
      ['30 days', '2026-03-01T12:00:00.000020Z'],
    );
    assert.ok(![...disk.stored.keys()].some((path) => path.endsWith(`${old.sha256}.change_1`)));
    await store.read(held.sha256);
    await store.read(young.sha256);
    assert.deepEqual(await store.unrecorded(), [record]);
    await store.recorded(record.id);
    assert.deepEqual(await store.unrecorded(), []);
    await store.hold('all', 'everything', noon);
    assert.equal((await store.prune({ ...of, before: later(99) })).pruned.length, 0);
    assert.equal(await store.release('all'), true);
    assert.equal(await store.release('all'), false);
    disk.put('/outputs/holds', Buffer.from('{"x":1}'));
    await throwsFault(() => store.prune(of), 'holds-unreadable');
    disk.put('/outputs/holds', Buffer.from(''));
    await throwsFault(() => store.prune(of), 'holds-unreadable');
  });

  it('is kept once for a change, and for each change by itself', async () => {
    const disk = new SimulatedDisk();
    const store = await open(disk.start());
    const first = await store.keep('same', about('change_1'));
    const size = disk.stored.size;
    await store.keep('same', about('change_1'));
    assert.equal(disk.stored.size, size);
    await store.keep('same', about('change_2', 10));
    await store.prune({ before: later(5), at: later(20), policy: 'p' });
    assert.equal((await store.read(first.sha256)).label.change, 'change_2');
  });

  it('is there when that was said, and gone with a proof, whatever fails at whichever call', async () => {
    for (const kind of ['fail', 'kill', 'power-cut'] as const) {
      for (let at = 1; at < 200; at += 1) {
        const plan: FileFaultPlan = { kind, at };
        const disk = new SimulatedDisk(at);
        const files = disk.start(plan);
        let kept: string | undefined;
        let pruned = false;
        try {
          const store = await open(files);
          kept = (await store.keep('one', about('change_1'))).sha256;
          await store.keep('two', about('change_1', 10));
          await store.prune({ before: later(5), at: later(20), policy: 'p' });
          pruned = true;
        } catch {
          // Struck; what was said before must hold.
        }
        const isOver = disk.calls < at;
        const again = await open(disk.start());
        const records = await again.unrecorded();
        if (pruned) assert.equal(records.length, 1);
        if (kept !== undefined) {
          const isGone = records.some((one) => one.pruned.some((each) => each.sha256 === kept));
          if (isGone) await throwsFault(() => again.read(kept as string), 'output-pruned');
          else
            assert.equal(
              Buffer.from((await again.read(kept)).text).toString(),
              'one',
              `${kind} ${at}`,
            );
        }
        await again.keep('three', about('change_1'));
        if (isOver) break;
        assert.ok(at < 199, 'the loop did not come to an end');
      }
    }
  });
});
