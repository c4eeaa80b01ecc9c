/**
 * Reports of the real tools, as Debian has them: AIDE, OpenSCAP and Lynis run here, and what our parsers make of what they
 * wrote is what was there. OpenSCAP has content of our own, which asks two things.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeReport, reportParserOf } from '#collectors';
import { nodeClock } from '#machine';

const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
const env = { PATH, LC_ALL: 'C', TZ: 'UTC' };

function missing(program: string): false | string {
  const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { env });
  return found.status === 0 ? false : `${program} is not installed`;
}

function ran(directory: string, program: string, args: readonly string[]): number | null {
  return spawnSync(program, args, { cwd: directory, env, timeout: 120_000 }).status;
}

function look(tool: 'aide' | 'openscap' | 'lynis', bytes: Uint8Array) {
  const parser = reportParserOf(tool);
  assert.ok(parser !== undefined);
  const now = nodeClock().now();
  const report = { target: 'host:here', host: hostname(), isFromTarget: true, now };
  return observeReport(parser, {
    ...report,
    bytes,
    maxAgeSeconds: 3_600,
    tookMs: 1,
    undatedAt: now,
  });
}

const told = ({ facts }: ReturnType<typeof look>, attribute: string): string[] =>
  facts
    .filter((fact) => fact.attribute === attribute)
    .map(({ entity, value }) => `${entity} ${JSON.stringify(value)}`)
    .sort();

function inDirectory(): { readonly path: string } {
  const directory = { path: '' };
  before(() => {
    directory.path = mkdtempSync(join(tmpdir(), 'holdfast-scan-'));
  });
  after(() => rmSync(directory.path, { recursive: true, force: true }));
  return directory;
}

describe('AIDE itself', { skip: missing('aide') }, () => {
  const at = inDirectory();

  it('tells a tree that is as it was, and one that is not, as text and as JSON', () => {
    const tree = join(at.path, 'tree');
    mkdirSync(tree);
    for (const name of ['a', 'b', 'with space']) writeFileSync(join(tree, name), `${name}\n`);
    const settings = (form: string): string =>
      `database_in=file:${at.path}/db\ndatabase_out=file:${at.path}/db\nreport_format=${form}\nreport_url=file:${at.path}/${form}\n${tree} p+s+sha256\n`;
    for (const form of ['plain', 'json'])
      writeFileSync(join(at.path, `${form}.conf`), settings(form));
    const run = (form: string, what: string): Buffer => {
      rmSync(join(at.path, form), { force: true });
      ran(at.path, 'aide', [`--config=${form}.conf`, what]);
      return readFileSync(join(at.path, form));
    };
    assert.deepEqual(look('aide', run('plain', '--init')).complete, []);
    for (const form of ['plain', 'json']) {
      const clean = look('aide', run(form, '--check'));
      assert.deepEqual([clean.complete, clean.facts], [['integrity'], []], form);
    }
    writeFileSync(join(tree, 'a'), 'other\n');
    rmSync(join(tree, 'with space'));
    writeFileSync(join(tree, 'line\nend: x'), '');
    for (const form of ['plain', 'json']) {
      const changed = look('aide', run(form, '--check'));
      assert.deepEqual(changed.complete, ['integrity'], form);
      const broken = form === 'plain' ? 'line\\012end: x' : 'line%0Aend: x';
      // The size of the directory may be another one too.
      assert.deepEqual(
        told(changed, 'change').filter((each) => !each.startsWith(`integrity:here/${tree} `)),
        [
          `integrity:here/${tree}/a "changed"`,
          `integrity:here/${tree}/${broken} "added"`,
          `integrity:here/${tree}/with space "removed"`,
        ],
      );
      const details = changed.facts.find(
        ({ entity, attribute }) => entity.endsWith('/tree/a') && attribute === 'details',
      )?.value as Record<string, { before: string; after: string }>;
      assert.deepEqual(details['size'], { before: '2', after: '6' });
      assert.match(details['sha256']?.before ?? '', /^[A-Za-z0-9+/]{43}=$/);
    }
  });
});

const OVAL = `<?xml version="1.0" encoding="UTF-8"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:oval="http://oval.mitre.org/XMLSchema/oval-common-5" xmlns:ind="http://oval.mitre.org/XMLSchema/oval-definitions-5#independent">
  <generator><oval:schema_version>5.11</oval:schema_version><oval:timestamp>2026-01-01T00:00:00</oval:timestamp></generator>
  <definitions>
    <definition class="compliance" id="oval:own:def:1" version="1"><metadata><title>one</title><description>d</description></metadata><criteria><criterion test_ref="oval:own:tst:1"/></criteria></definition>
    <definition class="compliance" id="oval:own:def:2" version="1"><metadata><title>two</title><description>d</description></metadata><criteria><criterion test_ref="oval:own:tst:2"/></criteria></definition>
  </definitions>
  <tests>
    <ind:textfilecontent54_test id="oval:own:tst:1" version="1" check="all" comment="c"><ind:object object_ref="oval:own:obj:1"/></ind:textfilecontent54_test>
    <ind:textfilecontent54_test id="oval:own:tst:2" version="1" check="all" comment="c"><ind:object object_ref="oval:own:obj:2"/></ind:textfilecontent54_test>
  </tests>
  <objects>
    <ind:textfilecontent54_object id="oval:own:obj:1" version="1"><ind:filepath>/etc/passwd</ind:filepath><ind:pattern operation="pattern match">^root:</ind:pattern><ind:instance datatype="int">1</ind:instance></ind:textfilecontent54_object>
    <ind:textfilecontent54_object id="oval:own:obj:2" version="1"><ind:filepath>/etc/passwd</ind:filepath><ind:pattern operation="pattern match">^nobody-such:</ind:pattern><ind:instance datatype="int">1</ind:instance></ind:textfilecontent54_object>
  </objects>
</oval_definitions>
`;
const rule = (name: string, definition: number): string =>
  `<Rule id="xccdf_own_rule_${name}" selected="true" severity="high"><title>${name} &amp; more</title><check system="http://oval.mitre.org/XMLSchema/oval-definitions-5"><check-content-ref name="oval:own:def:${definition}" href="oval.xml"/></check></Rule>`;
const BENCHMARK = `<?xml version="1.0" encoding="UTF-8"?>
<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_own_benchmark_one" resolved="1" xml:lang="en">
  <status date="2026-01-01">draft</status><title>Own</title><description>d</description><version>1</version>
  <Profile id="xccdf_own_profile_all"><title>All</title><select idref="xccdf_own_rule_three" selected="false"/></Profile>
  <Group id="xccdf_own_group_g"><title>G</title>${rule('one', 1)}${rule('two', 2)}${rule('three', 1)}</Group>
</Benchmark>
`;

describe('OpenSCAP itself', { skip: missing('oscap') }, () => {
  const at = inDirectory();

  it('tells the result of each rule, as XCCDF and as ARF', () => {
    writeFileSync(join(at.path, 'oval.xml'), OVAL);
    writeFileSync(join(at.path, 'xccdf.xml'), BENCHMARK);
    const files = ['--results', 'results.xml', '--results-arf', 'arf.xml'];
    const profile = ['--profile', 'xccdf_own_profile_all'];
    // 2: a rule failed.
    assert.equal(ran(at.path, 'oscap', ['xccdf', 'eval', ...profile, ...files, 'xccdf.xml']), 2);
    for (const file of ['results.xml', 'arf.xml']) {
      const bytes = readFileSync(join(at.path, file));
      const seen = look('openscap', bytes);
      assert.deepEqual([seen.shortfalls, seen.complete], [[], ['control']], file);
      assert.deepEqual(told(seen, 'result'), [
        'control:here/xccdf_own_rule_one "pass"',
        'control:here/xccdf_own_rule_three "not-selected"',
        'control:here/xccdf_own_rule_two "fail"',
      ]);
      for (let part = 1; part < 20; part++) {
        const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 20));
        assert.deepEqual(look('openscap', cut).complete, []);
      }
    }
  });
});

describe('Lynis itself', { skip: missing('lynis') }, () => {
  const at = inDirectory();
  const lynis = (report: string): ChildProcess =>
    spawn(
      'lynis',
      `audit system --quick --quiet --no-colors --no-plugins --tests KRNL-5820 --logfile log --report-file ${report}`.split(
        ' ',
      ),
      { cwd: at.path, env, stdio: 'ignore', timeout: 120_000 },
    );

  it('tells that it came to its end, and nothing whole while it has not', async () => {
    const running = lynis('report.dat');
    const ended = once(running, 'exit');
    const path = join(at.path, 'report.dat');
    for (let n = 0; n < 300 && !existsSync(path); n++) await sleep(100);
    assert.equal(running.exitCode, null);
    assert.deepEqual(look('lynis', readFileSync(path)).complete, []);
    await ended;
    const whole = look('lynis', readFileSync(path));
    assert.deepEqual(whole.complete, ['audit']);
    // One chosen test: of what the others would say nothing is known.
    assert.deepEqual(
      whole.shortfalls.map(({ kind, reason }) => `${kind} ${reason}`),
      ['audit_finding only 1 tests were run'],
    );
    assert.deepEqual(told(whole, 'tests'), ['audit:here/lynis 1']);
  });
});
