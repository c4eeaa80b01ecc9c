/** `notices.yaml`, read strictly. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { asFault } from '#base/fault';
import { parseNotices } from './settings.ts';

const FULL = `version: 1
schedules:
  - { name: nightly, do: observe, every: 24h, jitter: 15m, window: "01:00-05:00", kinds: [playbook], tags: [web] }
  - { name: weekly, do: report, every: 7d }
notices:
  - name: ops
    webhook: { url: "https://hooks.example/h", secretFile: keys/webhook-ops }
    resolved: true
  - name: mail
    mail: { host: mail.example, from: a@example.org, to: [b@example.org], user: u, passwordFile: keys/mail }
    severity: warning
  - { name: phone, ntfy: { url: https://ntfy.example, topic: ops-1 }, about: [approvals, stops] }
  - { name: chat, slack: { urlFile: keys/s } }
  - { name: rooms, teams: { urlFile: keys/t, caFile: /etc/ssl/own.pem }, about: [findings] }
`;

function problemsOf(text: string): string {
  try {
    parseNotices(text, 'notices.yaml');
    return '';
  } catch (thrown) {
    const fault = asFault(thrown);
    assert.equal(fault.code, 'invalid-notices');
    return fault.message;
  }
}

describe('notices.yaml', () => {
  it('says what is done by the clock, and who is told', () => {
    const { schedules, subscriptions } = parseNotices(FULL, 'notices.yaml');
    assert.deepEqual(
      schedules.map(({ name, everySeconds, jitterSeconds, window }) => ({
        name,
        everySeconds,
        jitterSeconds,
        window,
      })),
      [
        {
          name: 'nightly',
          everySeconds: 86_400,
          jitterSeconds: 900,
          window: { from: 60, to: 300 },
        },
        { name: 'weekly', everySeconds: 604_800, jitterSeconds: 0, window: null },
      ],
    );
    assert.deepEqual(
      subscriptions.map(({ severity, to }) => [severity, to.kind]),
      [
        ['critical', 'webhook'],
        ['warning', 'mail'],
        ['critical', 'ntfy'],
        ['critical', 'slack'],
        ['critical', 'teams'],
      ],
    );
    assert.deepEqual(
      subscriptions.map(({ about }) => about),
      [['findings'], ['findings'], ['approvals', 'stops'], ['findings'], ['findings']],
    );
  });

  it('refuses what could tell nobody, or everybody, with file and line', () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [
        'https://hooks.example/h',
        'http://hooks.example/h',
        /notices\.yaml:7:\d+: url must be https/,
      ],
      ['every: 24h', 'every: 1s', /:3:\d+: every is shorter than 30s/],
      ['jitter: 15m', 'jitter: 2d', /jitter is longer than every/],
      ['"01:00-05:00"', '"1-5"', /window must be two times of day/],
      ['tags: [web]', 'tags: []', /tags is empty/],
      ['do: report', 'do: apply', /is not known/],
      ['name: weekly', 'name: nightly', /two of schedules have one name/],
      ['user: u, ', '', /user and passwordFile belong together/],
      ['about: [approvals, stops]', 'about: []', /about is empty/],
      ['about: [approvals, stops]', 'about: [everything]', /is not known/],
      ['https://ntfy.example', 'https://ntfy.example/ops-1', /without the topic/],
      ['https://ntfy.example', 'http://ntfy.example', /url must be https/],
      ['topic: ops-1', 'topic: ops/1', /topic .* is not in its form/],
      ['slack: { urlFile: keys/s }', 'slack: { url: "https://x" }', /unknown key "url"/],
      ['slack: { urlFile: keys/s }', 'slack: { urlFile: a }, teams: { urlFile: b }', /one place/],
      ['secretFile: keys/webhook-ops', 'secret: abc', /unknown key "secret"/],
      ['version: 1', 'version: 2', /version must be/],
    ];
    for (const [from, to, says] of cases)
      assert.match(problemsOf(FULL.replace(from, to)), says, to);
  });

  it('throws its fault and nothing else, whatever stands there', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(FULL.length), fc.nat(40), (text, at, cut) => {
        problemsOf(FULL.slice(0, at) + text + FULL.slice(at + cut));
      }),
      { numRuns: 150 },
    );
  });
});
