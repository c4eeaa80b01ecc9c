/** What opening refuses, what it sets aside, and what a log says when it cannot be written. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { HEAD, KEYS, LOG, openTestLog, verifyTestLog } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { frameAt } from './journal.ts';

const JOURNAL = `${LOG}/journal/1`;
const disk = new SimulatedDisk(4);
let good = new Map<string, Uint8Array>();
let pins: readonly string[] = [];
let size = 0;

function frames(): readonly { readonly start: number; readonly end: number }[] {
  const bytes = Buffer.from(good.get(JOURNAL) as Uint8Array);
  const found: { start: number; end: number }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { end } = frameAt(bytes, at)!;
    found.push({ start: at, end });
    at = end;
  }
  return found;
}

function put(changes: Record<string, Uint8Array | undefined>): void {
  disk.restore(good);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) disk.stored.delete(path);
    else disk.put(path, bytes);
  }
}

async function refused(changes: Record<string, Uint8Array | undefined>, code: string) {
  put(changes);
  const before = disk.snapshot();
  const fault = await throwsFault(() => openTestLog(disk.start()), code);
  before.delete(HEAD);
  const after = disk.snapshot();
  after.delete(HEAD);
  assert.deepEqual(after, before, 'a refused opening changes nothing');
  return fault;
}

describe('opening a log', () => {
  before(async () => {
    const { log } = await openTestLog(disk.start());
    for (let i = 0; i < 300; i += 1) log.append(anEvent());
    await log[Symbol.asyncDispose]();
    pins = [log.vkey];
    size = log.size;
    good = disk.snapshot();
  });

  it('refuses an acknowledged end that was cut, at whatever byte, and names the first record', async () => {
    const bytes = good.get(JOURNAL) as Uint8Array;
    const all = frames();
    for (let at = 0; at < bytes.length; at += 421) {
      const fault = await refused({ [JOURNAL]: bytes.subarray(0, at) }, 'log-cut');
      const gone = 256 + all.findIndex(({ end }) => end > at);
      assert.deepEqual([fault.facts['acknowledged'], fault.facts['seq']], [size, gone]);
    }
    await refused({ [JOURNAL]: undefined }, 'log-cut');
  });

  it('refuses an end that was cut and grown again to the same length', async () => {
    const other = new SimulatedDisk(4);
    other.restore(good);
    for (const [path, bytes] of good) other.put(path, bytes);
    const { start } = frames()[20]!;
    other.put(JOURNAL, (good.get(JOURNAL) as Uint8Array).subarray(0, start));
    for (const path of [HEAD, `${LOG}/checkpoints`, `${LOG}/checkpoint`]) other.stored.delete(path);
    // Even by someone who has the key and the program.
    const { log } = await openTestLog(other.start(), { adopt: true });
    while (log.size < size) await log.append(anEvent({ requestId: 'other' })).durable;
    await refused({ [JOURNAL]: other.snapshot().get(JOURNAL) }, 'log-rewritten');
    await log[Symbol.asyncDispose]();
  });

  it('refuses a changed record and another log in its place', async () => {
    const bytes = new Uint8Array(good.get(JOURNAL) as Uint8Array);
    bytes[frames()[7]!.start + 30]! ^= 1;
    const fault = await refused({ [JOURNAL]: bytes }, 'log-rewritten');
    assert.equal(fault.facts['seq'], 263);
    await refused({ [`${LOG}/tile/0/000`]: undefined }, 'log-damaged');
    await refused({ [`${LOG}/checkpoint`]: undefined }, 'log-checkpoint-wrong');
    await refused({ [`${LOG}/checkpoints`]: undefined }, 'log-checkpoint-wrong');
    await refused({ [HEAD]: undefined }, 'log-head-missing');
    await refused({ [`${KEYS}/log.pem`]: undefined }, 'log-key-missing');
    const other = new SimulatedDisk(9);
    const { seededRandom } = await import('#test/simulated-log');
    const { log } = await openTestLog(other.start(), { random: seededRandom(1) });
    await log[Symbol.asyncDispose]();
    await refused({ [HEAD]: other.snapshot().get(HEAD) }, 'log-other');
  });

  it('sets a forged record aside, says which, and goes on', async () => {
    const bytes = good.get(JOURNAL) as Uint8Array;
    const { start, end } = frames().at(-1)!;
    const forged = bytes.subarray(start, end);
    put({ [JOURNAL]: Buffer.concat([bytes, forged]) });
    const asLeft = await verifyTestLog(disk.start(), pins);
    assert.deepEqual([asLeft.ok, asLeft.firstBadRecord], [false, size]);
    const { log } = await openTestLog(disk.start());
    const [recovered] = await log.read({ operation: 'log.recovered' }, 1);
    assert.equal(recovered?.seq, size);
    const cuts = recovered?.more?.['cut'] as unknown as { because: string; bytes: number }[];
    assert.deepEqual(
      cuts.map(({ because, bytes: count }) => [because, count]),
      [['not-authentic', forged.length]],
    );
    await log[Symbol.asyncDispose]();
    const report = await verifyTestLog(disk.start(), pins);
    assert.equal(report.verdict, 'holds');
    disk.stored.delete([...disk.stored.keys()].find((path) => path.includes('/recovered/'))!);
    assert.equal((await verifyTestLog(disk.start(), pins)).problems[0]?.code, 'recovered-differs');
  });

  it('adopts a log whose head is gone only when told, and records it', async () => {
    put({ [HEAD]: undefined });
    const { log } = await openTestLog(disk.start(), { adopt: true });
    const [recovered] = await log.read({ operation: 'log.recovered' }, 1);
    assert.equal(recovered?.more?.['adopted'], true);
    await log[Symbol.asyncDispose]();
    assert.equal((await verifyTestLog(disk.start(), pins)).verdict, 'holds');
  });

  it('hands its key over by a record that both keys signed', async () => {
    put({});
    const { log } = await openTestLog(disk.start());
    const old = log.vkey;
    await Promise.all([log.rotateKey(), log.append(anEvent()).durable]);
    assert.notEqual(log.vkey, old);
    for (let i = 0; i < 300; i += 1) log.append(anEvent());
    await log[Symbol.asyncDispose]();
    for (const pin of [old, log.vkey]) {
      const report = await verifyTestLog(disk.start(), [pin]);
      assert.deepEqual(report.problems, []);
      assert.deepEqual([report.verdict, report.keys], ['holds', [old, log.vkey]]);
    }
    const again = await openTestLog(disk.start());
    await again.log[Symbol.asyncDispose]();
    assert.equal((await verifyTestLog(disk.start(), [old])).verdict, 'holds');
  });

  it('hands its key over while others go on appending', async () => {
    put({});
    const { log } = await openTestLog(disk.start());
    let isDone = false;
    const callers = Array.from({ length: 8 }, async () => {
      while (!isDone) await log.append(anEvent()).written;
      await log.append(anEvent()).durable;
    });
    for (let i = 0; i < 5; i += 1) await log.rotateKey();
    isDone = true;
    await Promise.all(callers);
    await log[Symbol.asyncDispose]();
    const report = await verifyTestLog(disk.start(), pins);
    assert.deepEqual([report.verdict, report.keys.length], ['holds', 6]);
  });

  it('takes nothing more after a write that failed, until it is opened again', async () => {
    const own = new SimulatedDisk(6);
    const counting = await openTestLog(own.start());
    await counting.log[Symbol.asyncDispose]();
    const files = own.start();
    const { log } = await openTestLog(files);
    await log.append(anEvent()).durable;
    // The very next call is the journal's write.
    own.plan({ kind: 'fail', at: own.calls + 1 });
    const { written, durable } = log.append(anEvent({ requestId: 'lost' }));
    await throwsFault(() => written, 'log-unwritable');
    await throwsFault(() => durable, 'log-unwritable');
    assert.equal(log.health().writable, false);
    assert.match(log.health().reason ?? '', /cannot be written/);
    await throwsFault(() => log.append(anEvent()).written, 'log-unwritable');
    await log[Symbol.asyncDispose]();
    const again = await openTestLog(own.start());
    assert.equal(again.log.health().writable, true);
    await again.log[Symbol.asyncDispose]();
  });

  it('keeps one chain under 64 callers', async () => {
    const own = new SimulatedDisk(8);
    const { log } = await openTestLog(own.start());
    await Promise.all(
      Array.from({ length: 64 }, async (_, caller) => {
        for (let i = 0; i < 12; i += 1) {
          await log.append(anEvent({ requestId: `${caller}.${i}` })).durable;
        }
      }),
    );
    const events = await log.read({ operation: 'query_facts' }, 10_000);
    assert.equal(new Set(events.map((event) => event.requestId)).size, 64 * 12);
    await log[Symbol.asyncDispose]();
    assert.equal((await verifyTestLog(own.start(), [log.vkey])).verdict, 'holds');
  });

  it('signs again only when there is something new', async () => {
    put({});
    const { log } = await openTestLog(disk.start());
    await log.checkpoint();
    const { size: once } = log;
    await log.checkpoint();
    await log.checkpoint();
    assert.equal(log.size, once);
    await log[Symbol.asyncDispose]();
    assert.equal(log.size, once);
  });

  it('takes the empty journal that was opened ahead of need for no damage', async () => {
    const ahead = new SimulatedDisk(9);
    const { log } = await openTestLog(ahead.start(), { checkpointEveryEvents: 1_000 });
    await Promise.all(Array.from({ length: 200 }, () => log.append(anEvent()).durable));
    // The process ends here: the first log is not closed.
    assert.equal(ahead.stored.get(JOURNAL)?.bytes.length, 0);
    const vkey = Buffer.from(ahead.stored.get(`${KEYS}/log.vkey`)!.bytes)
      .toString()
      .trim();
    const asLeft = await verifyTestLog(ahead.start(), [vkey]);
    assert.deepEqual([asLeft.problems, asLeft.tail.tornBytes], [[], 0]);
    const again = await openTestLog(ahead.start());
    assert.deepEqual(await again.log.read({ operation: 'log.recovered' }, 10), []);
    assert.equal(again.log.size, 202);
    await again.log[Symbol.asyncDispose]();
    assert.equal(ahead.stored.has(JOURNAL), false, 'closing leaves no empty journal');
  });
});
