/**
 * Tampering. Method: (1) a log of some 600 events with checkpoints, closed; (2) one change to one
 * file; (3) verification must not hold, and must name the record where there is one; (4) the files
 * are put back.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { anEvent } from '#samples/evidence';
import { mulberry, SimulatedDisk } from '#test/simulated-files';
import { LOG, openTestLog, verifyTestLog } from '#test/simulated-log';
import { frameAt } from './journal.ts';
import type { LogReport } from './report.ts';

const EVENTS = 600;
const TAMPERS = process.env['HOLDFAST_TAMPERS'];
const SAMPLE = TAMPERS === 'all' ? Number.POSITIVE_INFINITY : Number(TAMPERS ?? 15);

const disk = new SimulatedDisk(3);
let good = new Map<string, Uint8Array>();
let pins: readonly string[] = [];
let size = 0;

type Place = { readonly seq: number; readonly start: number; readonly end: number };

/** Where each record lies in a bundle or journal, with its length and its code. */
function places(path: string): readonly Place[] {
  const bytes = Buffer.from(good.get(path) as Uint8Array);
  const isJournal = path.includes('/journal/');
  const number = Number(path.split('/').at(-1));
  const found: Place[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = isJournal
      ? (frameAt(bytes, at)?.end ?? bytes.length)
      : at + 2 + bytes.readUInt16BE(at);
    found.push({ seq: number * 256 + found.length, start: at, end });
    at = end;
  }
  return found;
}

const logFiles = (): readonly string[] =>
  [...good.keys()].filter((path) => path.startsWith(LOG)).sort();

async function tampered(changes: Record<string, Uint8Array | undefined>): Promise<LogReport> {
  disk.restore(good);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) disk.stored.delete(path);
    else disk.put(path, bytes);
  }
  return verifyTestLog(disk.start(), pins);
}

function bad(report: LogReport, what: string): void {
  assert.equal(report.ok, false, `${what}: held`);
  assert.equal(report.verdict, 'does not hold', what);
  assert.ok(report.problems.length > 0, what);
}

const flip = (bytes: Uint8Array, at: number, bit = 1): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] as number) ^ bit;
  return copy;
};
const bytesOf = (path: string): Buffer => Buffer.from(good.get(path) as Uint8Array);
const ENTRIES = `${LOG}/tile/entries`;

describe('verification', () => {
  before(async () => {
    const { log } = await openTestLog(disk.start());
    for (let i = 0; i < EVENTS; i += 1) {
      const { durable } = log.append(anEvent({ requestId: `req_${i}` }));
      if (i % 40 === 39) await durable;
    }
    await log[Symbol.asyncDispose]();
    pins = [log.vkey];
    size = log.size;
    good = disk.snapshot();
  });

  it('holds for a log that nobody touched', async () => {
    const report = await tampered({});
    assert.deepEqual(report.problems, []);
    assert.equal(report.verdict, 'holds');
    assert.equal(report.size, size);
    assert.ok(report.checkpoints > 5, String(report.checkpoints));
    assert.deepEqual(report.tail, { acknowledged: size, authenticBeyondHead: 0, tornBytes: 0 });
  });

  it('cannot decide without the head, the pin or the journal key, and then is not ok', async () => {
    disk.restore(good);
    for (const without of ['head', 'pins', 'journalKeys']) {
      const report = await verifyTestLog(disk.start(), pins, { [without]: undefined });
      assert.deepEqual([report.verdict, report.ok], ['cannot decide', false], without);
      assert.equal(report.undecided.length, 1);
    }
  });

  it('finds a flipped byte anywhere, and names the record it lies in', async () => {
    const random = mulberry(11);
    let tried = 0;
    for (const path of logFiles()) {
      const bytes = good.get(path) as Uint8Array;
      const records = path.includes('/entries/') || path.includes('/journal/') ? places(path) : [];
      const step = Math.max(1, bytes.length / SAMPLE);
      for (let from = 0; from < bytes.length; from += step) {
        const at = Math.min(bytes.length - 1, Math.floor(from + random() * (step - 1)));
        const report = await tampered({ [path]: flip(bytes, at, 1 << Math.floor(random() * 8)) });
        const what = `${path} byte ${at}`;
        bad(report, what);
        const record = records.find(({ start, end }) => start <= at && at < end);
        if (record !== undefined) {
          assert.equal(
            report.firstBadRecord,
            record.seq,
            `${what}: ${JSON.stringify(report.problems.slice(0, 3))}`,
          );
        }
        if (path.includes('/tile/0/')) {
          const seq = Number(path.split('/').at(-1)) * 256 + Math.floor(at / 32);
          assert.equal(report.firstBadRecord, seq, what);
          assert.equal(report.problems[0]?.code, 'tile-differs', what);
        }
        tried += 1;
      }
    }
    assert.ok(tried > 100, String(tried));
  });

  it('finds every file that is gone, doubled or emptied', async () => {
    for (const path of logFiles()) {
      bad(await tampered({ [path]: undefined }), `${path} gone`);
      bad(await tampered({ [path]: new Uint8Array() }), `${path} empty`);
      const bytes = bytesOf(path);
      bad(await tampered({ [path]: Buffer.concat([bytes, bytes]) }), `${path} twice`);
    }
  });

  it('names the first record that was deleted, doubled, exchanged or inserted', async () => {
    for (const path of [`${ENTRIES}/000`, `${ENTRIES}/001`, `${LOG}/journal/2`]) {
      const bytes = bytesOf(path);
      const records = places(path);
      for (const k of [0, 1, 57, records.length - 2]) {
        const { start, end, seq } = records[k]!;
        const next = records[k + 1]!;
        const parts: Record<string, readonly Uint8Array[]> = {
          deleted: [bytes.subarray(0, start), bytes.subarray(end)],
          doubled: [bytes.subarray(0, end), bytes.subarray(start)],
          exchanged: [
            bytes.subarray(0, start),
            bytes.subarray(next.start, next.end),
            bytes.subarray(start, end),
            bytes.subarray(next.end),
          ],
        };
        for (const [operation, pieces] of Object.entries(parts)) {
          const report = await tampered({ [path]: Buffer.concat(pieces) });
          const what = `${operation} ${seq} in ${path}: ${JSON.stringify(report.problems.slice(0, 3))}`;
          bad(report, what);
          assert.equal(report.firstBadRecord, operation === 'doubled' ? seq + 1 : seq, what);
        }
      }
    }
  });

  it('finds a record that was rewritten together with its tile', async () => {
    const { leafHashOf } = await import('./tree.ts');
    const path = `${ENTRIES}/000`;
    const bytes = bytesOf(path);
    const { start, end, seq } = places(path)[100]!;
    bytes[end - 40] = (bytes[end - 40] as number) ^ 1;
    const tile = bytesOf(`${LOG}/tile/0/000`);
    tile.write(leafHashOf(bytes.subarray(start + 2, end)), seq * 32, 'latin1');
    const report = await tampered({ [path]: bytes, [`${LOG}/tile/0/000`]: tile });
    bad(report, 'rewritten');
    assert.equal(report.firstBadRecord, seq);
  });

  it('finds checkpoints removed, exchanged, repeated or taken from another log', async () => {
    const path = `${LOG}/checkpoints`;
    const { splitNotes } = await import('./note.ts');
    const { notes } = splitNotes(bytesOf(path).toString('utf8'));
    const text = (list: readonly string[]): Uint8Array => Buffer.from(list.join(''));
    for (let i = 0; i < notes.length; i += 1) {
      bad(await tampered({ [path]: text(notes.toSpliced(i, 1)) }), `removed ${i}`);
      bad(await tampered({ [path]: text(notes.toSpliced(i, 0, notes[i]!)) }), `repeated ${i}`);
      bad(await tampered({ [path]: text(notes.slice(0, i)) }), `cut after ${i}`);
      const older = Buffer.from(notes[i]!);
      if (i < notes.length - 1) bad(await tampered({ [`${LOG}/checkpoint`]: older }), `older ${i}`);
    }
    bad(await tampered({ [path]: text(notes.toReversed()) }), 'reversed');
    const both = {
      [path]: text(notes.slice(0, -1)),
      [`${LOG}/checkpoint`]: Buffer.from(notes.at(-2)!),
    };
    const report = await tampered(both);
    bad(report, 'newest removed from both files');
    assert.equal(report.problems[0]?.code, 'checkpoint-missing');
  });

  it('tells another key and another log', async () => {
    const other = new SimulatedDisk(5);
    const { seededRandom } = await import('#test/simulated-log');
    const { log } = await openTestLog(other.start(), { random: seededRandom(99) });
    for (let i = 0; i < EVENTS; i += 1) log.append(anEvent());
    await log[Symbol.asyncDispose]();
    const report = await verifyTestLog(other.start(), pins);
    bad(report, 'key not pinned');
    assert.equal(report.problems[0]?.code, 'wrong-key');
    const theirs = Object.fromEntries(
      [...other.snapshot()].filter(([path]) => path.startsWith(LOG)),
    );
    bad(await tampered(theirs), 'another log in this place');
  });

  it('tells what was appended without the key, with the exact record', async () => {
    const path = `${LOG}/journal/2`;
    const bytes = bytesOf(path);
    const { start, end } = places(path).at(-1)!;
    const entry = bytes.subarray(start + 2, end - 16);
    const { encodeEvent } = await import('./event-form.ts');
    const { createHash } = await import('node:crypto');
    const prev = createHash('sha256').update(entry).digest('hex');
    const forged = Buffer.from(encodeEvent(anEvent(), size, '2026-01-01T00:00:00.000000Z', prev));
    const length = Buffer.alloc(2);
    length.writeUInt16BE(forged.length);
    const frame = Buffer.concat([length, forged, Buffer.alloc(16, 7)]);
    const report = await tampered({ [path]: Buffer.concat([bytes, frame]) });
    bad(report, 'forged');
    assert.deepEqual(
      [report.problems[0]?.code, report.firstBadRecord],
      ['record-not-authentic', size],
    );
    bad(await tampered({ [path]: Buffer.concat([bytes, Buffer.from('{"forged":1}\n')]) }), 'line');
    bad(await tampered({ [path]: Buffer.concat([bytes, bytes.subarray(start, end)]) }), 'repeated');
    bad(await tampered({ [`${LOG}/journal/3`]: bytes }), 'another journal');
    bad(await tampered({ [`${ENTRIES}/002`]: bytesOf(`${ENTRIES}/001`) }), 'another bundle');
  });

  it('tells a cut at every byte of the last file from a crash', async () => {
    const path = `${LOG}/journal/2`;
    const bytes = bytesOf(path);
    const records = places(path);
    const step = SAMPLE === Number.POSITIVE_INFINITY ? 1 : 613;
    for (let at = 0; at < bytes.length; at += step) {
      const report = await tampered({ [path]: bytes.subarray(0, at) });
      bad(report, `cut at ${at}`);
      const gone = records.find(({ end }) => end > at)!;
      assert.equal(report.firstBadRecord, gone.seq, `cut at ${at}`);
    }
  });

  it('does not take a torn record beyond the head for damage', async () => {
    const path = `${LOG}/journal/2`;
    const bytes = bytesOf(path);
    const { start, end } = places(path).at(-1)!;
    const torn = bytes.subarray(start, end - 5);
    const report = await tampered({ [path]: Buffer.concat([bytes, torn]) });
    assert.equal(report.verdict, 'holds');
    assert.equal(report.tail.tornBytes, torn.length);
  });
});
