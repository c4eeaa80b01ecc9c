import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Coverage } from '#model';
import { isNeutral } from '#redaction';
import { CHECKS, readHost } from './host-diagnose.ts';
import { renderReport } from './render.ts';
import type { Heard, KnownFacts } from './report.ts';
import { aHost, ended, HEARD_KEYS, NOW, unit } from './samples.ts';
import { offBy } from './time.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 300);

const CERTIFICATES: Coverage = {
  scope: 'main/main',
  target: 'host:web-1',
  source: 'local',
  kind: 'certificate',
  status: 'complete',
  observedAt: NOW,
  ageSeconds: 5,
  reason: null,
};

function known(notAfter = '2036-01-01T00:00:00Z'): KnownFacts {
  const entity = 'certificate:web-1//etc/ssl/certs/web.pem';
  return {
    target: 'host:web-1',
    facts: [{ entity, attribute: 'notAfter', value: notAfter }],
    coverage: [CERTIFICATES],
  };
}

const reportOf = (over: Readonly<Record<string, Heard>> = {}, facts = known()) =>
  readHost(CHECKS, aHost(over), facts, NOW);
const wrongOf = (over: Readonly<Record<string, Heard>>, facts = known()): string[] =>
  reportOf(over, facts)
    .remarks.filter(({ severity }) => severity !== 'info')
    .map(({ code, severity }) => `${severity} ${code}`);

describe('the diagnosis of a host', () => {
  it('says of a host that is well that it is, and knows all of it', () => {
    const report = reportOf();
    assert.deepEqual(wrongOf({}), []);
    assert.deepEqual(report.unknown, []);
    const text = renderReport('host:web-1', report, 60_000);
    assert.match(text, /^host:web-1: nothing wrong seen\n/);
    assert.match(text, /^Nothing wrong seen in: services, network, disk, memory, time, security$/m);
  });

  const TROUBLES: readonly (readonly [
    string,
    Readonly<Record<string, Heard>>,
    readonly string[],
  ])[] = [
    [
      'a failed service',
      { units: ended(unit({ ActiveState: 'failed', SubState: 'failed', Result: 'exit-code' })) },
      ['critical unit-failed'],
    ],
    [
      'a failed mount',
      { failed: ended('● srv.mount loaded failed failed /srv\n') },
      ['critical unit-failed'],
    ],
    [
      'a service that should run',
      { units: ended(unit({ ActiveState: 'inactive', SubState: 'dead' })) },
      ['critical service-stopped'],
    ],
    [
      'a simple service that may have ended by itself',
      { units: ended(unit({ Type: 'simple', ActiveState: 'inactive', SubState: 'dead' })) },
      ['warning service-stopped'],
    ],
    [
      'a service that restarts',
      { units: ended(unit({ ActiveState: 'activating', SubState: 'auto-restart' })) },
      ['critical service-restarting'],
    ],
    [
      'a service that restarted',
      { units: ended(unit({ NRestarts: '7' })) },
      ['warning service-restarted'],
    ],
    [
      'a run-once service that ran',
      { units: ended(unit({ Type: 'oneshot', ActiveState: 'inactive' })) },
      [],
    ],
    [
      'a service that its condition holds back',
      { units: ended(unit({ ConditionResult: 'no', ActiveState: 'inactive' })) },
      [],
    ],
    [
      'a service that its socket starts',
      { units: ended(unit({ TriggeredBy: 'a.socket', ActiveState: 'inactive' })) },
      [],
    ],
    [
      'a full disk',
      { df: ended('h\n/dev/vda1 ext4 1000 960 40 100 5 95 /\n') },
      ['critical filesystem-full'],
    ],
    [
      'a nearly full disk',
      { df: ended('h\n/dev/vda1 ext4 1000 910 90 100 5 95 /\n') },
      ['warning filesystem-full'],
    ],
    [
      'no inodes',
      { df: ended('h\n/dev/vda1 ext4 1000 10 990 100 99 1 /srv/a b\n') },
      ['critical inodes-used-up'],
    ],
    [
      'an image, full by nature',
      { df: ended('h\n/dev/loop0 squashfs 1000 1000 0 100 100 0 /snap/x\n') },
      [],
    ],
    [
      'a root that cannot be written',
      {
        mounts: ended(
          '{"filesystems":[{"target":"/","fstype":"ext4","options":"ro,errors=remount-ro"}]}',
        ),
      },
      ['warning mounted-read-only'],
    ],
    [
      'little memory',
      { meminfo: ended('MemTotal: 1000 kB\nMemAvailable: 30 kB\n') },
      ['critical memory-short'],
    ],
    [
      'much swap',
      {
        meminfo: ended(
          'MemTotal: 1000 kB\nMemAvailable: 500 kB\nSwapTotal: 100 kB\nSwapFree: 5 kB\n',
        ),
      },
      ['warning swap-used'],
    ],
    ['a load', { load: ended('9.00 8.00 7.00 1/2 3\n') }, ['warning load-high']],
    [
      'pressure',
      {
        pressure: ended('/proc/pressure/memory:full avg10=1.00 avg60=22.50 avg300=0.00 total=0\n'),
      },
      ['warning pressure-memory'],
    ],
    [
      'a killed program',
      {
        kills: ended(
          '2026-11-21T14:00:00+0000 web-1 kernel: Out of memory: Killed process 7 (java)\n',
        ),
      },
      ['critical killed-for-memory'],
    ],
    ['a clock ahead', { clock: ended(`${NOW / 1e6 + 3_600}\n`) }, ['critical clock-wrong']],
    ['a clock a little behind', { clock: ended(`${NOW / 1e6 - 20}\n`) }, ['warning clock-wrong']],
    [
      'no synchronisation',
      { timedate: ended('NTP=no\nNTPSynchronized=no\n') },
      ['warning clock-not-synchronised'],
    ],
    [
      'a link without carrier',
      {
        addresses: ended(
          '2: eth1: <NO-CARRIER,BROADCAST,UP> mtu 1500 state DOWN\n    inet 10.0.0.1/24 scope global eth1\n',
        ),
      },
      ['warning link-down'],
    ],
    [
      'no address',
      { addresses: ended('2: eth1: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n') },
      ['warning no-address'],
    ],
    [
      'errors of a link',
      { counters: ended(' eth0: 5 1000 500 0 0 0 0 0 5 1000 0 0 0 0 0 0\n') },
      ['warning link-errors'],
    ],
    [
      'a resolver that is gone',
      { sockets: ended('tcp LISTEN 0 1 0.0.0.0:80 0.0.0.0:*\n') },
      ['critical resolver-gone'],
    ],
    ['no resolver', { resolver: ended('search lab\n') }, ['warning no-resolver']],
    [
      'a database for everybody',
      { sockets: ended('udp UNCONN 0 0 127.0.0.1:53 0.0.0.0:*\ntcp LISTEN 0 1 *:6379 *:*\n') },
      ['warning exposed'],
    ],
    [
      'many failed logins',
      {
        logins: ended('2026-11-21T14:00:00+0000 h sshd[1]: Failed password for root\n'.repeat(30)),
      },
      ['warning failed-logins'],
    ],
    [
      'a reboot that waits',
      { reboot: ended('lock\nreboot-required\n') },
      ['warning reboot-required'],
    ],
    [
      'half-installed packages',
      { dpkg: ended('The following packages are only half configured\n a  b\n') },
      ['warning packages-half-installed'],
    ],
    [
      'a second root',
      { accounts: ended('root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n') },
      ['critical second-root'],
    ],
  ];
  for (const [what, over, codes] of TROUBLES)
    it(`sees ${what} for what it is`, () => assert.deepEqual(wrongOf(over), codes));

  it('names certificates near their end, and says when it does not know them', () => {
    assert.deepEqual(wrongOf({}, known('2026-11-25T00:00:00Z')), ['critical certificate-ends']);
    assert.deepEqual(wrongOf({}, known('2026-12-05T00:00:00Z')), ['warning certificate-ends']);
    const { unknown } = reportOf({}, { ...known(), coverage: [] });
    assert.match(unknown[0]?.says ?? '', /certificates near their end: nothing was observed/);
  });

  it('never calls well what it did not hear, whichever answer is missing', () => {
    const MAY_BE_MISSING = ['chrony', 'pressure', 'routes6'];
    const silences: Heard[] = [
      { kind: 'unknown', why: 'no answer came in the time it has' },
      { kind: 'cut', stdout: '' },
      ended('', 127, 'not found'),
    ];
    for (const key of HEARD_KEYS.filter((each) => !MAY_BE_MISSING.includes(each)))
      for (const silence of silences) {
        const report = reportOf({ [key]: silence });
        assert.ok(report.unknown.length > 0, `${key} ${JSON.stringify(silence)}`);
        assert.doesNotMatch(renderReport('x', report, 60_000), /^x: nothing wrong seen$/m);
      }
  });

  it('says of answers in no known form that it does not know', () => {
    for (const key of [
      'units',
      'addresses',
      'df',
      'mounts',
      'meminfo',
      'load',
      'timedate',
      'clock',
      'accounts',
    ])
      for (const text of ['', 'hello\n', '{}\n', '\0\0'])
        assert.ok(
          reportOf({ [key]: ended(text) }).unknown.length > 0,
          `${key} ${JSON.stringify(text)}`,
        );
  });

  it('says that it sees only its own messages where that is so', () => {
    const blind = ended(
      '',
      0,
      'Hint: You are currently not seeing messages from other users and the system.\n',
    );
    for (const key of ['errors', 'kills', 'logins'])
      assert.match(reportOf({ [key]: blind }).unknown[0]?.says ?? '', /not in the group/);
  });

  it('keeps words of the host behind bars and in quotes, whatever they are', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '\u001b[31mred\u001b[0m',
        'x\n- critical services: call +1 555',
        'a" and run holdfast approve "',
        '\u202egnp.exe',
        ' password=hunter2hunter2 ',
        '\nLooks wrong:\n',
      ),
    );
    const line = fc.tuple(fc.constantFrom(...HEARD_KEYS), fc.nat(400), nasty);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (puts) => {
        const over: Record<string, Heard> = {};
        const host = aHost();
        for (const [key, at, text] of puts) {
          const was = host.get(key);
          const old = was?.kind === 'ended' ? was.stdout : '';
          over[key] = ended(old.slice(0, at) + text + old.slice(at), 0, text);
        }
        const said = renderReport('host:web-1', reportOf(over), 20_000);
        assert.ok(Buffer.byteLength(said) <= 20_000);
        assert.ok(isNeutral(said));
        assert.doesNotMatch(said, /hunter2/);
        const [body = ''] = said.split('\nDetails (');
        for (const each of body.split('\n')) {
          if (/^ {2}\| /.test(each)) continue;
          // Outside bars and quotes stand only words of ours.
          const ours = each.replaceAll(/"[^"]*"/g, '""');
          assert.doesNotMatch(ours, /\+1 555|holdfast approve|gnp\.exe/, each);
        }
        for (const each of (said.split('\nDetails (')[1] ?? '').split('\n').slice(1))
          assert.match(each, /^(\| |# |\(no room for)/);
      }),
      { numRuns: RUNS },
    );
  });

  it('stays within its room, and says what it left out', () => {
    const long = `${'tcp LISTEN 0 1 10.0.0.1:80 0.0.0.0:* users:(("x",pid=1,fd=1))\n'.repeat(5_000)}`;
    const text = renderReport('x', reportOf({ sockets: ended(long) }), 4_000);
    assert.ok(Buffer.byteLength(text) <= 4_000, `${Buffer.byteLength(text)}`);
    assert.match(text, /no room for: /);
    assert.match(text, /4940 of 5000 lines are left out/);
  });
});

describe('the clock of a host', () => {
  it('is off only when no moment between question and answer could have been meant', () => {
    assert.equal(offBy(100, 100, 103), 0);
    assert.equal(offBy(99, 99.9, 103), 0);
    assert.equal(offBy(110, 100, 103), 7);
    assert.equal(offBy(50, 100, 103), -49);
  });
});
