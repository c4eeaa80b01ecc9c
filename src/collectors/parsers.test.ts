/**
 * What the parsers make of known answers, and that no text makes one throw or hang.
 *
 * The answers of systemd, podman, docker, chrony, sshd and rpm below are written by hand after their
 * documented formats: most machines these tests run on cannot give them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dayOf, parseAccounts, parseGroups, parsePasswords } from './accounts.ts';
import { fileOf, parseAuthorizedKeys } from './authorized-keys.ts';
import { parseCertificate } from './certificates.ts';
import { parseDockerPs, parsePodmanPs } from './containers.ts';
import { parseCrontab } from './cron.ts';
import { resolved } from './links.ts';
import {
  inet4Text,
  inet6Text,
  interfaceType,
  isGuestCable,
  parseAddresses,
  parseFibTrie,
  parseInet6,
  parseRoutes,
  parseRoutes6,
} from './network.ts';
import { parseApk, parseDpkgStatus, parseRpm } from './packages.ts';
import { parseSockets, unitOf } from './ports.ts';
import { SAMPLE_KEY } from './samples.ts';
import { isSecretFile } from './security-files.ts';
import { gathered, matchesGlob, parseSetting, parseSshdConfig } from './sshd.ts';
import { isPassingMount, parseDf, parseMounts } from './storage.ts';
import { parseSudoers } from './sudo.ts';
import { parseAssignments, parseCpuInfo, parseMemInfo } from './system.ts';
import { parseTracking } from './time-sync.ts';
import { instantOf, isLasting, isSteady, parseUnitList, parseUnits, scheduleOf } from './units.ts';

const UNITS = `Id=nginx.service
Type=forking
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
Description=A high performance web server
FragmentPath=/lib/systemd/system/nginx.service
DropInPaths=/etc/systemd/system/nginx.service.d/b.conf /etc/systemd/system/nginx.service.d/a.conf
Transient=no
TriggeredBy=
NRestarts=0
StateChangeTimestamp=Sat 2026-11-21 07:50:15 UTC

Id=apt-daily.service
Type=oneshot
ActiveState=inactive
UnitFileState=static
TriggeredBy=apt-daily.timer

Id=apt-daily.timer
ActiveState=active
UnitFileState=enabled
Triggers=apt-daily.service
TimersCalendar={ OnCalendar=*-*-* 06,18:00:00 ; next_elapse=Sat 2026-11-21 18:00:00 UTC }
TimersMonotonic={ OnBootUSec=15min ; next_elapse=15min }
LastTriggerUSec=n/a
`;

describe('answers of systemd', () => {
  it('come as blocks of properties', () => {
    const units = parseUnits(UNITS);
    assert.deepEqual(
      units.map((unit) => unit.get('Id')?.[0]),
      ['nginx.service', 'apt-daily.service', 'apt-daily.timer'],
    );
    const steady = (active: string[]): boolean[] =>
      units.map((unit) => isSteady(unit, new Set(active)));
    assert.deepEqual(steady([]).slice(0, 2), [true, false]);
    const web =
      parseUnits('Id=web.service\nTriggeredBy=web.socket\nUnitFileState=enabled\n')[0] ?? new Map();
    assert.deepEqual(
      [isSteady(web, new Set()), isSteady(web, new Set(['web.socket']))],
      [true, false],
    );
    assert.deepEqual(scheduleOf(units[2] ?? new Map()), [
      'OnBoot=15min',
      'OnCalendar=*-*-* 06,18:00:00',
    ]);
  });

  it('name units in JSON, or in columns where that is not known', () => {
    const json =
      '[{"unit_file":"ssh.service","state":"enabled","preset":"enabled"},{"unit_file":"x@.service"}]';
    assert.deepEqual(parseUnitList(json, 'unit_file'), ['ssh.service', 'x@.service']);
    assert.deepEqual(
      parseUnitList('ssh.service enabled enabled\n● bad.service loaded failed\n', 'unit_file'),
      ['ssh.service', 'bad.service'],
    );
    assert.equal(parseUnitList('[{"broken', 'unit'), undefined);
  });

  it('are left out where they pass with a session, a connection or a boot', () => {
    for (const name of [
      'session-3.scope',
      'run-u12.service',
      'run-media.mount',
      'user@1000.service',
      'x@.service',
      'sshd@1-10.0.0.1:22-10.0.0.2:5000.service',
      '-.mount',
      'a b.service',
      '--now.service',
      'user-runtime-dir@0.service',
    ])
      assert.ok(!isLasting(name), name);
    for (const name of [
      'ssh.service',
      'getty@tty1.service',
      'apt-daily.timer',
      'ssh.socket',
      'systemd-ask-password-wall.path',
      'postgresql@15-main.service',
    ])
      assert.ok(isLasting(name), name);
  });

  it('tell times in UTC only', () => {
    assert.equal(instantOf('Sat 2026-11-21 07:50:15 UTC'), '2026-11-21T07:50:15.000000Z');
    assert.equal(instantOf('Sat 2026-11-21 07:50:15 CET'), undefined);
    assert.equal(instantOf('n/a'), undefined);
  });
});

describe('answers of container runtimes', () => {
  it('of docker are one object per line', () => {
    const line =
      '{"ID":"abc","Image":"nginx:1.27","Names":"web","Networks":"bridge","Ports":"0.0.0.0:80->80/tcp, [::]:80->80/tcp","State":"running","Status":"Up 3 hours"}\n';
    assert.deepEqual(parseDockerPs(line)?.[0], {
      name: 'web',
      runtime: 'docker',
      image: 'nginx:1.27',
      state: 'running',
      status: 'Up 3 hours',
      id: 'abc',
      ports: ['0.0.0.0:80->80/tcp', '[::]:80->80/tcp'],
      networks: ['bridge'],
    });
    assert.equal(parseDockerPs('Cannot connect\n'), undefined);
    assert.deepEqual(parseDockerPs(''), []);
  });

  it('of podman are one array', () => {
    const text =
      '[{"Id":"d","Image":"docker.io/library/redis:7","Names":["cache"],"State":"exited","Status":"Exited (0)","Ports":[{"host_ip":"","container_port":6379,"host_port":6379,"range":2,"protocol":"tcp"}],"Networks":["podman"]}]';
    assert.deepEqual(parsePodmanPs(text)?.[0]?.ports, ['0.0.0.0:6379-6380->6379-6380/tcp']);
    assert.equal(parsePodmanPs('{}'), undefined);
    assert.deepEqual(parsePodmanPs('[1,null,{"Names":"x"},{"Names":[3]}]'), []);
  });
});

describe('sudoers', () => {
  const rules = (text: string): string[] =>
    parseSudoers(text).map((each) => `${each.type}|${each.who}|${each.rule}`);

  it('joins continued lines and drops comments, but not users by number', () => {
    assert.deepEqual(
      rules('# no\nroot ALL=(ALL:ALL) ALL # why\n%ops , #1000 ALL = \\\n  NOPASSWD: /bin/ls\n'),
      ['rule|root|root ALL=(ALL:ALL) ALL', 'rule|%ops,#1000|%ops,#1000 ALL = NOPASSWD: /bin/ls'],
    );
    assert.deepEqual(
      parseSudoers('a ALL=NOPASSWD: ALL\nb ALL=(ALL) ALL').map((each) => each.noPassword),
      [true, false],
    );
  });

  it('knows includes, aliases and defaults', () => {
    assert.deepEqual(
      rules(
        '#includedir /etc/sudoers.d\n@include x\nCmnd_Alias UP = /bin/a, /bin/b\nDefaults:ops !requiretty\nDefaults secure_path="/a:/b"',
      ),
      [
        'include|#includedir /etc/sudoers.d|#includedir /etc/sudoers.d',
        'include|@include x|@include x',
        'alias|Cmnd_Alias UP|Cmnd_Alias UP = /bin/a,/bin/b',
        'defaults|Defaults:ops !requiretty|Defaults:ops !requiretty',
        'defaults|Defaults secure_path|Defaults secure_path="/a:/b"',
      ],
    );
  });
});

describe('keys and the SSH server', () => {
  it('prints fingerprints as OpenSSH does and never the key', () => {
    const [key] = parseAuthorizedKeys(
      `from="10.0.0.0/8,!10.1.1.1",command="a \\"b\\" c",environment="TOKEN=hunter2" ${SAMPLE_KEY} me at home\n`,
    );
    assert.equal(key?.fingerprint, 'SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk');
    assert.equal(key.comment, 'me at home');
    assert.deepEqual(key.options, [
      'command="a \\"b\\" c"',
      'environment="TOKEN=…"',
      'from="10.0.0.0/8,!10.1.1.1"',
    ]);
    assert.deepEqual(
      parseAuthorizedKeys(
        'ssh-rsa AAAAB3NzaC1yc2E\nssh-ed25519 !!! x\nnonsense\n# ssh-ed25519 x\n',
      ),
      [],
    );
  });

  it('puts the account into the path of its keys', () => {
    const account = { name: 'al', uid: 7, gid: 7, gecos: '', home: '/home/al/', shell: '' };
    assert.equal(fileOf('%h/.ssh/k', account), '/home/al//.ssh/k');
    assert.equal(fileOf('.ssh/k', account), '/home/al/.ssh/k');
    assert.equal(fileOf('/etc/keys/%u-%U%%', account), '/etc/keys/al-7%');
  });

  it('takes the first value of a setting, and all of those that add up', () => {
    const lines = parseSshdConfig(
      '# x\nPort 22\nport=2222\nPermitRootLogin no\nPermitRootLogin yes\nSetEnv A=secret\nBanner "none"\n',
    );
    assert.deepEqual(
      [...gathered(lines)],
      [
        ['port', ['22', '2222']],
        ['permitrootlogin', 'no'],
        ['setenv', ['A=…']],
        ['banner', 'none'],
      ],
    );
    assert.equal(parseSetting('   '), undefined);
    assert.ok(
      matchesGlob('*.conf', 'a.conf') &&
        matchesGlob('a?c*', 'abcd') &&
        !matchesGlob('*.conf', 'a.conf~'),
    );
  });
});

describe('accounts', () => {
  it('are read as passwd, group and shadow say', () => {
    assert.equal(parseAccounts('a:x:1:2:A,,,:/h:/bin/sh\nbad\n:x:1:1:::\nb:x:x:1:::\n').length, 1);
    assert.deepEqual(parseGroups('g:x:5:b,a,\n'), [{ name: 'g', gid: 5, members: ['a', 'b'] }]);
    const passwords = parsePasswords(
      'a:$6$x:20000::::::\nb:!:0::::::\nc::::::20500::\nd:*LK*:::::::\n',
    );
    assert.deepEqual(
      [...passwords.values()].map((each) => each.state),
      ['set', 'locked', 'empty', 'locked'],
    );
    assert.equal(passwords.get('a')?.changedOn, '2024-10-04');
    assert.equal(dayOf('99999999'), undefined);
  });
});

describe('the network', () => {
  it('prints addresses as people write them', () => {
    assert.equal(inet4Text('0100007F'), '127.0.0.1');
    assert.equal(inet4Text('zz'), undefined);
    assert.equal(inet6Text('20010db8000000000000000000000001'), '2001:db8::1');
    assert.equal(inet6Text('0'.repeat(32)), '::');
    assert.equal(inet6Text(`${'0'.repeat(20)}ffff0a000001`), '::ffff:10.0.0.1');
    assert.equal(inet6Text('20010db8000000010001000100010001'), '2001:db8:0:1:1:1:1:1');
  });

  it('leaves out temporary addresses and passing routes', () => {
    const ip =
      '[{"ifname":"eth0","addr_info":[{"family":"inet6","local":"2001:db8::1","prefixlen":64,"scope":"global","temporary":true},{"family":"inet","local":"10.0.0.5","prefixlen":24,"scope":"global","dynamic":true,"valid_life_time":3600}]}]';
    assert.deepEqual(
      parseAddresses(ip)?.map((each) => [each.address, each.lifetimeSeconds]),
      [['10.0.0.5', 3600]],
    );
    assert.equal(parseInet6('20010db8000000000000000000000001 02 40 00 01 eth0\n').length, 0);
    const zero = '0'.repeat(32);
    assert.equal(
      parseRoutes6(
        `${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n`,
      ).length,
      1,
    );
    assert.equal(
      parseRoutes6(`${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 80200001       lo\n`)
        .length,
      0,
    );
    assert.deepEqual(
      parseRoutes('head\neth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n')[0]
        ?.destination,
      '10.0.0.0/8',
    );
    assert.ok(
      isGuestCable('veth12ab34') &&
        isGuestCable('cali0123456789a') &&
        !isGuestCable('eth0') &&
        !isGuestCable('vlan5'),
    );
    assert.equal(interfaceType('INTERFACE=br0\nDEVTYPE=bridge\n', '1'), 'bridge');
  });

  it('finds its addresses without the ip program', () => {
    const trie =
      'Local:\n  +-- 0.0.0.0/0 2 0 2\n     |-- 10.1.2.0\n        /24 link UNICAST\n     |-- 10.1.2.5\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 172.31.0.9\n        /32 host LOCAL\n';
    const routes = parseRoutes(
      'head\neth0\t0002010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\neth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n',
    );
    assert.deepEqual(
      parseFibTrie(trie, routes).map((each) => [each.interface, each.address, each.prefix]),
      [
        ['eth0', '10.1.2.5', 24],
        ['lo', '127.0.0.1', 8],
        ['unknown', '172.31.0.9', 32],
      ],
    );
  });

  it('knows listening sockets from connections', () => {
    const text = `head\n   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 900 1 0 100 0 0 10 0\n   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 901 1 0 100 0 0 10 0\n`;
    assert.deepEqual(
      parseSockets(text, 'tcp').map((each) => [each.address, each.port, each.uid]),
      [
        ['0.0.0.0', 22, 0],
        ['::1', 8080, 1000],
      ],
    );
    assert.equal(unitOf('0::/system.slice/ssh.service\n'), 'ssh.service');
    assert.equal(unitOf('0::/user.slice/user-0.slice/session-3.scope\n'), undefined);
    assert.equal(
      unitOf('0::/user.slice/user-1.slice/user@1.service/app.slice/x.service\n'),
      'x.service',
    );
  });
});

describe('storage and packages', () => {
  it('undoes the escapes of mount points', () => {
    assert.equal(parseMounts('/dev/a /mnt/a\\040b ext4 rw,noatime 0 0\n')[0]?.point, '/mnt/a b');
    assert.ok(
      isPassingMount('/run/user/1000', 'tmpfs') &&
        isPassingMount('/var/lib/docker/overlay2/x/merged', 'overlay'),
    );
    assert.ok(
      !isPassingMount('/', 'ext4') &&
        !isPassingMount('/run', 'tmpfs') &&
        !isPassingMount('/var/lib/docker', 'ext4'),
    );
    assert.deepEqual(
      parseDf('Type 1B-blocks Used Avail Inodes IUsed Mounted on\next4 100 50 50 - - /a b\n')[0],
      {
        point: '/a b',
        type: 'ext4',
        sizeBytes: 100,
        usedBytes: 50,
        availableBytes: 50,
        inodes: undefined,
        inodesUsed: undefined,
      },
    );
  });

  it('reads dpkg, rpm and apk', () => {
    const stanza = (name: string, architecture: string, status: string): string =>
      `Package: ${name}\nStatus: ${status}\nArchitecture: ${architecture}\nVersion: 1\nDescription: x\n Version: 9\n\n`;
    const all =
      stanza('dpkg', 'amd64', 'install ok installed') +
      stanza('libc6', 'i386', 'hold ok installed') +
      stanza('gone', 'amd64', 'deinstall ok config-files') +
      stanza('half', 'all', 'install reinstreq half-installed');
    assert.deepEqual(
      parseDpkgStatus(all).map((each) => [each.key, each.version, each.state, each.held]),
      [
        ['dpkg', '1', 'installed', false],
        ['libc6:i386', '1', 'installed', true],
        ['half', '1', 'half-installed', false],
      ],
    );
    const built = 'Status: install ok installed\nArchitecture: amd64\nVersion: 2\n';
    assert.deepEqual(
      parseDpkgStatus(
        `Package: a\n${built}\nPackage: b\nSource: c\n${built}\nPackage: d\nSource: e (1:1.0-2)\n${built}\nPackage: f\nSource: ../x (1\n${built}`,
      ).map(({ key, source, sourceVersion }) => [key, source, sourceVersion]),
      [
        ['a', 'a', undefined],
        ['b', 'c', undefined],
        ['d', 'e', '1:1.0-2'],
        ['f', undefined, undefined],
      ],
    );
    assert.deepEqual(
      parseRpm('bash\t0:5.2-1\tx86_64\nkernel\t0:6-1\tx86_64\nkernel\t0:6-2\tx86_64\n').map(
        (each) => each.key,
      ),
      ['bash', 'kernel-6-1.x86_64', 'kernel-6-2.x86_64'],
    );
    assert.deepEqual(
      parseApk('P:musl\nV:1.2-r1\nA:x86_64\n\nP:zlib\nV:1\n').map((each) => each.key),
      ['musl', 'zlib'],
    );
  });
});

describe('cron and time', () => {
  it('tells commands from settings and comments', () => {
    assert.deepEqual(
      parseCrontab(
        'PATH=/bin\nMAILTO = x\n# c\n*/5 * * * * root a  b\n@reboot root c\n5 * * *\n',
        undefined,
      ),
      [
        { schedule: '*/5 * * * *', user: 'root', command: 'a b' },
        { schedule: '@reboot', user: 'root', command: 'c' },
      ],
    );
    assert.deepEqual(parseCrontab('0 0 * * * d e=f\n', 'al')[0], {
      schedule: '0 0 * * *',
      user: 'al',
      command: 'd e=f',
    });
  });

  it('reads what chrony tracks', () => {
    const line =
      'A29FC87B,162.159.200.123,3,1700000000.1,0.000012,-0.00001,0.0002,-7.1,0.001,0.04,0.009,0.001,64.2,Normal\n';
    assert.deepEqual(parseTracking(line), {
      reference: '162.159.200.123',
      stratum: 3,
      offsetSeconds: 0.000012,
      skewPpm: 0.04,
      synchronized: true,
    });
    assert.equal(parseTracking('506 Cannot talk to daemon'), undefined);
  });
});

describe('files that hold secrets', () => {
  it('are known by their names', () => {
    for (const path of [
      '/etc/shadow',
      '/etc/gshadow',
      '/etc/ssh/ssh_host_rsa_key',
      '/etc/systemd/a.key',
      '/etc/apt/auth.conf',
      '/etc/apt/auth.conf.d/x',
      '/etc/security/opasswd',
      '/etc/netplan/50-wifi.yaml',
      '/etc/ssh/id_ed25519',
    ])
      assert.ok(isSecretFile(path), path);
    for (const path of [
      '/etc/passwd',
      '/etc/ssh/ssh_host_rsa_key.pub',
      '/etc/ssh/sshd_config',
      '/etc/pam.d/sshd',
    ])
      assert.ok(!isSecretFile(path), path);
  });
});

describe('no text', () => {
  const parsers: Readonly<Record<string, (text: string) => unknown>> = {
    parseAccounts,
    parseGroups,
    parsePasswords,
    parseAuthorizedKeys,
    parseDockerPs,
    parsePodmanPs,
    parseCrontab: (text) => [parseCrontab(text, undefined), parseCrontab(text, 'x')],
    parseAddresses,
    parseFibTrie: (text) => parseFibTrie(text, parseRoutes(text)),
    parseInet6,
    parseRoutes,
    parseRoutes6,
    parseApk,
    parseDpkgStatus,
    parseRpm,
    parseSockets: (text) => [parseSockets(text, 'tcp'), parseSockets(text, 'udp')],
    unitOf,
    sshd: (text) => gathered(parseSshdConfig(text)),
    parseDf,
    parseMounts,
    parseSudoers,
    parseAssignments,
    parseCpuInfo,
    parseMemInfo,
    parseTracking,
    parseUnits: (text) =>
      parseUnits(text).map((unit) => [isSteady(unit, new Set()), scheduleOf(unit)]),
    parseUnitList: (text) => parseUnitList(text, 'unit')?.filter(isLasting),
    instantOf,
    parseCertificate: (text) => parseCertificate(Buffer.from(text)),
    isSecretFile,
    interfaceType: (text) => interfaceType(text, text),
    isPassingMount: (text) => isPassingMount(text, text),
    fileOf: (text) =>
      fileOf(text, { name: text, uid: 1, gid: 1, gecos: '', home: text, shell: '' }),
    resolved: (text) => resolved(text, text),
    matchesGlob: (text) => matchesGlob(text.slice(0, 2_000), text.slice(0, 2_000)),
  };

  const runs = Number(process.env['COLLECTORS_FUZZ_RUNS'] ?? 60);
  const word = fc.constantFrom(
    '__proto__',
    'constructor',
    '\0',
    '\x1b[2J',
    '\u202e',
    '\ud800',
    'ALL',
    'ssh-rsa',
    'AAAA',
    '"',
    "'",
    '\\',
    '#',
    '@',
    '%',
    '=',
    ':',
    ',',
    ' ',
    '\t',
    '\n',
    '\n\n',
    '{',
    '[',
    '}',
    ']',
    '*',
    '0',
    '-1',
    '0A',
    '00000000',
    'Package:',
    'Id=',
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '/',
    '..',
    '%h',
    'socket:[1]',
    '{ a ;',
    '"Names"',
    '0::',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(fc.oneof(word, fc.string({ maxLength: 8 })), { maxLength: 60 })
      .map((words) => words.join('')),
  );

  for (const [name, parse] of Object.entries(parsers)) {
    it(`makes ${name} throw`, () => {
      fc.assert(
        fc.property(text, (each) => void JSON.stringify(parse(each) ?? null)),
        { numRuns: runs },
      );
    });
  }

  it('makes a parser slow: a tenth of a megabyte of one thing takes no time to speak of', () => {
    const parts = [
      ' ',
      '\t',
      '\n',
      ',',
      '"',
      '\\',
      '\\\n',
      '#',
      '%',
      '=',
      ':',
      '@',
      '/',
      '[',
      '{',
      'a',
      '0 ',
      ' a',
      ' ,',
      '{ a ',
      '-----BEGIN CERTIFICATE-----',
      '\\040',
      '.service',
      '@.',
      'ssh-rsa ',
      ' =',
      '../',
      'a\n',
      'a:x:1:1:::\n',
      '* ',
    ];
    for (const part of parts) {
      const big = part.repeat(Math.ceil(100_000 / part.length));
      // Long lines are cut off by their limit; lines of just that length are the worst that is left.
      const wide = `${part.repeat(Math.ceil(60_000 / part.length)).slice(0, 60_000)}x\n`;
      for (const [name, parse] of Object.entries(parsers)) {
        // Time of this process, because others may keep the machine busy.
        const before = process.cpuUsage();
        parse(big);
        parse(wide);
        const tookMs = process.cpuUsage(before).user / 1_000;
        assert.ok(tookMs < 700, `${name} took ${Math.round(tookMs)} ms of ${JSON.stringify(part)}`);
      }
    }
  });
});
