/**
 * Someone with the key rewrites history so that chain, codes and even the head agree. What still
 * tells is the other witness each time: the head, then the checkpoints, then the key's line.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { HEAD, KEYS, LOG, ORIGIN, openTestLog, verifyTestLog } from '#test/simulated-log';
import { openHeadFile } from './head-file.ts';
import { readJournal, rewriteJournals } from './journal.ts';
import { type LogKey, readLogKey } from './log-key.ts';
import { parseNote, signNote } from './note.ts';
import type { EventRecord } from './protocol.ts';
import type { LogReport } from './report.ts';
import { GrowingTree, leafHashOf, toHex } from './tree.ts';

const disk = new SimulatedDisk(21);
let good = new Map<string, Uint8Array>();
let pins: readonly string[] = [];
let epoch = '';

/** Rewrites every record by `change`, with right links and codes; moves the head when told. */
async function rewritten(
  change: (event: EventRecord) => EventRecord,
  movesHead: boolean,
  files: Record<string, string> = {},
): Promise<LogReport> {
  disk.restore(good);
  const port = disk.start();
  const key = (await readLogKey(port, KEYS, ORIGIN)) as LogKey;
  const bytes = good.get(`${LOG}/journal/0`) as Uint8Array;
  const { records } = readJournal(bytes, 0, '0'.repeat(64), epoch, [key.journalKey]);
  const tree = new GrowingTree();
  const entries: Buffer[] = [];
  let prev = '0'.repeat(64);
  for (const { event } of records) {
    const entry = Buffer.from(canonicalJson({ ...change(event), prev } as unknown as Json));
    prev = sha256(entry);
    tree.append(leafHashOf(entry));
    entries.push(entry);
  }
  await rewriteJournals(port, LOG, epoch, new Map([[0, entries]]), key);
  const heads = await openHeadFile(port, HEAD);
  if (movesHead) await heads.advance({ epoch, size: tree.size, root: toHex(tree.root()) });
  for (const [path, text] of Object.entries(files)) disk.put(path, Buffer.from(text));
  return verifyTestLog(port, pins);
}

const codes = (report: LogReport): readonly (readonly [string, number | null])[] =>
  report.problems.map(({ code, checkpoint }) => [code, checkpoint]);

describe('a log rewritten by someone who has its key', () => {
  before(async () => {
    const { log } = await openTestLog(disk.start());
    for (let i = 0; i < 20; i += 1) log.append(anEvent({ requestId: `req_${i}` }));
    await log[Symbol.asyncDispose]();
    pins = [log.vkey];
    epoch = log.head.epoch;
    good = disk.snapshot();
  });

  const forge = (event: EventRecord): EventRecord =>
    event.seq === 5 ? { ...event, principal: 'operator:nobody@local' } : event;

  it('holds when it is rewritten as it was', async () => {
    assert.deepEqual(codes(await rewritten((event) => event, true)), []);
  });

  it('is told by the acknowledged head, and by the checkpoints', async () => {
    const report = await rewritten(forge, false);
    assert.deepEqual(codes(report), [
      ['root-differs', null],
      ['root-differs', 0],
    ]);
    assert.equal(report.ok, false);
  });

  it('is told by the checkpoints when the head was moved along', async () => {
    const report = await rewritten(forge, true);
    assert.deepEqual(codes(report), [['root-differs', 0]]);
    assert.equal(report.ok, false);
  });

  it('is told by the key when the checkpoint was signed again with another', async () => {
    const note = parseNote(Buffer.from(good.get(`${LOG}/checkpoint`)!).toString())!;
    const { privateKey } = generateKeyPairSync('ed25519');
    const other = signNote(note.text, ORIGIN, privateKey);
    const report = await rewritten(
      (event) =>
        event.kind === 'log.checkpoint'
          ? { ...event, more: { ...event.more, note: sha256(other) } }
          : event,
      true,
      { [`${LOG}/checkpoints`]: other, [`${LOG}/checkpoint`]: other },
    );
    assert.deepEqual(codes(report), [['checkpoint-signature', 0]]);
  });
});
