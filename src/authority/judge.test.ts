import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TRIALS } from '#test/host-trial-cases';
import { aDraft, build } from '#test/host-trials';
import { judgeOrder } from './judge.ts';
import { NOON } from './samples.ts';

describe('an order on a host', () => {
  for (const { says, verbs, code, change } of TRIALS) {
    it(`with ${says}: ${code}`, () => {
      for (const verb of verbs) {
        const draft = aDraft(verb, NOON);
        change(draft, '/etc/managed');
        const { view, request } = build(draft, '/etc/managed');
        const judged = judgeOrder(view, request);
        const got = judged.verdict === 'ok' ? 'ok' : judged.code;
        assert.equal(got, code, `${verb}: ${judged.verdict === 'ok' ? 'accepted' : judged.says}`);
      }
    });
  }
});
