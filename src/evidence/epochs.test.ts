/** A log that was put back from a backup goes on under another name, and says where it was cut off. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type LogReport, openEventLog, openHeadFile, readPins } from '#evidence';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import {
  HEAD,
  KEYS,
  LOG,
  ORIGIN,
  openTestLog,
  seededRandom,
  tickingClock,
  verifyTestLog,
} from '#test/simulated-log';
import type { Log } from './log.ts';
import type { OpenOptions } from './open.ts';

const GAP = {
  backup: 'aa'.repeat(32),
  madeAt: '2026-01-30T00:00:00.000000Z',
  restoredAt: '2026-01-31T00:00:00.000000Z',
};

describe('a log that was put back from a backup', () => {
  let disk: SimulatedDisk;
  /** The log as it went on where the backup was not. */
  let elsewhere: { readonly notes: string; readonly shown: string; readonly size: number };
  let size: number;
  let pin: string;
  let seeds = 100;

  for (const records of [5, 300]) {
    describe(`of ${records} records`, () => {
      beforeEach(async () => {
        disk = new SimulatedDisk(3);
        const { log } = await openTestLog(disk.start());
        pin = log.vkey;
        for (let i = 0; i < records; i += 1) log.append(anEvent());
        await log[Symbol.asyncDispose]();
        const backup = disk.snapshot();
        ({ size } = log);
        const on = await openTestLog(disk.start());
        for (let i = 0; i < 20; i += 1) on.log.append(anEvent({ requestId: `later ${i}` }));
        await on.log[Symbol.asyncDispose]();
        const notes = Buffer.from((await disk.start().read(`${LOG}/checkpoint`)) ?? []);
        elsewhere = {
          notes: notes.toString('utf8'),
          shown: `${on.log.head.size} ${on.log.head.root}\n`,
          size: on.log.size,
        };
        disk.restore(backup);
      });

      it('takes a new name, key and epoch, and still holds', async () => {
        const before = (await openHeadFile(disk.start(), HEAD)).read();
        await opened({ restored: GAP }, async () => {});
        const head = (await openHeadFile(disk.start(), HEAD)).read();
        assert.notEqual(head?.epoch, before?.epoch);
        const [now = ''] = await readPins(disk.start(), KEYS);
        assert.equal(now.split('+')[0], `${ORIGIN}/${head?.epoch}`);
        const report = await verifyTestLog(disk.start(), [pin]);
        holds(report);
        assert.ok(
          report.notes.includes(
            `restored from a backup of ${GAP.madeAt} at record ${size}; what was recorded after it elsewhere is not in this log`,
          ),
          report.notes.join('\n'),
        );
      });

      it('tells first of all where it was cut off, and signs nothing more by the old key', async () => {
        await opened({ restored: GAP }, async (log) => {
          const [event] = await log.read({ operation: 'log.restored' }, 1);
          assert.equal(event?.seq, size);
          assert.deepEqual(
            { ...event?.more, ...GAP, size },
            { ...event?.more },
            JSON.stringify(event?.more),
          );
        });
        const text = Buffer.from((await disk.start().read(`${LOG}/checkpoints`)) ?? []);
        for (const note of text.toString('utf8').split(/(?<=\n— [^\n]*\n)/)) {
          const [origin, signed] = note.split('\n');
          assert.equal(origin === ORIGIN, Number(signed) <= size, note);
        }
      });

      it('goes on, hands its key over, and is restored again', async () => {
        await opened({ restored: GAP }, async () => {});
        await opened({}, async (log) => {
          for (let i = 0; i < 300; i += 1) log.append(anEvent());
          await log.rotateKey();
          for (let i = 0; i < 300; i += 1) log.append(anEvent());
        });
        await opened({ restored: GAP }, async () => {});
        await opened({}, async (log) => {
          await log.append(anEvent()).durable;
        });
        const report = await verifyTestLog(disk.start(), [pin]);
        holds(report);
        assert.equal(report.keys.length, 4);
        const [now = ''] = await readPins(disk.start(), KEYS);
        assert.match(now, /^holdfast\/test\/[0-9a-f]{32}\+/, 'one epoch behind the name');
      });

      it('is known by its name when the verifier key is gone', async () => {
        await opened({ restored: GAP }, async () => {});
        const files = disk.start();
        const [was] = await readPins(files, KEYS);
        await files.remove(`${KEYS}/log.vkey`);
        await opened({}, async (log) => assert.equal(log.vkey, was));
      });

      it('is not taken for rewritten by what saw more of it elsewhere, but for forked by a restore', async () => {
        await opened({ restored: GAP }, async () => {});
        const hosts = [{ name: 'web-1', text: elsewhere.shown }];
        const kept = [{ name: 'the copy', text: elsewhere.notes }];
        const ahead = await verifyTestLog(disk.start(), [pin], { anchors: { hosts, kept } });
        assert.deepEqual(
          ahead.problems.map(({ code, seq }) => [code, seq]),
          [
            ['anchor-ahead', size],
            ['anchor-ahead', size],
          ],
        );
        await opened({}, async (log) => {
          for (let i = 0; i < 30; i += 1) log.append(anEvent());
        });
        const forked = await verifyTestLog(disk.start(), [pin], { anchors: { hosts, kept } });
        for (const { code, what } of forked.problems) {
          assert.equal(code, 'anchor-forked');
          assert.match(what, /^forked by a restore: .* knows \d+ records of the log as it went on/);
        }
        assert.equal(forked.problems.length, 2);
      });

      it('is not explained where no restore is on record', async () => {
        await opened({}, async () => {});
        const hosts = [{ name: 'web-1', text: elsewhere.shown }];
        const report = await verifyTestLog(disk.start(), [pin], { anchors: { hosts } });
        assert.deepEqual(
          report.problems.map(({ code, what }) => [code, what.startsWith('forked by a restore')]),
          [['anchor-ahead', false]],
        );
      });

      it('is not the log of the head that went on elsewhere', async () => {
        await opened({ restored: GAP }, async () => {});
        const head = (await openHeadFile(disk.start(), HEAD)).read();
        const other = { ...head, epoch: 'ab'.repeat(16) } as NonNullable<typeof head>;
        const report = await verifyTestLog(disk.start(), [pin], { head: other });
        assert.deepEqual(report.problems[0]?.code, 'other-log');
      });
    });
  }

  async function opened(
    over: Pick<OpenOptions, 'restored'>,
    use: (log: Log) => Promise<void>,
  ): Promise<void> {
    const files = disk.start();
    await using heads = await openHeadFile(files, HEAD);
    await using log = await openEventLog({
      files,
      heads,
      clock: tickingClock(),
      random: seededRandom((seeds += 1)),
      directory: LOG,
      keys: KEYS,
      digests: { program: 'sha256:aa', configuration: 'sha256:bb' },
      checkpointEveryMs: 0,
      ...over,
    });
    await use(log);
  }

  function holds(report: LogReport): void {
    assert.deepEqual(report.problems, []);
    assert.equal(report.verdict, 'holds');
  }
});
