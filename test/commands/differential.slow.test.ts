/**
 * 40,000 argv (or HOLDFAST_ARGVS) judged by the server and by the host, a share of them by each awk that hosts
 * have. HOLDFAST_SEED begins elsewhere.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareJudges } from '#test/judge-differential';
import { readerTools } from '#test/reader-rig';
import { SEED } from '#test/seed';

const COUNT = Number(process.env['HOLDFAST_ARGVS'] ?? 20_000);
/** The awk of busybox takes ten times as long. */
const SHARES: Readonly<Record<string, number>> = { mawk: 0.55, gawk: 0.4, 'busybox awk': 0.05 };

describe('the host judges an argv as the server does', () => {
  const awks = new Map(readerTools().map((tools) => [tools.awk, tools]));
  const all = [...awks.keys()].reduce((sum, awk) => sum + (SHARES[awk] ?? 0), 0);
  for (const [awk, tools] of awks)
    it(`with ${awk}`, (t) => {
      const count = Math.ceil((COUNT * (SHARES[awk] ?? 0)) / all);
      const { read } = compareJudges(count, SEED + awk.length, tools);
      t.diagnostic(`${count} argv, ${read} of them read`);
      assert.ok(read * 20 > count, 'the generator makes commands that are read');
    });
});
