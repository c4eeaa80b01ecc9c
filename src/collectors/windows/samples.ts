/**
 * What a Windows Server would answer, written by hand after Microsoft's documentation of the cmdlets and
 * CIM classes that the script asks. It was not recorded on a Windows host.
 */
import type { Json } from '#base/json';

export const WINDOWS_PARTS: Readonly<Record<string, Json>> = {
  os: [
    {
      caption: 'Microsoft Windows Server 2022 Standard',
      version: '10.0.20348',
      build: '20348',
      architecture: '64-bit',
      name: 'WEB-1',
      bootedAt: '2026-02-27T06:12:44Z',
      memoryKiB: 8_388_084,
      freeKiB: 5_242_880,
      processes: 118,
      timezone: 'W. Europe Standard Time',
      processors: 4,
    },
  ],
  services: [
    {
      name: 'W3SVC',
      title: 'World Wide Web Publishing Service',
      state: 'Running',
      start: 'Auto',
      account: 'LocalSystem',
      path: 'C:\\Windows\\system32\\svchost.exe',
      exit: 0,
      delayed: false,
    },
    {
      name: 'Spooler',
      title: 'Print Spooler',
      state: 'Stopped',
      start: 'Disabled',
      account: 'LocalSystem',
      path: 'C:\\Windows\\System32\\spoolsv.exe',
      exit: 1_077,
      delayed: false,
    },
    {
      name: 'Backup',
      title: 'Backup Agent',
      state: 'Stopped',
      start: 'Auto',
      account: '.\\backup',
      path: 'C:\\Program Files\\Backup\\agent.exe',
      exit: 1_066,
      delayed: true,
    },
  ],
  hotfixes: [{ id: 'KB5034439', about: 'Security Update' }],
  programs: [
    { name: 'Git', version: '2.44.0', architecture: 'native' },
    { name: 'Old Tool', version: '', architecture: 'x86' },
  ],
  users: [
    {
      name: 'Administrator',
      sid: 'S-1-5-21-1-2-3-500',
      enabled: true,
      title: '',
      passwordRequired: true,
      changedAt: '2026-01-05T10:00:00Z',
      expiresAt: null,
    },
    {
      name: 'Guest',
      sid: 'S-1-5-21-1-2-3-501',
      enabled: false,
      title: '',
      passwordRequired: false,
      changedAt: null,
      expiresAt: null,
    },
  ],
  groups: [
    {
      name: 'Administrators',
      sid: 'S-1-5-32-544',
      members: ['WEB-1\\Administrator', 'CORP\\Domain Admins'],
    },
  ],
  ports: [
    { protocol: 'tcp', address: '::', port: 80, pid: 4, process: 'System' },
    { protocol: 'tcp', address: '0.0.0.0', port: 3389, pid: 1_020, process: 'svchost' },
    { protocol: 'udp', address: '0.0.0.0', port: 123, pid: 900, process: 'svchost' },
    { protocol: 'udp', address: '0.0.0.0', port: 54_321, pid: 900, process: 'svchost' },
  ],
  clients: [{ first: 49_152, count: 16_384 }],
  volumes: [{ name: 'C:', type: 'NTFS', size: 106_825_773_056, free: 53_412_886_528 }],
  disks: [
    {
      index: 0,
      model: 'VMware Virtual disk',
      size: 107_372_805_120,
      media: 'Fixed hard disk media',
    },
  ],
  adapters: [
    {
      name: 'Ethernet0',
      index: 6,
      mac: '00-50-56-AA-BB-CC',
      state: 'Up',
      virtual: false,
      mtu: 1_500,
    },
  ],
  addresses: [
    {
      interface: 'Ethernet0',
      address: '192.0.2.10',
      family: 'IPv4',
      prefix: 24,
      origin: 'Manual',
      suffix: 'Manual',
    },
    {
      interface: 'Ethernet0',
      address: 'fe80::1%6',
      family: 'IPv6',
      prefix: 64,
      origin: 'WellKnown',
      suffix: 'Link',
    },
    {
      interface: 'Ethernet0',
      address: '2001:db8::9',
      family: 'IPv6',
      prefix: 64,
      origin: 'RouterAdvertisement',
      suffix: 'Random',
    },
  ],
  routes: [
    { destination: '0.0.0.0/0', gateway: '192.0.2.1', interface: 'Ethernet0', metric: 256 },
    { destination: '192.0.2.0/24', gateway: '0.0.0.0', interface: 'Ethernet0', metric: 256 },
    { destination: '192.0.2.10/32', gateway: '0.0.0.0', interface: 'Ethernet0', metric: 256 },
  ],
  tasks: [
    {
      path: '\\',
      name: 'Nightly',
      state: 'Ready',
      account: 'SYSTEM',
      actions: ['C:\\scripts\\night.cmd'],
      triggers: ['MSFT_TaskDailyTrigger'],
    },
  ],
  time: [{ state: 'Running', type: 'NTP', servers: 'time.example.org,0x8' }],
};

export function aWindowsAnswer(
  parts: Readonly<Record<string, Json>> = WINDOWS_PARTS,
  failed: Readonly<Record<string, Json>> = {},
): Uint8Array {
  const answer = { format: 'holdfast-windows 1', parts, failed, end: true };
  return Buffer.from(`\uFEFF${JSON.stringify(answer)}\r\n`);
}
