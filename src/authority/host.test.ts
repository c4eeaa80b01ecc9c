/** A few of the trials on the host's own script; all of them, and random ones, are in `host.slow.test.ts`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { askHost } from '#test/host-directory';
import { TRIALS } from '#test/host-trial-cases';
import { aDraft, build, PRESENT } from '#test/host-trials';
import { judgeOrder } from './judge.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-host-'));
const file = join(directory, 'managed');
writeFileSync(file, PRESENT.content);
after(() => rmSync(directory, { recursive: true }));

const FEW = [
  'a passkey',
  'a certificate',
  'lines behind the signature',
  'a security key nobody touched',
  'a frame of another page',
  'one operator with two keys',
  'older revocations',
  'a clock below the floor',
];

describe('the host', () => {
  for (const says of FEW) {
    it(`says what the judge says: ${says}`, () => {
      const { verbs, code, change } =
        TRIALS.find((each) => each.says === says) ?? assert.fail(says);
      const verb = verbs[0] ?? assert.fail();
      const draft = aDraft(verb, Math.floor(Date.now() / 1000));
      change(draft, file);
      const trial = build(draft, file);
      const judged = judgeOrder(trial.view, trial.request);
      assert.equal(judged.verdict === 'ok' ? 'ok' : judged.code, code);
      assert.equal(askHost(trial, join(directory, 'host')), code);
    });
  }
});
