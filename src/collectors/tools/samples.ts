/**
 * Reports for tests. The scrape has the families of a real node-exporter 1.5, which is asked itself in
 * `test/node-exporter.slow.test.ts`.
 */

const COLLECTORS = [
  'uname',
  'os',
  'meminfo',
  'loadavg',
  'stat',
  'filesystem',
  'netclass',
  'timex',
  'time',
  'systemd',
];

/** Of `web-1`, at 2026-03-01T11:59:58Z. */
export function aScrape(): string {
  return [
    '# HELP node_uname_info Labeled system information as provided by the uname system call.',
    '# TYPE node_uname_info gauge',
    'node_uname_info{domainname="(none)",machine="x86_64",nodename="web-1",release="6.1.0-18-amd64",sysname="Linux",version="#1 SMP"} 1',
    'node_os_info{id="debian",pretty_name="Debian GNU/Linux 12 (bookworm)",version_codename="bookworm",version_id="12"} 1',
    'node_time_seconds 1.772366398e+09',
    'node_boot_time_seconds 1.7715744e+09',
    'node_load1 0.25',
    'node_memory_MemTotal_bytes 2.1475e+09',
    'node_memory_MemAvailable_bytes 1.5e+09',
    'node_memory_SwapTotal_bytes 0',
    'node_memory_SwapFree_bytes 0',
    ...filesystem('/', 'ext4', 1e10, 6e9),
    ...filesystem('/srv/a\\"b', 'xfs', 2e10, 2e10),
    ...network('eth0', '52:54:00:12:34:56', 0),
    ...network('docker0', '02:42:aa:bb:cc:dd', 1),
    'node_timex_sync_status 1',
    'node_timex_offset_seconds -1.5e-05',
    ...unit('nginx.service', 'active'),
    ...unit('backup.service', 'failed'),
    ...unit('backup.timer', 'active'),
    ...unit('ssh.socket', 'active'),
    ...COLLECTORS.map((name) => `node_scrape_collector_success{collector="${name}"} 1`),
    '',
  ].join('\n');
}

function filesystem(place: string, type: string, size: number, free: number): string[] {
  const labels = `{device="/dev/vda1",fstype="${type}",mountpoint="${place}"}`;
  const of = {
    size_bytes: size,
    free_bytes: free,
    avail_bytes: free,
    files: 1000,
    files_free: 900,
  };
  return Object.entries({ ...of, device_error: 0 }).map(
    ([name, value]) => `node_filesystem_${name}${labels} ${value}`,
  );
}

function network(device: string, mac: string, assigned: number): string[] {
  return [
    `node_network_info{address="${mac}",device="${device}",operstate="up"} 1`,
    `node_network_mtu_bytes{device="${device}"} 1500`,
    `node_network_flags{device="${device}"} 4099`,
    `node_network_address_assign_type{device="${device}"} ${assigned}`,
  ];
}

function unit(name: string, current: string): string[] {
  return ['activating', 'active', 'deactivating', 'failed', 'inactive'].map(
    (state) =>
      `node_systemd_unit_state{name="${name}",state="${state}",type=""} ${state === current ? 1 : 0}`,
  );
}
