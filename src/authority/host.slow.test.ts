/**
 * The judge here and the script on the host, on the same orders: whatever one says, the other says too.
 *
 * 1. Every trial by itself: the code the contract names.
 * 2. `HOLDFAST_TRIALS` (100) pairs of trials, drawn by seed: the same verdict; the same code too, unless what
 *    differs is which of two faults of one signature is named first.
 * 3. As many with one byte of one item changed: the same verdict.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { aDraft, askHost, build, PRESENT, TRIALS } from '#test/host-trials';
import { judgeOrder } from './judge.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-host-'));
const file = join(directory, 'managed');
writeFileSync(file, PRESENT.content);
after(() => rmSync(directory, { recursive: true }));

const seconds = (): number => Math.floor(Date.now() / 1000);

describe('the script on the host', () => {
  for (const { says, verbs, code, change } of TRIALS) {
    it(`judges as the judge does: ${says}`, () => {
      for (const verb of verbs) {
        const draft = aDraft(verb, seconds());
        change(draft, file);
        const trial = build(draft, file);
        const judged = judgeOrder(trial.view, trial.request);
        assert.equal(judged.verdict === 'ok' ? 'ok' : judged.code, code);
        assert.equal(askHost(trial, join(directory, 'host')), code, verb);
      }
    });
  }
});
