import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import type { Instant } from '#base/time';
import { compileGrammar } from '#commands';
import { someSurroundings } from '#samples/commands';
import { shippedJudge } from '#test/commands';
import { percent } from '#test/host-rig';
import { ReaderRig } from '#test/reader-rig';
import { type Arguments, type DiagnosisName, planDiagnosis } from './diagnosis.ts';

const NOW = 1_795_272_129_000_000 as Instant;
const ALL: readonly (readonly [DiagnosisName, Arguments])[] = [
  ['host.diagnose', {}],
  ['service.status', { unit: 'nginx.service' }],
  ['service.status', { unit: 'systemd-fsck@dev-disk-by\\x2duuid.service' }],
  ['logs.read', { lines: 100 }],
  ['logs.read', { unit: 'nginx.service', since: '2h', grep: 'a.b [x] (y)', lines: 5 }],
  ['logs.read', { since: 'yesterday', lines: 5 }],
  ['logs.read', { file: '/var/log/nginx/error.log', grep: 'upstream', lines: 1_000 }],
];

describe('what a diagnosis asks', () => {
  for (const [name, args] of ALL)
    it(`only reads, in its normal form: ${name} ${JSON.stringify(args)}`, () => {
      const { asks } = planDiagnosis(name, args, 1, NOW);
      assert.ok(asks.length > 0);
      assert.equal(new Set(asks.map(({ key }) => key)).size, asks.length, 'a key twice');
      for (const { argv, seconds } of asks) {
        const judged = shippedJudge().judge(argv);
        assert.equal(judged.class, 'read', argv.join(' '));
        assert.deepEqual(judged.normalForm, argv);
        assert.ok(seconds > 0 && seconds <= 30);
      }
    });

  it('is a read to the judge on the host as well', () => {
    using rig = new ReaderRig(compileGrammar(shippedJudge(), someSurroundings(), 1));
    const argvs = ALL.flatMap(([name, args]) =>
      planDiagnosis(name, args, 1, NOW).asks.map(({ argv }) => argv.map(percent).join(' ')),
    );
    const said = rig
      .judge(`${argvs.join('\n')}\n`)
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      said,
      argvs.map((argv) => `read ${argv}`),
    );
  });

  it('stays a read whatever is searched for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (grep) => {
        let asks: ReturnType<typeof planDiagnosis>['asks'];
        try {
          ({ asks } = planDiagnosis('logs.read', { unit: 'a.service', grep, lines: 9 }, 1, NOW));
        } catch (thrown) {
          assert.ok(thrown instanceof Fault && thrown.code === 'invalid-arguments');
          return;
        }
        for (const { argv } of asks) {
          const judged = shippedJudge().judge(argv);
          // Look-alikes are refused by the grammar; nothing becomes more than a read.
          if (judged.class === 'deny') continue;
          assert.equal(judged.class, 'read');
          assert.deepEqual(judged.normalForm, argv);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what cannot be meant', () => {
    const refused = (name: DiagnosisName, args: Arguments, targets = 1): void =>
      assert.throws(
        () => planDiagnosis(name, args, targets, NOW),
        (thrown) => thrown instanceof Fault && thrown.code === 'invalid-arguments',
      );
    refused('logs.read', { unit: 'a.service', file: '/var/log/x', lines: 1 });
    refused('logs.read', { file: '/var/log/x', since: '1h', lines: 1 });
    refused('logs.read', { since: '--file=/x', lines: 1 });
    refused('logs.read', { since: '1 fortnight', lines: 1 });
    refused('logs.read', { grep: 'a\nb', lines: 1 });
    refused('host.compare', {}, 1);
    refused('host.compare', {}, 3);
  });
});
