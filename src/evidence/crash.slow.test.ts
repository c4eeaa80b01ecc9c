/**
 * Faults at every call. Method: (1) run a story on simulated files in which the n-th call fails, or
 * the process or the power dies in it, noting outside what was acknowledged; (2) verify the files as
 * they lie; (3) open again without faults; (4) whatever was acknowledged must be there, the log must
 * verify, and `log.recovered` must say what was kept and cut; (5) next n, until the story passes
 * untouched.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Files } from '#base/ports';
import { anEvent } from '#samples/evidence';
import { type FileFaultPlan, SimulatedDisk } from '#test/simulated-files';
import { openTestLog, verifyTestLog } from '#test/simulated-log';
import type { LogReport } from './report.ts';

type Acknowledged = { readonly written: Set<string>; readonly durable: Set<string> };
type Story = (files: Files, acknowledged: Acknowledged) => Promise<void>;

async function append(
  log: Awaited<ReturnType<typeof openTestLog>>['log'],
  ids: readonly string[],
  acknowledged: Acknowledged,
): Promise<void> {
  const waits = ids.map((id) => {
    const { written, durable } = log.append(anEvent({ requestId: id }));
    return Promise.all([
      written.then(() => acknowledged.written.add(id)),
      durable.then(() => acknowledged.durable.add(id)),
    ]);
  });
  await Promise.allSettled(waits);
  await Promise.all(waits);
}

const range = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** From nothing: keys, the first event, a checkpoint, the end. */
const firstDay: Story = async (files, acknowledged) => {
  const { log } = await openTestLog(files);
  try {
    for (const group of ['a', 'b', 'c']) await append(log, range(group, 3), acknowledged);
    await log.checkpoint();
    await append(log, range('d', 2), acknowledged);
  } finally {
    await log[Symbol.asyncDispose]();
  }
};

/** On 250 events: over the end of a bundle, single and grouped, checkpoints, a new key, the end. */
const laterDay: Story = async (files, acknowledged) => {
  const { log } = await openTestLog(files, { checkpointEveryEvents: 8 });
  try {
    await append(log, range('a', 4), acknowledged);
    await append(log, range('b', 6), acknowledged);
    await log.rotateKey();
    for (const id of range('c', 5)) await append(log, [id], acknowledged);
  } finally {
    await log[Symbol.asyncDispose]();
  }
};

let prepared = new Map<string, Uint8Array>();
const SEEDS = Number(process.env['HOLDFAST_CRASH_SEEDS'] ?? 1);

async function survives(
  kind: FileFaultPlan['kind'],
  at: number,
  seed: number,
  start: ReadonlyMap<string, Uint8Array>,
  story: Story,
): Promise<'untouched' | 'struck'> {
  const what = `${kind} at call ${at}, seed ${seed}`;
  const disk = new SimulatedDisk(seed * 100_003 + at);
  await disk.start().makeDirectory('/data');
  for (const directory of ['/data/log', '/data/log/journal', '/data/keys']) {
    if (start.size > 0) await disk.start().makeDirectory(directory);
  }
  disk.restore(start);
  const acknowledged: Acknowledged = { written: new Set(), durable: new Set() };
  const files = disk.start({ kind, at });
  let thrown: unknown;
  try {
    await story(files, acknowledged);
  } catch (error) {
    thrown = error;
  }
  if (disk.calls < at) {
    assert.equal(thrown, undefined, `${what}: ${String(thrown)}`);
    return 'untouched';
  }

  const isThere = [...disk.stored.keys()].some((path) => path.startsWith('/data/log/journal/'));
  const asLeft: LogReport | undefined = isThere
    ? await verifyTestLog(disk.start(), await pinsOf(disk))
    : undefined;
  const hasHead = (asLeft?.tail.acknowledged ?? 0) > 0;
  if (hasHead) assert.deepEqual(asLeft?.problems, [], `${what}, as left`);

  const { log } = await openTestLog(disk.start());
  const events = await log.read({}, 10_000);
  const ids = new Set(events.map((event) => event.requestId));
  for (const id of acknowledged.durable) assert.ok(ids.has(id), `${what}: lost durable ${id}`);
  if (kind !== 'power-cut') {
    for (const id of acknowledged.written) assert.ok(ids.has(id), `${what}: lost written ${id}`);
  }
  if (hasHead) {
    const { authenticBeyondHead, tornBytes } = asLeft!.tail;
    const first = events.findLast((event) => event.seq >= asLeft!.size);
    const recovered = first?.kind === 'log.recovered' ? first.more : undefined;
    const cut = (recovered?.['cut'] ?? []) as readonly { bytes: number; because: string }[];
    const cutRecords = cut.filter(({ because }) => because !== 'checkpoints');
    assert.equal(recovered?.['kept'] ?? 0, authenticBeyondHead, `${what}: kept`);
    const cutBytes = cutRecords.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.equal(cutBytes, tornBytes, `${what}: cut`);
  }
  await append(log, ['after'], acknowledged);
  await log[Symbol.asyncDispose]();
  const after = await verifyTestLog(disk.start(), [(await pinsOf(disk))[0]!]);
  assert.deepEqual(after.problems, [], `${what}, after`);
  assert.equal(after.verdict, 'holds', what);
  return 'struck';
}

async function pinsOf(disk: SimulatedDisk): Promise<readonly string[]> {
  const bytes = await disk.start().read('/data/keys/log.vkey');
  return bytes === undefined ? [] : [Buffer.from(bytes).toString().trim()];
}

/** Dies with two journals written and not synced, then loses power at call `m` of the next opening. */
async function diesTwice(m: number): Promise<'untouched' | 'struck'> {
  const disk = new SimulatedDisk(m);
  for (const directory of ['/data/log/journal', '/data/keys']) {
    await disk.start().makeDirectory(directory);
  }
  disk.restore(prepared);
  const acknowledged: Acknowledged = { written: new Set(), durable: new Set() };
  const { log } = await openTestLog(disk.start());
  // The first journal's write, the second's, which is open already: then death in the sync.
  const waits = range('x', 12).map((id) =>
    log.append(anEvent({ requestId: id })).written.then(() => acknowledged.written.add(id)),
  );
  disk.plan({ kind: 'kill', at: disk.calls + 3 });
  await Promise.allSettled(waits);
  await log[Symbol.asyncDispose]();
  assert.equal(acknowledged.written.size, 12, 'written before the process died');
  const files = disk.start({ kind: 'power-cut', at: m });
  await openTestLog(files).then(
    ({ log: opened }) => opened[Symbol.asyncDispose](),
    () => undefined,
  );
  const wasStruck = disk.calls >= m;
  const again = await openTestLog(disk.start());
  const head = again.log.size;
  assert.ok(head >= 246, String(head));
  await again.log[Symbol.asyncDispose]();
  const report = await verifyTestLog(disk.start(), await pinsOf(disk));
  assert.deepEqual(report.problems, [], `second death at call ${m}`);
  return wasStruck ? 'struck' : 'untouched';
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await Promise.resolve();
};

describe('a log whose files fail', () => {
  before(async () => {
    const disk = new SimulatedDisk(2);
    const { log } = await openTestLog(disk.start());
    const acknowledged = { written: new Set<string>(), durable: new Set<string>() };
    await append(log, range('early', 246), acknowledged);
    await log[Symbol.asyncDispose]();
    prepared = disk.snapshot();
  });

  for (const kind of ['fail', 'kill', 'power-cut'] as const) {
    for (const [name, story] of Object.entries({ firstDay, laterDay })) {
      it(`keeps what it acknowledged: ${kind} at every call of ${name}`, async () => {
        const start = story === firstDay ? new Map<string, Uint8Array>() : prepared;
        for (let seed = 1; seed <= SEEDS; seed += 1) {
          let struck = 0;
          for (let at = 1; ; at += 1) {
            if ((await survives(kind, at, seed, start, story)) === 'untouched') break;
            struck += 1;
          }
          assert.ok(struck > 30, String(struck));
        }
      });
    }
  }

  it('does not acknowledge what a dead process left in the page cache before it is synced', async () => {
    let m = 1;
    while ((await diesTwice(m)) === 'struck') m += 1;
    assert.ok(m > 15, String(m));
  });

  it('acknowledges nothing after a sync that failed, whatever was written beside it', async () => {
    const disk = new SimulatedDisk(31);
    for (const directory of ['/data/log/journal', '/data/keys']) {
      await disk.start().makeDirectory(directory);
    }
    disk.restore(prepared);
    const acknowledged: Acknowledged = { written: new Set(), durable: new Set() };
    const files = disk.start();
    let fails = false;
    // The full journal's sync fails while the next journal's write is under way.
    const slow: Files = {
      ...files,
      appender: async (path, mode) => {
        const appender = await files.appender(path, mode);
        return {
          ...appender,
          append: async (bytes) => {
            if (path.endsWith('/journal/1')) await turns(200);
            await appender.append(bytes);
          },
          sync: async () => {
            if (!fails || !path.endsWith('/journal/0')) return appender.sync();
            await turns(100);
            throw new Error('simulated: EIO in a sync');
          },
        };
      },
    };
    const { log } = await openTestLog(slow);
    fails = true;
    const full = append(log, range('full', 256 - log.size), acknowledged).catch(() => undefined);
    while (acknowledged.written.size === 0) await turns(1);
    await turns(20);
    await Promise.all([full, append(log, ['beside'], acknowledged).catch(() => undefined)]);
    await log[Symbol.asyncDispose]();
    assert.deepEqual([...acknowledged.durable], []);
    disk.cutPower();
    const again = await openTestLog(disk.start());
    await again.log[Symbol.asyncDispose]();
    const report = await verifyTestLog(disk.start(), await pinsOf(disk));
    assert.equal(report.verdict, 'holds');
  });
});
