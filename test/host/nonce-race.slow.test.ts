/**
 * One signed part, asked of the real host script by a hundred processes at the same moment: one of
 * them runs it. `HOLDFAST_NONCE_TRIALS` says how many such attempts (default 100, in hundreds; a
 * release takes 100000).
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HostRig, makeKeys } from '#test/host-rig';

const TRIALS = Number(process.env['HOLDFAST_NONCE_TRIALS'] ?? 100);
const AT_ONCE = 100;

const keys = makeKeys();
const rig = new HostRig(keys);
after(() => {
  rig.dispose();
  keys.dispose();
});

describe('a nonce', () => {
  it(`is spent once under ${AT_ONCE} attempts at once, ${TRIALS} in all`, {
    timeout: 60_000 + TRIALS * 1_000,
  }, async () => {
    for (let done = 0, round = 1; done < TRIALS; done += AT_ONCE, round++) {
      const witness = rig.path(`ran-${round}`);
      const items = rig.runItems({ argv: ['sh', '-c', `echo ran >>'${witness}'`] });
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, () => rig.begin('run', items).answer),
      );
      const codes = Map.groupBy(answers, ({ code }) => code);
      assert.equal(codes.get('-')?.length, 1, [...codes.keys()].join());
      assert.equal(codes.get('nonce-spent')?.length, AT_ONCE - 1, [...codes.keys()].join());
      assert.equal(rig.read(`ran-${round}`), 'ran\n');
    }
  });
});
