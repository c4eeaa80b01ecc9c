import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import { certificatesCollector } from './certificates.ts';
import { containersCollector } from './containers.ts';
import type { Collector, Look } from './index.ts';
import { follow } from './links.ts';
import { unitProperties } from './look-session.ts';
import { portsCollector } from './ports.ts';
import { aLookSession, listening, type PaperFile, paperMachine, result } from './samples.ts';
import { sshdCollector } from './sshd.ts';
import { storageCollector } from './storage.ts';
import { sudoCollector } from './sudo.ts';
import { timeSyncCollector } from './time-sync.ts';
import { unitsCollector } from './units.ts';

type Files = Readonly<Record<string, string | PaperFile>>;
type Answers = Parameters<typeof paperMachine>[1];

const look = (collector: Collector, files: Files, answers: Answers = {}): Promise<Look> =>
  collector.look(aLookSession(paperMachine(files, answers)));

function attributesOf({ facts }: Look, entity: string): Record<string, Json> {
  return Object.fromEntries(
    facts.filter((fact) => fact.entity === entity).map((fact) => [fact.attribute, fact.value]),
  );
}

function entitiesOf({ facts }: Look): string[] {
  return [...new Set(facts.map((fact) => fact.entity))].sort();
}

const CERTIFICATE = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBzjCCAXSgAwIBAgIUMrpwQsMkzhg4lsGJLPVqjewxs+gwCgYIKoZIzj0EAwIw',
  'LDEQMA4GA1UECgwHRXhhbXBsZTEYMBYGA1UEAwwPd2ViLmV4YW1wbGUub3JnMCAX',
  'DTI2MTEyMTA4MjgwMloYDzIxMjYxMDI4MDgyODAyWjAsMRAwDgYDVQQKDAdFeGFt',
  'cGxlMRgwFgYDVQQDDA93ZWIuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIBBggqhkjO',
  'PQMBBwNCAARZFOdw3XW33HcX3USKc/aSOCo9Ntowg2p+n+GoOB6yHO8xJkziRmH9',
  '82co8VEG5VEM1IFfHNHRip6mlPAQSwdxo3IwcDAdBgNVHQ4EFgQU4Cw3x//2xlSa',
  'o2bppHmu8sEFOEYwHwYDVR0jBBgwFoAU4Cw3x//2xlSao2bppHmu8sEFOEYwIAYD',
  'VR0RBBkwF4IPd2ViLmV4YW1wbGUub3JnhwTAAAIBMAwGA1UdEwEB/wQCMAAwCgYI',
  'KoZIzj0EAwIDSAAwRQIhAK8P78jvK73p+DDSmnZb7YjrIiXZP+ZWsNUGgTt6Q5dj',
  'AiBKAjvKWAdkejyj0u2xHb0MA8Y4oSRM5rnHIc3yxSAxTw==',
  '-----END CERTIFICATE-----',
].join('\n');

describe('units', () => {
  const running = { '/run/systemd/system': { kind: 'directory' } } as const;
  const list = (command: string, rows: readonly object[]): Record<string, string> => ({
    [`systemctl ${command} --output=json --no-pager`]: JSON.stringify(rows),
  });
  const answers = (
    blocks: string,
    names: readonly string[],
    units: readonly string[],
  ): Answers => ({
    ...list(
      'list-unit-files',
      names.map((unit_file) => ({ unit_file })),
    ),
    ...list(
      'list-units --all',
      units.map((unit) => ({ unit })),
    ),
    // Units that pass are not even asked about.
    [[...unitProperties(), ...names].join(' ')]: blocks,
  });

  it('tell a state only of services that stay in one, while their trigger is active', async () => {
    const blocks = [
      'Id=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled',
      'Id=b.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nTriggeredBy=b.socket',
      'Id=b.socket\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled',
      'Id=c.service\nLoadState=not-found\nActiveState=inactive',
      'Id=d.service\nLoadState=loaded\nActiveState=active\nTransient=yes',
    ].join('\n\n');
    const names = ['a.service', 'b.service', 'b.socket', 'c.service', 'd.service'];
    const seen = await look(
      unitsCollector,
      running,
      answers(blocks, names, ['run-1.service', 'a.service']),
    );
    assert.deepEqual(entitiesOf(seen), [
      'service:web-1/a.service',
      'service:web-1/b.service',
      'unit:web-1/b.socket',
    ]);
    assert.equal(attributesOf(seen, 'service:web-1/a.service')['state.active'], 'active');
    assert.ok(!('state.active' in attributesOf(seen, 'service:web-1/b.service')));
    assert.equal(attributesOf(seen, 'service:web-1/b.service')['state.current'], 'active');
    assert.deepEqual(seen.complete, ['service', 'timer', 'unit']);
  });

  it('are partial when systemd does not answer, and complete when it is not there', async () => {
    const silent = await look(unitsCollector, running);
    assert.deepEqual(silent.complete, []);
    assert.match(silent.shortfalls[0]?.reason ?? '', /did not answer/);
    assert.deepEqual((await look(unitsCollector, {})).complete, ['service', 'timer', 'unit']);
  });
});

describe('ports', () => {
  const head = 'head\n';
  const files = {
    '/etc/passwd': 'www:x:33:33::/:/bin/false\n',
    '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    '/proc/net/tcp': head + listening(80, 500, 33) + listening(40_000, 501),
    '/proc/net/udp': `${head}${listening(68, 502).replace(' 0A ', ' 07 ')}${listening(45_000, 503).replace(' 0A ', ' 07 ')}`,
    '/proc/9/fd/4': { link: 'socket:[500]' },
    '/proc/9/exe': { link: '/usr/sbin/nginx (deleted)' },
    '/proc/9/cgroup': '0::/system.slice/nginx.service\n',
    '/proc/12/fd/4': { link: 'socket:[500]' },
    '/proc/12/exe': { link: '/usr/sbin/worker' },
    '/proc/13/fd': { kind: 'directory', unreadable: 'EACCES' },
  } as const;

  it('tell every listener and who opened it, but not the sockets of clients', async () => {
    const seen = await look(portsCollector, files);
    assert.deepEqual(entitiesOf(seen), [
      'port:web-1/tcp/0.0.0.0:40000',
      'port:web-1/tcp/0.0.0.0:80',
      'port:web-1/udp/0.0.0.0:68',
    ]);
    assert.deepEqual(attributesOf(seen, 'port:web-1/tcp/0.0.0.0:80'), {
      protocol: 'tcp',
      address: '0.0.0.0',
      port: 80,
      user: 'www',
      pid: 9,
      process: 'nginx',
      exe: '/usr/sbin/nginx',
      exeReplaced: true,
      unit: 'nginx.service',
    });
  });

  it('are all there even where their processes may not be looked into', async () => {
    const seen = await look(portsCollector, files);
    assert.equal(attributesOf(seen, 'port:web-1/tcp/0.0.0.0:40000')['process'], null);
    assert.deepEqual(seen.complete, ['port']);
  });
});

describe('certificates', () => {
  it('are told with what an operator asks, links of root followed, authorities left to their bundle', async () => {
    const seen = await look(certificatesCollector, {
      '/etc/letsencrypt/live/web/cert.pem': { link: '../../archive/web/cert1.pem' },
      '/etc/letsencrypt/archive/web/cert1.pem': `${CERTIFICATE}\n`,
      '/etc/letsencrypt/live/web/privkey.pem': '-----BEGIN PRIVATE KEY-----\n',
      '/etc/ssl/certs/ca-certificates.crt': CERTIFICATE,
      '/etc/ssl/certs/Some_Root.pem': { link: '/usr/share/ca-certificates/x.crt' },
      '/etc/ssl/certs/own.pem': `${CERTIFICATE}\n${CERTIFICATE}`,
      '/usr/local/share/ca-certificates/added.crt': CERTIFICATE,
      '/etc/nginx/broken.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    });
    assert.deepEqual(entitiesOf(seen), [
      'certificate:web-1//etc/letsencrypt/live/web/cert.pem',
      'certificate:web-1//etc/ssl/certs/own.pem',
      'certificate:web-1//usr/local/share/ca-certificates/added.crt',
    ]);
    const certificate = attributesOf(seen, 'certificate:web-1//etc/ssl/certs/own.pem');
    assert.deepEqual(certificate['subjectAltNames'], [
      'DNS:web.example.org',
      'IP Address:192.0.2.1',
    ]);
    assert.equal(certificate['subject'], 'O=Example, CN=web.example.org');
    assert.equal(
      certificate['fingerprint'],
      'cc2d634628eb920cb1bef61b3bebea789b70fe521eeabfedf83f54d6b66d086e',
    );
    assert.equal(certificate['chainLength'], 2);
    assert.equal(certificate['keyType'], 'ec');
    assert.equal(certificate['isCa'], false);
    assert.equal(attributesOf(seen, entitiesOf(seen)[2] ?? '')['trustAnchor'], true);
  });
});

describe('the SSH server', () => {
  const files = {
    '/usr/sbin/sshd': '',
    '/etc/ssh/sshd_config':
      'Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nMatch Group ops\n  X11Forwarding yes\n',
    '/etc/ssh/sshd_config.d/a.conf': 'PermitRootLogin no\n',
    '/etc/ssh/sshd_config.d/b.txt': 'PermitRootLogin maybe\n',
  };
  const value = (seen: Look, key: string): Json | undefined =>
    attributesOf(seen, `sshd_setting:web-1/${key}`)['value'];

  it('says itself what is in force; Match blocks come from its files', async () => {
    const seen = await look(sshdCollector, files, {
      '/usr/sbin/sshd -T': 'port 22\npermitrootlogin no\nhostkey /b\nhostkey /a\n',
    });
    assert.deepEqual(value(seen, 'hostkey'), ['/a', '/b']);
    assert.equal(value(seen, 'match Group ops/x11forwarding'), 'yes');
    assert.deepEqual(seen.complete, ['sshd_setting']);
  });

  it('is read from its files when it does not answer, first value first, and partial', async () => {
    const seen = await look(sshdCollector, files, { '/usr/sbin/sshd -T': result('exited', 1, '') });
    assert.equal(value(seen, 'permitrootlogin'), 'no');
    assert.deepEqual(seen.complete, []);
  });
});

describe('sudoers', () => {
  it('are followed through includes once, without what sudo leaves out', async () => {
    const seen = await look(sudoCollector, {
      '/etc/sudoers': '@includedir sudoers.d\n@include /etc/sudoers\n@include /etc/gone\n',
      '/etc/sudoers.d/a': 'al ALL=(ALL) ALL\nal ALL=NOPASSWD: /bin/ls\n',
      '/etc/sudoers.d/b.bak': 'mallory ALL=(ALL) ALL\n',
      '/etc/sudoers.d/c~': 'mallory ALL=(ALL) ALL\n',
    });
    const rules = entitiesOf(seen).filter((each) => each.includes('sudoers.d/'));
    assert.deepEqual(rules, [
      'sudo_rule:web-1//etc/sudoers.d/a/al',
      'sudo_rule:web-1//etc/sudoers.d/a/al#2',
    ]);
    assert.deepEqual(seen.complete, ['sudo_rule']);
  });
});

describe('containers, storage and time', () => {
  it('ask only runtimes that are there', async () => {
    const ps = 'podman ps --all --no-trunc --format json';
    const answer = { [ps]: '[{"Names":["cache"],"State":"running"}]' };
    assert.deepEqual((await look(containersCollector, {}, answer)).facts, []);
    const store = { '/var/lib/containers/storage': { kind: 'directory' } } as const;
    assert.deepEqual(entitiesOf(await look(containersCollector, store, answer)), [
      'container:web-1/cache',
    ]);
    assert.deepEqual(
      (await look(containersCollector, { '/run/docker.sock': { kind: 'socket' } })).complete,
      [],
    );
  });

  it('name mapped devices by their mapping, and leave out what passes', async () => {
    const df = 'df --local --block-size=1 --output=fstype,size,used,avail,itotal,iused,target';
    const seen = await look(
      storageCollector,
      {
        '/proc/self/mounts':
          '/dev/mapper/root / ext4 rw 0 0\ntmpfs /run/user/0 tmpfs rw 0 0\nnsfs /run/netns/a nsfs rw 0 0\n',
        '/sys/block/sda/size': '2048\n',
        '/sys/block/sda/sda1/size': '1024\n',
        '/sys/block/dm-0/size': '1000\n',
        '/sys/block/dm-0/dm/name': 'root\n',
        '/sys/block/dm-0/dm/uuid': 'CRYPT-LUKS2-abc-root\n',
        '/sys/block/dm-0/slaves/sda1': '',
        '/sys/block/loop0/size': '0\n',
      },
      { [df]: 'head\next4 100 50 50 10 5 /\ntmpfs 9 1 8 1 1 /run\n' },
    );
    assert.deepEqual(entitiesOf(seen), [
      'block_device:web-1/root',
      'block_device:web-1/sda',
      'block_device:web-1/sda1',
      'filesystem:web-1//',
      'mount:web-1//',
    ]);
    const mapped = attributesOf(seen, 'block_device:web-1/root');
    assert.equal(mapped['encrypted'], true);
    assert.deepEqual(mapped['parents'], [{ ref: 'block_device:web-1/sda1' }]);
  });

  it('know who keeps the clock', async () => {
    const running = { '/run/systemd/system': { kind: 'directory' } } as const;
    const show = {
      'timedatectl show --no-pager':
        'Timezone=Etc/UTC\nLocalRTC=no\nCanNTP=yes\nNTP=yes\nNTPSynchronized=yes\n',
    };
    const kept = attributesOf(
      await look(timeSyncCollector, running, show),
      'time_sync:web-1/system',
    );
    assert.deepEqual(kept, {
      provider: 'systemd-timesyncd',
      enabled: true,
      synchronized: true,
      hardwareClockLocal: false,
    });
    const none = attributesOf(await look(timeSyncCollector, {}), 'time_sync:web-1/system');
    assert.deepEqual(none, { provider: 'none', enabled: false, synchronized: false });
  });
});

describe('a link', () => {
  it('of an ordinary account leads to files of that account only', async () => {
    const session = aLookSession(
      paperMachine({
        '/home/al/own': { link: 'real', uid: 1000 },
        '/home/al/real': { text: 'x', uid: 1000 },
        '/home/al/theirs': { link: '/etc/shadow', uid: 1000 },
        '/home/al/round': { link: '/home/al/round', uid: 0 },
        '/etc/shadow': { text: 'secret', uid: 0 },
        '/etc/link': { link: '../home/al/real', uid: 0 },
      }),
    );
    assert.equal((await follow(session, '/home/al/own'))?.path, '/home/al/real');
    assert.equal((await follow(session, '/etc/link'))?.path, '/home/al/real');
    assert.equal(await follow(session, '/etc/gone'), undefined);
    await assert.rejects(follow(session, '/home/al/theirs'), { code: 'link-refused' });
    await assert.rejects(follow(session, '/home/al/round'), { code: 'link-refused' });
  });
});
