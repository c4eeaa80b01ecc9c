/**
 * What osquery says, made after its published schema and its documentation of log formats; it could not be run here,
 * so none of this came from a real one.
 */
import { osqueryDocument } from './document.ts';
import type { QueryName } from './queries.ts';

type Rows = readonly Readonly<Record<string, string>>[];

export const OSQUERY_ROWS: Readonly<Record<QueryName, Rows>> = {
  // 2026-03-01T11:59:00Z
  time: [{ unix_time: '1772366340' }],
  system: [
    {
      hostname: 'web-1',
      cpu_brand: 'AMD EPYC 7763',
      cpu_logical_cores: '4',
      physical_memory: '8326639616',
    },
  ],
  os: [
    {
      name: 'Debian GNU/Linux',
      version: '12 (bookworm)',
      codename: 'bookworm',
      platform: 'debian',
      arch: 'x86_64',
    },
  ],
  kernel: [{ version: '6.1.0-18-amd64', arguments: 'root=/dev/vda1 ro quiet' }],
  deb: [
    { name: 'bash', version: '5.2.15-2+b2', arch: 'amd64', status: 'install ok installed' },
    { name: 'dpkg', version: '1.21.22', arch: 'amd64', status: 'hold ok installed' },
    { name: 'libc6', version: '2.36-9', arch: 'i386', status: 'install ok installed' },
    { name: 'tzdata', version: '2024a', arch: 'all', status: 'install ok installed' },
    { name: 'old', version: '1', arch: 'amd64', status: 'deinstall ok config-files' },
  ],
  rpm: [],
  users: [
    {
      username: 'root',
      uid: '0',
      gid: '0',
      description: 'root',
      directory: '/root',
      shell: '/bin/bash',
    },
    {
      username: 'nobody',
      uid: '65534',
      gid: '65534',
      description: 'nobody',
      directory: '/nonexistent',
      shell: '/usr/sbin/nologin',
    },
  ],
  groups: [
    { groupname: 'root', gid: '0' },
    { groupname: 'adm', gid: '4' },
  ],
  ports: [
    { pid: '700', port: '22', protocol: '6', family: '2', address: '0.0.0.0' },
    { pid: '700', port: '22', protocol: '6', family: '10', address: '::' },
    { pid: '-1', port: '68', protocol: '17', family: '2', address: '192.0.2.5' },
    { pid: '1', port: '0', protocol: '0', family: '1', address: '' },
  ],
  processes: [{ pid: '700', name: 'sshd', path: '/usr/sbin/sshd' }],
  mounts: [
    {
      device: '/dev/vda1',
      path: '/',
      type: 'ext4',
      flags: 'rw,relatime',
      blocks_size: '4096',
      blocks: '1000',
      blocks_free: '400',
      blocks_available: '350',
    },
    {
      device: 'proc',
      path: '/proc',
      type: 'proc',
      flags: 'rw',
      blocks_size: '4096',
      blocks: '0',
      blocks_free: '0',
      blocks_available: '0',
    },
    {
      device: 'nsfs',
      path: '/run/docker/netns/x',
      type: 'nsfs',
      flags: 'rw',
      blocks_size: '1',
      blocks: '0',
      blocks_free: '0',
      blocks_available: '0',
    },
  ],
  interfaces: [
    { interface: 'lo', mac: '00:00:00:00:00:00', mtu: '65536' },
    { interface: 'eth0', mac: '52:54:00:12:34:56', mtu: '1500' },
  ],
  units: [
    {
      id: 'ssh.service',
      load_state: 'loaded',
      active_state: 'active',
      sub_state: 'running',
      fragment_path: '/lib/systemd/system/ssh.service',
      user: '',
    },
    {
      id: 'backup.service',
      load_state: 'loaded',
      active_state: 'failed',
      sub_state: 'failed',
      fragment_path: '/etc/systemd/system/backup.service',
      user: 'backup',
    },
    {
      id: 'apt-daily.timer',
      load_state: 'loaded',
      active_state: 'active',
      sub_state: 'waiting',
      fragment_path: '/lib/systemd/system/apt-daily.timer',
      user: '',
    },
    {
      id: '-.mount',
      load_state: 'loaded',
      active_state: 'active',
      sub_state: 'mounted',
      fragment_path: '',
      user: '',
    },
  ],
};

/** As the program answers: one list of rows to each question. */
export function anOsqueryAnswer(
  change: Readonly<Partial<Record<QueryName, string>>> = {},
): Uint8Array {
  return osqueryDocument(
    Object.entries(OSQUERY_ROWS).map(([name, rows]) => ({
      name,
      stdout: Buffer.from(change[name as QueryName] ?? `${JSON.stringify(rows, null, 1)}\n`),
    })),
  );
}

export type LogLine = Readonly<Record<string, unknown>>;

export function snapshotLine(name: QueryName, more: LogLine = {}): string {
  return line({
    name: `pack_holdfast_${name}`,
    action: 'snapshot',
    snapshot: OSQUERY_ROWS[name],
    ...more,
  });
}

/** One line of a difference, in the form of events. */
export function eventLine(
  name: QueryName,
  action: 'added' | 'removed',
  columns: Readonly<Record<string, string>>,
  more: LogLine = {},
): string {
  return line({ name: `holdfast_${name}`, action, columns, epoch: 0, counter: 0, ...more });
}

export function line(more: LogLine): string {
  return `${JSON.stringify({
    hostIdentifier: 'web-1',
    calendarTime: 'Sun Mar  1 11:59:00 2026 UTC',
    unixTime: 1_772_366_340,
    numerics: false,
    ...more,
  })}\n`;
}

/** Snapshots of everything but the clock, which is logged as differences. */
export function aSnapshotLog(): string {
  const names = Object.keys(OSQUERY_ROWS) as QueryName[];
  return names
    .map((name) =>
      name === 'time'
        ? eventLine('time', 'added', { unix_time: '1772366340' })
        : snapshotLine(name),
    )
    .join('');
}
