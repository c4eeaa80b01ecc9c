import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { instant } from '#base/time';
import { attributeSpec, checkValue, kindOf } from '#model';
import { cpuMs } from '#test/cpu';
import { parseExposition } from './exposition.ts';
import { nodeExporterParser } from './node-exporter.ts';
import { observeReport } from './observe-report.ts';
import { aScrape } from './samples.ts';

/** More of them in a campaign. */
const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 100);
const now = instant('2026-03-01T12:00:00Z');
const look = (text: string | Uint8Array, at = now) =>
  observeReport(nodeExporterParser, {
    target: 'host:web-1',
    host: null,
    isFromTarget: true,
    bytes: Buffer.from(text),
    now: at,
    maxAgeSeconds: 600,
    tookMs: 1,
    undatedAt: at,
  });
const valueOf = (text: string, entity: string, attribute: string): unknown =>
  look(text).facts.find((fact) => fact.entity === entity && fact.attribute === attribute)?.value;

describe('a scrape of node-exporter', () => {
  it('is told in the kinds of every host', () => {
    const text = aScrape();
    const seen = look(text);
    assert.deepEqual(seen.shortfalls, []);
    assert.deepEqual(seen.complete, nodeExporterParser.kinds);
    for (const { entity, attribute, value } of seen.facts)
      assert.equal(checkValue(kindOf(entity), attribute, value), undefined);
    assert.equal(valueOf(text, 'host:web-1', 'kernel.release'), '6.1.0-18-amd64');
    assert.equal(valueOf(text, 'host:web-1', 'memory.totalBytes'), 2_048 * 1024 * 1024);
    assert.equal(valueOf(text, 'host:web-1', 'boot.at'), '2026-02-20T08:00:00.000000Z');
    assert.equal(valueOf(text, 'filesystem:web-1//', 'usedBytes'), 4_000_000_000);
    assert.equal(valueOf(text, 'filesystem:web-1//srv/a"b', 'type'), 'xfs');
    assert.equal(valueOf(text, 'interface:web-1/eth0', 'mac'), '52:54:00:12:34:56');
    assert.equal(valueOf(text, 'interface:web-1/docker0', 'mac'), undefined);
    assert.equal(valueOf(text, 'time_sync:web-1/system', 'synchronized'), true);
    assert.equal(valueOf(text, 'service:web-1/nginx.service', 'state.current'), 'active');
    assert.equal(valueOf(text, 'service:web-1/backup.service', 'state.failed'), true);
    assert.equal(valueOf(text, 'unit:web-1/ssh.socket', 'state.current'), 'active');
  });

  it('holds what moves by itself only where the registry says so', () => {
    for (const attribute of ['usedBytes', 'availableBytes', 'inodes', 'inodesUsed'])
      assert.equal(attributeSpec('filesystem', attribute)?.volatile, true);
    for (const attribute of ['load', 'memory.availableBytes', 'swap.usedBytes', 'boot.at'])
      assert.equal(attributeSpec('host', attribute)?.volatile, true);
    assert.equal(attributeSpec('service', 'state.current')?.volatile, true);
  });

  it('is complete only in what the exporter says that it finished', () => {
    const failed = look(
      aScrape().replace('{collector="filesystem"} 1', '{collector="filesystem"} 0'),
    );
    assert.ok(!failed.complete.includes('filesystem'));
    assert.ok(failed.complete.includes('host'));
    const silent = look(
      aScrape().replace(/^node_scrape_collector_success\{collector="systemd".*\n/m, ''),
    );
    assert.deepEqual(
      silent.shortfalls.map(({ kind }) => kind),
      ['service', 'timer', 'unit'],
    );
    const broken = look(aScrape().replace(/(device_error\{[^\n]*mountpoint="\/"\}) 0/, '$1 1'));
    assert.ok(!broken.complete.includes('filesystem'));
    const none = look(aScrape().replace(/^node_scrape_collector_success.*\n/gm, ''));
    assert.deepEqual(none.complete, []);
  });

  it('is nothing at all when it is cut, empty, of another host, or of another time', () => {
    const whole = aScrape();
    for (const [text, why] of [
      ['', /last line/],
      ['\n', /does not say/],
      [whole.slice(0, -1), /last line/],
      [whole.replace('nodename="web-1"', 'nodename="web-2"'), /another host/],
      [whole.replace(/^node_time_seconds.*\n/m, ''), /when it ran/],
      ['<html>\n', /no name/],
    ] as const) {
      const seen = look(text);
      assert.deepEqual(seen.complete, []);
      assert.match(seen.shortfalls[0]?.reason ?? '', why);
    }
    assert.deepEqual(look(whole, instant('2026-03-01T12:20:00Z')).complete, []);
    assert.deepEqual(look(whole, instant('2026-03-01T11:40:00Z')).complete, []);
  });

  it('cut anywhere is never complete', () => {
    const whole = aScrape();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (at) => {
        const seen = look(whole.slice(0, at));
        const lines = whole.slice(0, at).split('\n').length;
        // What stands before the end of a line is whole; what the exporter did not say yet is not.
        assert.ok(seen.complete.length < 7 || lines === whole.split('\n').length);
      }),
      { numRuns: RUNS },
    );
  });

  it('of any bytes and any change makes facts of this host or nothing, never a throw', () => {
    const whole = aScrape();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
          fc
            .tuple(fc.nat(whole.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 40 }))
            .map(([at, gone, put]) =>
              Buffer.from(whole.slice(0, at) + put + whole.slice(at + gone)),
            ),
        ),
        (bytes) => {
          for (const { entity } of look(bytes).facts) assert.match(entity, /^[a-z_]+:web-1(\/|$)/);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('the text exposition format', () => {
  const parse = (text: string) => parseExposition(Buffer.from(text), new Set(['a', 'b']));

  it('knows labels with escapes, timestamps, and values that are no number', () => {
    const found = parse(
      '# HELP a b\n# anything\n\na{x="1",y="\\"\\\\\\n",} 1.5e3 1395066363000\na 2\nb NaN\nb{z="1"} +Inf\n',
    );
    const [first, second] = found.get('a') ?? [];
    assert.deepEqual(
      [...(first?.labels ?? [])],
      [
        ['x', '1'],
        ['y', '"\\\n'],
      ],
    );
    assert.equal(first?.value, 1_500);
    assert.equal(second?.value, 2);
    assert.equal(found.get('b'), undefined);
  });

  it('refuses what is not in it', () => {
    const many = Array.from({ length: 33 }, (_, i) => `l${i}="x"`).join(',');
    for (const bad of [
      'a',
      'a 1',
      'a x\n',
      'a 1 2 3\n',
      'a 0x10\n',
      'a{ 1\n',
      'a{x=1} 1\n',
      'a{x="1" y="2"} 1\n',
      'a{x="1",x="2"} 1\n',
      'a{x="\\t"} 1\n',
      'a{x="1"} 1\na{x="1"} 2\n',
      `a{${many}} 1\n`,
      `a{x="${'y'.repeat(5_000)}"} 1\n`,
      `${'a'.repeat(20_000)} 1\n`,
      '1a 1\n',
      '\u00e4 1\n',
    ])
      assert.throws(
        () => parse(bad),
        (thrown: unknown) => thrown instanceof Fault && thrown.code === 'exposition-malformed',
        JSON.stringify(bad.slice(0, 40)),
      );
  });

  it('takes time that grows with its length, whatever it holds', () => {
    const labels = `a{${'x="\\\\'.repeat(3_000)}\n`.repeat(200);
    const blanks = `a${' '.repeat(16_000)}x\n`.repeat(200);
    const started = cpuMs();
    for (const text of [labels, blanks]) assert.throws(() => parse(text));
    assert.ok(cpuMs() - started < 500);
  });
});
