/** A log that was put back from a backup, and what somebody with its key could write to look like one: by both verifiers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { JsonObject } from '#base/json';
import { openEventLog, openHeadFile, readHead, readJournalKeys, verifyLog } from '#evidence';
import { nodeFiles, nodeRandom } from '#machine';
import { anEvent } from '#samples/evidence';
import { tickingClock } from '#test/simulated-log';
import { makeLogKey, readLogKey } from '../../src/evidence/log-key.ts';
import { keyStatement, ownEvent } from '../../src/evidence/own-events.ts';
import { checkLog, parseVerifierKey } from '../../verifier/holdfast-verifier.mjs';

const GAP = {
  backup: 'aa'.repeat(32),
  madeAt: '2026-01-30T00:00:00.000000Z',
  restoredAt: '2026-01-31T00:00:00.000000Z',
};
const ORIGIN = 'holdfast/test';
const EPOCH = 'e0'.repeat(16);

describe('a log that says it was restored', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'hf-restored-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const files = nodeFiles();
  let made = 0;

  it('holds, under the pins of before, when it was', async () => {
    const home = await aLog();
    await opened(home.path, true);
    await opened(home.path);
    const apart = checkApart(home);
    assert.deepEqual(apart.findings, []);
    assert.ok(apart.notes.some((note) => note.startsWith('restored from a backup of ')));
    assert.deepEqual(await problems(home), []);
  });

  const forged: readonly (readonly [
    name: string,
    code: string,
    more: JsonObject,
    kind?: 'log.key',
  ])[] = [
    ['another end than it has', 'root-differs', { root: '0'.repeat(64) }],
    ['another size than it has', 'root-differs', { size: 1 }],
    ['an epoch that is not in its name', 'root-differs', { epoch: 'e1'.repeat(16) }],
    ['another name than its key has', 'root-differs', { origin: 'holdfast/other' }],
    ['nothing of it, and takes another name', 'wrong-key', {}, 'log.key'],
    ['so without both signatures', 'wrong-key', { signedTo: 'AAAA' }],
  ];
  for (const [name, code, more, kind = 'log.restored'] of forged)
    it(`is found when it says ${name}`, async () => {
      const home = await aLog();
      const next = await makeLogKey(
        files,
        nodeRandom(),
        join(home.path, 'next'),
        `${ORIGIN}/${EPOCH}`,
      );
      await using heads = await openHeadFile(files, `${home.path}/head`);
      {
        await using log = await openEventLog(optionsOf(home.path, heads));
        const key = await readLogKey(files, `${home.path}/keys`, ORIGIN);
        assert.ok(key);
        const statement = keyStatement(log.head.epoch, key, next);
        const { size, root } = log.head;
        const told = { ...GAP, size, root, epoch: EPOCH, origin: `${ORIGIN}/${EPOCH}` };
        await log.append(ownEvent(kind, { ...told, ...statement, ...more })).durable;
      }
      const first = (await problems(home))[0];
      assert.equal(first, code);
      const here = code === 'wrong-key' ? 'key-hand-over' : code;
      assert.ok(
        checkApart(home).findings.some((finding) => finding.code === here),
        here,
      );
    });

  type Home = { readonly path: string; readonly pin: string };

  async function aLog(): Promise<Home> {
    const path = join(scratch, String(made++));
    await files.makeDirectory(path);
    await using heads = await openHeadFile(files, `${path}/head`);
    await using log = await openEventLog({ ...optionsOf(path, heads), origin: ORIGIN });
    for (let i = 0; i < 20; i += 1) log.append(anEvent());
    return { path, pin: log.vkey };
  }

  async function opened(path: string, restored = false): Promise<void> {
    await using heads = await openHeadFile(files, `${path}/head`);
    await using log = await openEventLog({
      ...optionsOf(path, heads),
      ...(restored ? { restored: GAP } : {}),
    });
    await log.append(anEvent()).durable;
  }

  function optionsOf(
    path: string,
    heads: Awaited<ReturnType<typeof openHeadFile>>,
  ): Parameters<typeof openEventLog>[0] {
    return {
      files,
      heads,
      clock: tickingClock(),
      random: nodeRandom(),
      directory: `${path}/log`,
      keys: `${path}/keys`,
      digests: { program: 'sha256:aa', configuration: 'sha256:bb' },
      checkpointEveryMs: 0,
    };
  }

  function checkApart({ path, pin }: Home): ReturnType<typeof checkLog> {
    return checkLog(join(path, 'log'), { keys: [parseVerifierKey(pin)], head: join(path, 'head') });
  }

  async function problems({ path, pin }: Home): Promise<readonly string[]> {
    const report = await verifyLog({
      files,
      directory: `${path}/log`,
      head: await readHead(files, `${path}/head`),
      journalKeys: await readJournalKeys(files, `${path}/keys`),
      pins: [pin],
    });
    return report.problems.map(({ code }) => code);
  }
});
