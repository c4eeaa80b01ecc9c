import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import { REACH_SOURCE, SSH_SOURCE } from '#model';
import { throwsFault } from '../../test/support/throws-fault.ts';
import { accountsCollector } from './accounts.ts';
import { certificatesCollector } from './certificates.ts';
import { cronCollector } from './cron.ts';
import { COLLECTORS, type Collector, type Observed, observeSnapshot } from './index.ts';
import { kernelParametersCollector } from './kernel-parameters.ts';
import { unitProperties } from './look-session.ts';
import { portsCollector } from './ports.ts';
import { reachFacts, unreachableLook } from './reach-facts.ts';
import { listening, paperClock } from './samples.ts';
import { aPart, aSnapshot, type SampleRecord } from './snapshot-samples.ts';
import { sudoCollector } from './sudo.ts';
import { unitsCollector } from './units.ts';

async function seen(
  collector: Collector,
  reader: readonly SampleRecord[],
  root?: readonly SampleRecord[],
): Promise<Observed> {
  const [one] = await observeSnapshot({
    target: 'host:web-1',
    bytes: aSnapshot(reader, root),
    collectors: [collector],
    clock: paperClock(),
  });
  assert.ok(one !== undefined);
  return one;
}

function value({ facts }: Observed, entity: string, attribute: string): unknown {
  return facts.find((fact) => fact.entity === entity && fact.attribute === attribute)?.value;
}

const PASSWD: SampleRecord = ['file\t/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'];
const GROUP: SampleRecord = ['file\t/etc/group', 'root:x:0:\n'];

describe('accounts of a snapshot', () => {
  it('are partial where the reader may not see passwords, and say nothing of them', async () => {
    const look = await seen(accountsCollector, [PASSWD, GROUP, 'denied\t/etc/shadow']);
    assert.equal(look.source, SSH_SOURCE);
    assert.equal(value(look, 'user:web-1/root', 'uid'), 0);
    assert.equal(value(look, 'user:web-1/root', 'password.state'), undefined);
    assert.deepEqual(look.complete, ['group']);
  });

  it('are complete with what root tells, and root is believed rather than the reader', async () => {
    const look = await seen(
      accountsCollector,
      [PASSWD, GROUP, 'denied\t/etc/shadow'],
      [['fact\tuser\troot', '{"uid":0,"password.state":"locked"}'], 'whole\tuser'],
    );
    assert.equal(value(look, 'user:web-1/root', 'password.state'), 'locked');
    assert.equal(value(look, 'user:web-1/root', 'shell'), undefined);
    assert.deepEqual(look.complete, ['user', 'group']);
  });

  it('are partial when root says that something is missing, whatever else it says', async () => {
    const look = await seen(
      accountsCollector,
      [PASSWD, GROUP, 'denied\t/etc/shadow'],
      ['whole\tuser', 'short\tuser\tplease%20stop%20nginx'],
    );
    assert.deepEqual(look.complete, ['group']);
    assert.equal(look.shortfalls[0]?.reason, 'not all of it was seen');
  });
});

describe('a path of a snapshot', () => {
  it('that nobody announced makes its kinds partial, with the reason', async () => {
    const look = await seen(sudoCollector, []);
    assert.deepEqual(look.complete, []);
    assert.match(look.shortfalls[0]?.reason ?? '', /not in the snapshot: path \/etc\/sudoers/);
  });

  it('that is not there is absence', async () => {
    assert.deepEqual((await seen(sudoCollector, ['none\t/etc/sudoers'])).complete, ['sudo_rule']);
  });

  it('that is denied makes a kind partial even where its collector does not mind', async () => {
    const look = await seen(kernelParametersCollector, [
      'denied\t/proc/sys/kernel/panic',
      ['file\t/proc/sys/vm/swappiness', '60\n'],
    ]);
    assert.equal(value(look, 'kernel_parameter:web-1/vm.swappiness', 'value'), '60');
    assert.deepEqual(look.complete, []);
  });

  it('that root told holds nothing for the reader, and the facts are root’s', async () => {
    const table = '/var/spool/cron/crontabs/al';
    const nothing = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'].map(
      (each) => `none\t/etc/cron.${each}`,
    );
    const look = await seen(
      cronCollector,
      [
        ...nothing,
        'none\t/etc/crontab',
        'none\t/etc/cron.d',
        'none\t/etc/anacrontab',
        'none\t/var/spool/cron',
        'denied\t/var/spool/cron/crontabs',
      ],
      [
        ['list\t/var/spool/cron/crontabs', 'al\n'],
        `stat\t${table}\tfile\t0\t0\t600\t9\t0`,
        `told\t${table}`,
        [`fact\tcron_job\t${table}/0123456789ab`, '{"command":"/bin/true","user":"al"}'],
      ],
    );
    assert.equal(value(look, `cron_job:web-1/${table}/0123456789ab`, 'command'), '/bin/true');
    assert.deepEqual(look.complete, ['cron_job']);
  });

  it('that is no file is left unopened, whatever is said to be in it', async () => {
    const look = await seen(certificatesCollector, [
      ['list\t/etc/nginx', 'a.pem\n'],
      'stat\t/etc/nginx/a.pem\tsymlink\t33\t33\t777\t5\t0',
      'link\t/etc/nginx/a.pem\t/etc/shadow',
    ]);
    assert.deepEqual(look.complete, []);
    assert.deepEqual(look.facts, []);
  });
});

describe('ports of a snapshot', () => {
  it('do not say that nobody holds them where only root could know', async () => {
    const look = await seen(portsCollector, [
      PASSWD,
      GROUP,
      ['file\t/proc/sys/net/ipv4/ip_local_port_range', '32768 60999\n'],
      ['file\t/proc/net/tcp', `head\n${listening(80, 500, 0)}`],
      ['file\t/proc/net/udp', 'head\n'],
      'none\t/proc/net/tcp6',
      'none\t/proc/net/udp6',
      ['list\t/proc', ''],
    ]);
    assert.equal(value(look, 'port:web-1/tcp/0.0.0.0:80', 'port'), 80);
    assert.equal(value(look, 'port:web-1/tcp/0.0.0.0:80', 'process'), undefined);
    assert.deepEqual(look.complete, []);
  });
});

describe('units of a snapshot', () => {
  const running = 'stat\t/run/systemd/system\tdirectory\t0\t0\t755\t0\t0';
  const list = (name: string, body: string): SampleRecord => [
    `program\tsystemctl ${name} --output=json --no-pager\t0`,
    body,
  ];
  const show = (names: string): string =>
    `program\t${unitProperties().join(' ')} ${names}\t0`.replaceAll('%', '%25');
  const lists = [
    running,
    list('list-unit-files', '[{"unit_file":"a.service"},{"unit_file":"b.service"}]'),
    list('list-units --all', '[]'),
  ];

  it('are found in whatever order and batches they were asked about', async () => {
    const look = await seen(unitsCollector, [
      ...lists,
      [show('b.service x.service'), 'Id=b.service\nLoadState=loaded\nActiveState=active\n'],
      [show('a.service'), 'Id=a.service\nLoadState=loaded\nActiveState=failed\n'],
    ]);
    assert.equal(value(look, 'service:web-1/a.service', 'state.failed'), true);
    assert.equal(value(look, 'service:web-1/b.service', 'state.current'), 'active');
    assert.deepEqual(look.complete, ['service', 'timer', 'unit']);
  });

  it('are partial when one of them was not asked about', async () => {
    const look = await seen(unitsCollector, [...lists, [show('a.service'), 'Id=a.service\n']]);
    assert.deepEqual(look.complete, []);
  });
});

describe('a whole round', () => {
  it('over a snapshot that was cut is complete in nothing', async () => {
    const part = aPart('holdfast-snapshot', [PASSWD, GROUP, 'none\t/etc/shadow']);
    for (const at of [0, 30, part.length - 1]) {
      const looks = await observeSnapshot({
        target: 'host:web-1',
        bytes: Buffer.from(part).subarray(0, at),
        collectors: COLLECTORS,
        clock: paperClock(),
      });
      assert.deepEqual(
        looks.flatMap((look) => look.complete),
        [],
      );
      assert.equal(looks.length, COLLECTORS.length);
    }
  });

  it('over something else is refused', async () => {
    await throwsFault(
      () =>
        observeSnapshot({
          target: 'host:web-1',
          bytes: Buffer.from('Welcome!\n'),
          collectors: COLLECTORS,
          clock: paperClock(),
        }),
      'snapshot-malformed',
    );
  });

  it('cannot speak of other hosts or of kinds that no collector has', async () => {
    const look = await seen(
      sudoCollector,
      ['none\t/etc/sudoers'],
      [
        ['fact\tuser\troot', '{"uid":7}'],
        ['fact\tsudo_rule\tx', '{"rule":"a","who":7}'],
      ],
    );
    assert.deepEqual(
      look.facts.map(({ entity, attribute }) => `${entity} ${attribute}`),
      ['sudo_rule:web-1/x rule'],
    );
    assert.deepEqual(look.complete, []);
  });
});

describe('a target that cannot be reached', () => {
  const at = instant('2026-03-01T12:00:00Z');

  it('is unreachable in every kind, and nothing of it is retired', () => {
    const looks = unreachableLook('host:web-1', COLLECTORS, 'connect timed out', at);
    assert.deepEqual(
      looks.flatMap((look) => (look.source === REACH_SOURCE ? [] : look.complete)),
      [],
    );
    const kinds = COLLECTORS.flatMap((collector) => collector.kinds);
    assert.equal(looks.flatMap((look) => look.shortfalls).length, kinds.length);
    assert.ok(looks.flatMap((look) => look.shortfalls).every((s) => s.status === 'unreachable'));
    assert.equal(looks.at(-1)?.source, REACH_SOURCE);
  });

  it('says so as a fact, and that it is reachable again takes the reason away', () => {
    const told = (state: 'reachable' | 'unreachable', reason: string | null): unknown[] =>
      reachFacts('host:web-1', state, reason, at).facts.map((fact) => fact.value);
    assert.deepEqual(told('unreachable', 'host key changed'), ['unreachable', 'host key changed']);
    assert.deepEqual(told('reachable', null), ['reachable', null]);
  });
});
