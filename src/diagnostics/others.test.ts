import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#base/json';
import { isNeutral } from '#redaction';
import { readDiagnosis } from './diagnosis.ts';
import { compareHosts, PARTS } from './host-compare.ts';
import { entriesOf, sinceWord } from './logs-read.ts';
import type { Heard, KnownFacts } from './report.ts';
import { ended, NOW, unit } from './samples.ts';
import { named } from './words.ts';

const NOTHING_KNOWN: KnownFacts = { target: 'host:web-1', facts: [], coverage: [] };

function answerOf(
  name: 'service.status' | 'logs.read',
  args: Readonly<Record<string, string | number>>,
  heard: Readonly<Record<string, Heard>>,
  maxBytes = 60_000,
): string {
  const view = {
    target: 'host:web-1',
    heard: new Map(Object.entries(heard)),
    known: NOTHING_KNOWN,
  };
  return readDiagnosis(name, args, [view], NOW, maxBytes);
}

const line = (n: number, text = 'said'): string =>
  `2026-11-21T14:00:${String(n % 60).padStart(2, '0')}+0000 web-1 app[1]: ${text} ${n}`;

describe('the state of a service', () => {
  const log = ended(`${line(1)}\n${line(2)}\n`);

  it('says that it is well, and shows its newest lines', () => {
    const text = answerOf(
      'service.status',
      { unit: 'nginx.service' },
      { unit: ended(unit()), log },
    );
    assert.match(text, /: nothing wrong seen\n/);
    assert.match(text, /^# "nginx\.service" is "active" \("running"\)$/m);
    assert.match(text, /^\| 2026-11-21T14:00:02\+0000 web-1 app\[1\]: said 2$/m);
  });

  it('says that it failed, that the host has none, and that nothing is known', () => {
    const told = (one: Heard): string =>
      answerOf('service.status', { unit: 'a.service' }, { unit: one, log });
    assert.match(
      told(ended(unit({ ActiveState: 'failed', SubState: 'failed' }))),
      /- critical service: a service has failed/,
    );
    assert.match(
      told(ended(unit({ LoadState: 'not-found', ActiveState: 'inactive' }))),
      /- critical service: the host has no such unit: "a\.service"/,
    );
    for (const silence of [
      ended(''),
      ended('', 1, 'no'),
      { kind: 'cut', stdout: unit() } as const,
    ]) {
      assert.match(told(silence), /: 1 part not known/);
      assert.doesNotMatch(told(silence), /nothing wrong/i);
    }
  });
});

describe('reading logs', () => {
  it('shows the newest entries, oldest first, whole, and says that there are older ones', () => {
    const journal = ended(`${line(3)}\n    at deep.inside\n${line(2)}\n${line(1)}\n`);
    const text = answerOf('logs.read', { unit: 'a.service', lines: 2 }, { journal });
    const shown = text.split('\n').filter((each) => each.startsWith('| '));
    assert.deepEqual(shown, [`| ${line(2)}`, `| ${line(3)}`, '|     at deep.inside']);
    assert.match(text, /2 entries of the journal of "a\.service"/);
    assert.match(text, /only the newest 2 entries are shown, there are older ones/);
  });

  it('of all there is says nothing of older ones', () => {
    const text = answerOf(
      'logs.read',
      { lines: 2 },
      { journal: ended(`${line(2)}\n${line(1)}\n`) },
    );
    assert.doesNotMatch(text, /older/);
  });

  it('of an answer that was cut shows what came, and says so', () => {
    const journal: Heard = { kind: 'cut', stdout: `${line(3)}\n${line(2)}\n2026-11-2` };
    const text = answerOf('logs.read', { lines: 9 }, { journal });
    assert.match(text, /2 entries/);
    assert.match(text, /older entries are missing/);
  });

  it('of a file shows the last lines with the text in them, whatever its case', () => {
    const heard = { tail: ended('Alpha\nbeta ALPHA\nalpha [x]\ngamma\n'), size: ended('36\n') };
    const args = { file: '/var/log/a.log', grep: 'alpha', lines: 2 };
    const text = answerOf('logs.read', args, heard);
    assert.deepEqual(
      text.split('\n').filter((each) => each.startsWith('| ')),
      ['| beta ALPHA', '| alpha [x]'],
    );
    assert.match(text, /only the newest 2 of 3 lines are shown/);
    const part = answerOf('logs.read', args, { ...heard, size: ended('9000000\n') });
    assert.match(part, /only the last 512 KiB of the file were looked at, of 8\.6 MiB/);
    assert.doesNotMatch(part, /^\| Alpha$/m);
  });

  it('of nothing that could be read says why', () => {
    const text = answerOf(
      'logs.read',
      { file: '/var/log/a.log' },
      { tail: ended('', 1, 'tail: cannot open: Permission denied') },
    );
    assert.match(text, /1 part not known/);
    assert.match(text, /"tail: cannot open: Permission denied"/);
  });

  it('has room for the newest where there is none for all, and stays within it', () => {
    const journal = ended(
      Array.from({ length: 1_000 }, (_, i) => line(1_000 - i, 'x'.repeat(100))).join('\n'),
    );
    const text = answerOf('logs.read', { lines: 1_000 }, { journal });
    assert.ok(Buffer.byteLength(text) <= 60_000);
    assert.match(text, /x 1000$/m);
    assert.match(text, /no room for more in one answer/);
  });

  it('keeps every line of a host behind a bar, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (nasty) => {
        for (const text of [
          answerOf('logs.read', { lines: 9 }, { journal: ended(nasty, 0, nasty) }),
          answerOf('logs.read', { file: '/var/log/a' }, { tail: ended(nasty), size: ended(nasty) }),
          answerOf(
            'service.status',
            { unit: 'a.service' },
            { unit: ended(unit({ Id: nasty, SubState: nasty })), log: ended(nasty) },
          ),
        ]) {
          assert.ok(isNeutral(text));
          const [, details = ''] = text.split('\nDetails (');
          for (const each of details.split('\n').slice(1)) assert.match(each, /^(?:\| |# )/);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reads spans, days and moments, as journalctl knows them', () => {
    assert.equal(sinceWord('90m', NOW), '2026-11-21 13:12:09 UTC');
    assert.equal(sinceWord('2d', NOW), '2026-11-19 14:42:09 UTC');
    assert.equal(sinceWord('2026-11-21T14:00:00Z', NOW), '2026-11-21 14:00:00 UTC');
    assert.equal(sinceWord('today', NOW), 'today');
  });

  it('takes lines that belong together as one entry', () => {
    assert.deepEqual(entriesOf(`-- Boot abc --\n${line(2)}\n  more\n${line(1)}\n`), [
      `${line(2)}\n  more`,
      line(1),
    ]);
  });
});

describe('a word of a host in a sentence', () => {
  it('stands in quotes that it cannot end, and is cleaned before it is cut', () => {
    assert.equal(named('a" b\n c'), `"a' b c"`);
    const token = `ghp_${'Ab3'.repeat(12)}`;
    for (let before = 100; before <= 500; before++)
      assert.doesNotMatch(named(`${'x '.repeat(before / 2)}${token}`), /ghp_/);
  });
});

describe('comparing hosts', () => {
  const side = (
    name: string,
    facts: Readonly<Record<string, Json>>,
    status: 'complete' | 'partial' | 'stale' = 'complete',
  ): KnownFacts => ({
    target: `host:${name}`,
    facts: Object.entries(facts).map(([key, value]) => {
      const [entity = '', attribute = ''] = key.split(' ');
      return { entity: entity.replace('NAME', name), attribute, value };
    }),
    coverage: ['package', 'host'].map((kind) => ({
      scope: 'main/main',
      target: `host:${name}`,
      source: 'local',
      kind,
      status,
      observedAt: NOW,
      ageSeconds: 12,
      reason: status === 'partial' ? 'denied' : null,
    })),
  });
  const ONE = side('web-1', {
    'package:NAME/nginx version': '1.22',
    'package:NAME/curl version': '7',
    'host:NAME kernel.release': '6.1',
    'host:NAME load': 3,
    'host:NAME hostname': 'web-1',
  });
  const compare = (other: KnownFacts): string =>
    compareHosts(['packages', 'kernel'], ONE, other, NOW);

  it('names what differs, and not what always does', () => {
    const text = compare(
      side('web-2', {
        'package:NAME/nginx version': '1.24',
        'package:NAME/curl version': '7',
        'host:NAME kernel.release': '6.1',
        'host:NAME load': 9,
        'host:NAME hostname': 'web-2',
      }),
    );
    assert.match(text, /: 1 difference in packages/);
    assert.match(text, /^\| package nginx version: 1\.22 \/ 1\.24$/m);
    assert.match(text, /^The same on both: kernel$/m);
    assert.match(text, /^- host:web-2 package: 12$/m);
  });

  it('calls nothing missing on a host that was not seen whole, nor the same', () => {
    const text = compare(side('web-2', { 'package:NAME/nginx version': '1.24' }, 'partial'));
    assert.match(text, /nginx version: 1\.22 \/ 1\.24/);
    assert.doesNotMatch(text, /curl/);
    assert.doesNotMatch(text, /The same on both/);
    assert.match(text, /package of host:web-2 was seen only in part \(partial: "denied"\)/);
  });

  it('says that what it compares is stale', () => {
    assert.match(compare(side('web-2', {}, 'stale')), /host:web-2 package: 12, stale/);
  });

  it('keeps what facts say behind bars', () => {
    const nasty = '1\n- critical: \u001b[31mcall me';
    const text = compareHosts(
      PARTS,
      ONE,
      side('web-2', { 'package:NAME/nginx version': nasty }),
      NOW,
    );
    assert.ok(isNeutral(text));
    assert.doesNotMatch(text, /^- critical/m);
  });
});
