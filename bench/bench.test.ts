import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { consoleRows } from './console.ts';
import { driftRows } from './drift.ts';
import { factRows } from './facts.ts';
import { GROUPS } from './groups.ts';
import { logRows } from './log.ts';
import { inTurn, mustHold, percentile } from './measure.ts';
import { policyRows } from './policy.ts';
import { redactionRows } from './redaction.ts';
import { alone, paired, type Row, table } from './row.ts';
import { type Setting, SIZES } from './sizes.ts';

/** Runs rows at their smallest; nothing here is about speed. */
async function tinyRows(rows: (setting: Setting) => Promise<Row[]>): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-test-'));
  try {
    return await rows({ sizes: SIZES.tiny, directory, wants: () => true, say: () => {} });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('the bench', () => {
  for (const [name, rows, ids] of [
    ['facts', factRows, ['B1', 'B2', 'B3', 'B4', 'B5', 'B6']],
    ['the log', logRows, ['C1', 'C2', 'C3', 'C4', 'C5', 'C6']],
    ['drift', driftRows, ['E1', 'E2']],
    ['redaction', redactionRows, ['R1']],
    ['policy', policyRows, ['D4']],
    ['the console', consoleRows, ['H1', 'H2', 'H3', 'H4']],
  ] as const) {
    it(`measures ${name}, and the floor answers the same`, async () => {
      const found = await tinyRows(rows);
      assert.deepEqual([...new Set(found.map(({ id }) => id))].sort(), ids);
      for (const { id, ours, floor, ratio } of found) {
        assert.ok(Number.isFinite(ours), id);
        assert.ok(floor === null || (floor > 0 && Number.isFinite(ratio)), id);
      }
    });
  }

  it('has every row in one group', () => {
    const ids = GROUPS.flatMap((group) => group.ids);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('fails rather than measures two programs that disagree', () => {
    assert.throws(() => mustHold(false, 'both answer the same'), /both answer the same/);
  });
});

describe('a pair', () => {
  it('is measured in turn, who is first changing, and the first round not counting', async () => {
    const order: string[] = [];
    const pair = await inTurn(
      3,
      (round) => {
        order.push(`ours ${round}`);
        return round < 0 ? 1_000 : 10;
      },
      (round) => {
        order.push(`floor ${round}`);
        return round < 0 ? 1 : 5;
      },
    );
    assert.deepEqual(order.slice(2, 6), ['ours 0', 'floor 0', 'floor 1', 'ours 1']);
    assert.deepEqual(pair, { ours: 10, floor: 5, ratio: 2 });
  });

  it('has percentiles by rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    assert.equal(percentile(values, 0.5), 51);
    assert.equal(percentile(values, 0.99), 100);
  });
});

describe('a row', () => {
  const told = { id: 'X1', what: 'work', unit: 'us' };
  const pair = { ours: 12, floor: 10, ratio: 1.2 };

  it('is held to its goals by the ratio, or by itself when it has no floor', () => {
    const beside = 'less work';
    const goals = { must: { atMost: 2 }, aim: { atMost: 1.1 } };
    assert.equal(paired({ ...told, beside, ...goals }, pair).met, 'must');
    assert.equal(paired({ ...told, beside, must: { atMost: 1.1 } }, pair).met, 'no');
    assert.equal(
      paired({ ...told, beside, must: { atLeast: 1 }, aim: { atLeast: 1.2 } }, pair).met,
      'aim',
    );
    assert.equal(paired({ ...told, beside }, pair).met, null);
    assert.equal(alone({ ...told, must: { atMost: 11 } }, 12).met, 'no');
    assert.equal(alone({ ...told, must: { atMost: 11 } }, Number.NaN).met, 'no');
  });

  it('is one line of a table', () => {
    const lines = table([
      paired({ ...told, beside: 'less work', must: { atMost: 2 } }, pair),
    ]).split('\n');
    assert.equal(lines.length, 3);
    assert.match(
      lines[2] ?? '',
      /^\| X1 \| work; beside less work \| 12 +\| 10 +\| us +\| 1\.20 +\| <= 2 /,
    );
  });
});
