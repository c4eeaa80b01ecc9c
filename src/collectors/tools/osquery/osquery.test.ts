import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { instant } from '#base/time';
import { checkValue, kindOf } from '#model';
import { observeReport } from '../observe-report.ts';
import type { ToolReport } from '../report.ts';
import { osqueryParser } from './parser.ts';
import { OSQUERY_QUERIES, osqueryPack, QUERIES } from './queries.ts';
import {
  anOsqueryAnswer,
  aSnapshotLog,
  eventLine,
  line,
  OSQUERY_ROWS,
  snapshotLine,
} from './samples.ts';

/** More of them in a campaign. */
const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 100);
const now = instant('2026-03-01T12:00:00Z');
const look = (bytes: string | Uint8Array, change: Partial<ToolReport> = {}) =>
  observeReport(osqueryParser, {
    target: 'host:web-1',
    host: null,
    isFromTarget: true,
    bytes: Buffer.from(bytes),
    now,
    maxAgeSeconds: 600,
    tookMs: 1,
    undatedAt: now,
    ...change,
  });
type Seen = ReturnType<typeof look>;
const valueOf = ({ facts }: Seen, entity: string, attribute: string): unknown =>
  facts.find((fact) => fact.entity === entity && fact.attribute === attribute)?.value;
const keysOf = ({ facts }: Seen, kind: string): string[] => [
  ...new Set(facts.map(({ entity }) => entity).filter((entity) => kindOf(entity) === kind)),
];

function isWhole(seen: Seen): void {
  assert.deepEqual(seen.shortfalls, []);
  assert.deepEqual(seen.complete, osqueryParser.kinds);
  for (const { entity, attribute, value } of seen.facts)
    assert.equal(checkValue(kindOf(entity), attribute, value), undefined);
  assert.equal(valueOf(seen, 'host:web-1', 'kernel.release'), '6.1.0-18-amd64');
  assert.equal(valueOf(seen, 'package:web-1/dpkg', 'held'), true);
  assert.equal(valueOf(seen, 'package:web-1/libc6:i386', 'version'), '2.36-9');
  assert.deepEqual(keysOf(seen, 'package').length, 4);
  assert.equal(valueOf(seen, 'user:web-1/root', 'shell'), '/bin/bash');
  assert.deepEqual(keysOf(seen, 'port'), [
    'port:web-1/tcp/0.0.0.0:22',
    'port:web-1/tcp/[::]:22',
    'port:web-1/udp/192.0.2.5:68',
  ]);
  assert.equal(valueOf(seen, 'port:web-1/tcp/[::]:22', 'process'), 'sshd');
  assert.equal(valueOf(seen, 'port:web-1/udp/192.0.2.5:68', 'process'), undefined);
  assert.equal(valueOf(seen, 'filesystem:web-1//', 'usedBytes'), 600 * 4_096);
  assert.deepEqual(keysOf(seen, 'mount'), ['mount:web-1//', 'mount:web-1//proc']);
  assert.equal(valueOf(seen, 'service:web-1/backup.service', 'state.failed'), true);
  assert.equal(valueOf(seen, 'timer:web-1/apt-daily.timer', 'state.current'), 'active');
}

describe('osquery, asked', () => {
  it('tells in the kinds of every host', () => isWhole(look(anOsqueryAnswer())));

  it('is partial in what was not answered, or not with rows', () => {
    for (const said of [
      '',
      '[',
      'null',
      '{}',
      '[1]',
      '[{"id":{}}]',
      `[${'{},'.repeat(20_001)}{}]`,
    ]) {
      const seen = look(anOsqueryAnswer({ units: said }));
      assert.ok(!seen.complete.includes('service'));
      assert.ok(seen.complete.includes('package'));
    }
    assert.ok(!look(anOsqueryAnswer({ deb: '[]' })).complete.includes('package'));
    assert.ok(!look(anOsqueryAnswer({ units: '[]' })).complete.includes('unit'));
    assert.ok(!look(anOsqueryAnswer({ users: '[{"uid":"0"}]' })).complete.includes('user'));
    assert.deepEqual(look(anOsqueryAnswer({ time: '[]' })).complete, []);
    assert.deepEqual(look(anOsqueryAnswer({ time: '[{"unix_time":"1"}]' })).complete, []);
  });

  it('of any rows and any change tells facts of this host or nothing, never a throw', () => {
    const whole = Buffer.from(anOsqueryAnswer()).toString('utf8');
    const rows = fc.array(
      fc.dictionary(fc.constantFrom('name', 'id', 'pid', '__proto__'), fc.jsonValue()),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...OSQUERY_QUERIES.map(({ name }) => name)),
        rows,
        fc.nat(whole.length),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (name, said, at, put) => {
          const answers = [
            anOsqueryAnswer({ [name]: JSON.stringify(said) }),
            whole.slice(0, at) + put + whole.slice(at),
          ];
          for (const { entity } of answers.flatMap((bytes) => look(bytes).facts))
            assert.match(entity, /^[a-z_]+:web-1(\/|$)/);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('of another host tells nothing', () => {
    const other = JSON.stringify([{ ...OSQUERY_ROWS.system[0], hostname: 'db-1' }]);
    const seen = look(anOsqueryAnswer({ system: other }));
    assert.deepEqual([seen.facts, seen.complete], [[], []]);
  });
});

describe('the log of osqueryd', () => {
  it('of snapshots tells what asking would', () => isWhole(look(aSnapshotLog())));

  it('of differences is played from the first run of the epoch', () => {
    const [bash, dpkg] = OSQUERY_ROWS.deb;
    const old = { ...bash, version: '5.0' };
    const start = aSnapshotLog().replace(/^.*holdfast_deb.*\n/m, '');
    const log =
      start +
      eventLine('deb', 'added', old as Record<string, string>) +
      eventLine('deb', 'added', dpkg ?? {}) +
      eventLine('deb', 'removed', old as Record<string, string>, { counter: 1 }) +
      eventLine('deb', 'added', bash ?? {}, { counter: 1 });
    const seen = look(log);
    assert.ok(seen.complete.includes('package'));
    assert.equal(valueOf(seen, 'package:web-1/bash', 'version'), '5.2.15-2+b2');
    assert.deepEqual(keysOf(seen, 'package').length, 2);
    const batch =
      start +
      line({
        name: 'pack/holdfast/deb',
        diffResults: { added: [bash, dpkg], removed: [] },
        epoch: 0,
        counter: 0,
      }) +
      line({
        name: 'pack/holdfast/deb',
        diffResults: { added: [], removed: [dpkg] },
        epoch: 0,
        counter: 1,
      });
    assert.deepEqual(keysOf(look(batch), 'package'), ['package:web-1/bash']);
  });

  it('that was rotated since, or is of a new epoch without its first run, is not complete', () => {
    const start = aSnapshotLog().replace(/^.*holdfast_deb.*\n/m, '');
    const [bash] = OSQUERY_ROWS.deb;
    const rotated = look(start + eventLine('deb', 'added', bash ?? {}, { counter: 7 }));
    assert.ok(!rotated.complete.includes('package'));
    const first = eventLine('deb', 'added', bash ?? {});
    const next = eventLine('deb', 'removed', bash ?? {}, { epoch: 5, counter: 3 });
    assert.ok(look(start + first).complete.includes('package'));
    assert.ok(!look(start + first + next).complete.includes('package'));
    const again = eventLine('deb', 'added', bash ?? {}, { epoch: 5, counter: 0 });
    assert.ok(look(start + first + next + again).complete.includes('package'));
  });

  it('is nothing when the daemon stopped: an old clock, an old snapshot', () => {
    const late = { now: instant('2026-03-01T13:00:00Z') };
    assert.deepEqual(look(aSnapshotLog(), late).complete, []);
    const clock = eventLine(
      'time',
      'added',
      { unix_time: '1' },
      { counter: 9, unixTime: 1_772_369_990 },
    );
    const seen = look(aSnapshotLog() + clock, late);
    assert.deepEqual(seen.complete, []);
    const fresh = look(
      aSnapshotLog() + clock + snapshotLine('users', { unixTime: 1_772_369_980 }),
      late,
    );
    assert.deepEqual(fresh.complete, ['user']);
  });

  it('is of the moment of its oldest snapshot that counts', () => {
    const older = snapshotLine('users', { unixTime: 1_772_366_100 });
    const log = aSnapshotLog().replace(/^.*holdfast_users.*\n/m, '') + older;
    assert.equal(look(log).observedAt, instant('2026-03-01T11:55:00Z'));
    assert.equal(look(aSnapshotLog()).observedAt, instant('2026-03-01T11:59:00Z'));
  });

  it('leaves out a line that is still being written, and other hosts and queries', () => {
    isWhole(look(`${aSnapshotLog()}{"name":"holdfast_users","act`));
    const other = snapshotLine('users', { hostIdentifier: 'db-1', snapshot: [] });
    isWhole(look(`${aSnapshotLog()}${other}{"name":"pack_incident_processes"}\n`));
    const foreign = look(aSnapshotLog().replaceAll('"web-1"', '"db-1"'));
    assert.deepEqual([foreign.facts, foreign.complete], [[], []]);
  });

  it('known by an id and no name counts only when it came from the target', () => {
    const log = aSnapshotLog().replaceAll(
      '"hostIdentifier":"web-1"',
      '"hostIdentifier":"4740D59F-699E-5B29-960B-979AAF9BBEEB"',
    );
    isWhole(look(log));
    assert.deepEqual(look(log, { isFromTarget: false }).complete, []);
  });

  it('that is empty, cut or something else is never complete', () => {
    for (const text of [
      '',
      '\n',
      'x\n',
      '[]\n',
      '{"name":"holdfast_users"}\n',
      line({ name: 'holdfast_users', action: 'snapshot' }),
      line({ name: 'holdfast_users', action: 'other', columns: {} }),
      line({ name: 'holdfast_users', unixTime: 'x', action: 'snapshot', snapshot: [] }),
    ])
      assert.deepEqual(look(text).complete, [], text);
  });

  it('of any change tells facts of this host or nothing, never a throw', () => {
    const whole = aSnapshotLog();
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(60),
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 20 }),
          fc.constantFrom('"', '}\n{', '__proto__', '[]'),
        ),
        (at, gone, put) => {
          for (const bytes of [whole.slice(0, at) + put + whole.slice(at + gone), whole.slice(at)])
            for (const { entity } of look(bytes).facts)
              assert.match(entity, /^[a-z_]+:web-1(\/|$)/);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('the questions to osquery', () => {
  it('name their columns, read one table each, and can be asked in a pattern of the grammar', () => {
    for (const query of Object.values(QUERIES))
      assert.match(query, /^SELECT [a-z_]+(, [a-z_]+)* FROM [a-z_]+$/);
    assert.ok(OSQUERY_QUERIES.every(({ argv }) => argv.length === 6));
  });

  it('are those of the pack that ships', () => {
    assert.equal(readFileSync('deploy/osquery/holdfast.conf', 'utf8'), osqueryPack(900));
  });
});
