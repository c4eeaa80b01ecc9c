import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import type { Target } from '#model';
import { hereOf, readToolSettings, toolsFor } from './settings.ts';

const read = (text: string) => readToolSettings(`version: 1\n${text}`, 'collectors.yaml');
const problemsOf = (text: string): string => {
  try {
    read(text);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault);
    assert.equal(thrown.code, 'invalid-collectors');
    return thrown.message;
  }
  return assert.fail('it was accepted');
};

describe('collectors.yaml', () => {
  it('says what is read of whom, how often and how old it may be', () => {
    const all = read(`collectors:
  - collector: aide
    targets: ["host:web-1"]
    file: /var/log/aide/aide.log
    every: 2h
    maxAge: 7d
  - { collector: openscap, tags: [role:web], here: "/srv/reports/{host}.xml" }
  - { collector: osquery, hostTypes: [debian] }
  - { collector: node-exporter, port: 9200, scheme: https, caFile: /etc/ca.crt }
  - { collector: winrm, hostTypes: [windows], credentials: /etc/holdfast/winrm }
`);
    assert.deepEqual(
      all.map(({ collector, place, everySeconds, maxAgeSeconds, at }) => [
        collector,
        place.kind,
        everySeconds,
        maxAgeSeconds,
        at,
      ]),
      [
        ['aide', 'file', 7_200, 604_800, 'collectors.yaml:3'],
        ['openscap', 'here', 3_600, 93_600, 'collectors.yaml:8'],
        ['osquery', 'ask', 300, 600, 'collectors.yaml:9'],
        ['node-exporter', 'scrape', 300, 600, 'collectors.yaml:10'],
        ['winrm', 'winrm', 300, 600, 'collectors.yaml:11'],
      ],
    );
    assert.equal(hereOf('/srv/{host}/{host}.xml', { id: 'host:web-1' }), '/srv/web-1/web-1.xml');
  });

  it('of one tool takes the first entry that fits a target', () => {
    const all = read(`collectors:
  - { collector: aide, targets: ["host:web-2"], file: /a }
  - { collector: aide, tags: [web, db], hostTypes: [debian], file: /b }
  - { collector: aide, file: /c }
  - { collector: lynis, hostTypes: [windows], file: /d }
`);
    const target = { id: 'host:web-1', tags: ['web'], hostType: 'debian' } as unknown as Target;
    const paths = (of: Target): unknown =>
      toolsFor(all, of).map(({ place }) => 'path' in place && place.path);
    assert.deepEqual(paths(target), ['/b']);
    assert.deepEqual(paths({ ...target, tags: [] }), ['/c']);
    assert.deepEqual(paths({ ...target, id: 'host:web-2' }), ['/a']);
    assert.deepEqual(paths({ ...target, hostType: 'windows' }), ['/c', '/d']);
  });

  it('refuses what it does not know, with its place', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['collectors: [{ collector: nmap }]', /collector "nmap" is not known/],
      ['collectors: [{ collector: aide }]', /exactly one of file, here/],
      ['collectors: [{ collector: aide, file: /a, here: /b }]', /exactly one of file, here/],
      ['collectors: [{ collector: aide, file: a }]', /not in its form/],
      ['collectors: [{ collector: aide, file: /a/../etc/shadow }]', /not in its form/],
      ['collectors: [{ collector: aide, file: "/a b" }]', /not in its form/],
      ['collectors: [{ collector: aide, here: /a.xml }]', /one file for many targets/],
      ['collectors: [{ collector: aide, here: "/{name}/{host}" }]', /only \{host\}/],
      ['collectors: [{ collector: aide, file: /a, port: 1 }]', /aide takes no port/],
      ['collectors: [{ collector: node-exporter, url: "http://x/" }]', /unknown key "url"/],
      ['collectors: [{ collector: node-exporter, port: 70000 }]', /port must be/],
      ['collectors: [{ collector: node-exporter, caFile: /a }]', /means nothing over http/],
      ['collectors: [{ collector: winrm }]', /credentials is missing/],
      ['collectors: [{ collector: aide, file: /a, every: 5 }]', /not in its form/],
      ['collectors: [{ collector: aide, file: /a, every: 5s }]', /between 60s and 90d/],
      ['collectors: [{ collector: aide, file: /a, targets: [] }]', /targets is empty/],
      ['collectors: [{ collector: aide, file: /a, targets: [web] }]', /must be kind:key/],
      ['more: 1', /unknown key "more"/],
    ];
    for (const [text, why] of cases) {
      const told = problemsOf(text);
      assert.match(told, why, text);
      assert.match(told, /collectors\.yaml:2:\d+: /);
    }
    assert.throws(() => readToolSettings('version: 2', 'collectors.yaml'), /version must be 1/);
  });
});
