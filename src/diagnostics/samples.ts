/** Answers of a Debian 12 host, as its tools print them. */
import type { Instant } from '#base/time';
import type { Heard, HeardByKey } from './report.ts';

export const NOW = 1_795_272_129_000_000 as Instant;

export function ended(stdout: string, exit = 0, stderr = ''): Heard {
  return { kind: 'ended', exit, stdout, stderr, askedAt: NOW, answeredAt: NOW };
}

export function unit(over: Readonly<Record<string, string>> = {}): string {
  const properties = {
    Type: 'notify',
    Result: 'success',
    NRestarts: '0',
    ExecMainStatus: '0',
    Id: 'nginx.service',
    TriggeredBy: '',
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
    StateChangeTimestamp: 'Sat 2026-11-21 14:04:59 UTC',
    ConditionResult: 'yes',
    ...over,
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

const SOCKETS = `udp UNCONN 0      0      127.0.0.1:53   0.0.0.0:*
tcp LISTEN 0      511      0.0.0.0:80   0.0.0.0:* users:(("nginx",pid=55,fd=5))
tcp LISTEN 0      256    127.0.0.1:53   0.0.0.0:*
tcp LISTEN 0      128         [::]:22      [::]:* users:(("sshd",pid=52,fd=4))
`;

const ADDRESSES = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if418: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 5e:1a:8c:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.89.1.10/24 brd 10.89.1.255 scope global eth0
       valid_lft forever preferred_lft forever
`;

const DF = `Filesystem     Type       1B-blocks        Used       Avail   Inodes  IUsed    IFree Mounted on
/dev/vda1      ext4    270553174016 28157980672 80786313216 16777216 543841 16233375 /
tmpfs          tmpfs       67108864           0    67108864  3085511     17  3085494 /tmp
`;

const MEMINFO = `MemTotal:       24684092 kB
MemFree:        20706380 kB
MemAvailable:   22469848 kB
SwapTotal:             0 kB
SwapFree:              0 kB
`;

const HEALTHY: Readonly<Record<string, Heard>> = {
  units: ended(`${unit()}\n${unit({ Id: 'ssh.service' })}`),
  failed: ended(''),
  errors: ended('-- No entries --\n', 0),
  addresses: ended(ADDRESSES),
  routes: ended(
    'default via 10.89.1.1 dev eth0\n10.89.1.0/24 dev eth0 proto kernel scope link src 10.89.1.10\n',
  ),
  routes6: ended('', 1, 'cat: /proc/net/ipv6_route: No such file or directory'),
  counters: ended(`Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
  eth0: 123456 1000 0 0 0 0 0 0 654321 900 0 0 0 0 0 0
`),
  resolver: ended('# made by a test\nnameserver 127.0.0.1\n'),
  sockets: ended(SOCKETS),
  df: ended(DF),
  mounts: ended(
    '{"filesystems":[{"target":"/","source":"/dev/vda1","fstype":"ext4","options":"rw,relatime,errors=remount-ro"},{"target":"/proc","source":"proc","fstype":"proc","options":"ro"}]}',
  ),
  meminfo: ended(MEMINFO),
  load: ended('0.31 0.76 1.25 1/380 1710\n'),
  cores: ended('2\n'),
  pressure: ended(
    '/proc/pressure/memory:full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n/proc/pressure/io:full avg10=0.00 avg60=1.10 avg300=0.00 total=187373069\n',
  ),
  kills: ended('-- No entries --\n', 1),
  programs: ended(
    '    PID USER     %CPU   RSS     ELAPSED COMMAND\n      1 root      4.7 12072       00:03 systemd\n',
  ),
  clock: ended(`${NOW / 1_000_000}\n`),
  timedate: ended(
    'Timezone=Etc/UTC\nLocalRTC=no\nCanNTP=yes\nNTP=yes\nNTPSynchronized=yes\nTimeUSec=Sat 2026-11-21 14:41:54 UTC\n',
  ),
  container: ended('none\n', 1),
  chrony: { kind: 'unknown', why: 'the host does not let it be read' },
  logins: ended('-- No entries --\n', 1),
  last: ended('\nwtmp begins Sat Nov 21 14:04:58 2026\n'),
  reboot: ended('lock\nutmp\n'),
  dpkg: ended(''),
  accounts: ended(
    'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n',
  ),
};

/** A host that is well, but for what is put in its place. */
export function aHost(over: Readonly<Record<string, Heard>> = {}): HeardByKey {
  return new Map(Object.entries({ ...HEALTHY, ...over }));
}

export const HEARD_KEYS: readonly string[] = Object.keys(HEALTHY);
