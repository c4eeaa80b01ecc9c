/**
 * What Prometheus' node-exporter says of a host: one scrape. The exporter says of each of its collectors
 * whether it came to its end (`node_scrape_collector_success`); a kind is complete only when all that it
 * rests on did, and the exporter's own clock says when.
 */
import { formatInstant, type Instant, isInstant, MICROS_PER_SECOND } from '#base/time';
import { type Exposition, parseExposition, type Sample } from './exposition.ts';
import { endReport, gatheringOf, type ReportParser } from './report.ts';

const KINDS = ['host', 'filesystem', 'interface', 'time_sync', 'service', 'timer', 'unit'] as const;
type Kind = (typeof KINDS)[number];

/** The exporter's collectors that a kind rests on. */
const RESTS_ON: Readonly<Record<Kind, readonly string[]>> = {
  host: ['uname', 'os', 'meminfo', 'loadavg', 'stat'],
  filesystem: ['filesystem'],
  interface: ['netclass'],
  time_sync: ['timex'],
  service: ['systemd'],
  timer: ['systemd'],
  unit: ['systemd'],
};

const FAMILIES: ReadonlySet<string> = new Set([
  'node_scrape_collector_success',
  'node_uname_info',
  'node_os_info',
  'node_time_seconds',
  'node_boot_time_seconds',
  'node_load1',
  'node_memory_MemTotal_bytes',
  'node_memory_MemAvailable_bytes',
  'node_memory_SwapTotal_bytes',
  'node_memory_SwapFree_bytes',
  'node_filesystem_size_bytes',
  'node_filesystem_free_bytes',
  'node_filesystem_avail_bytes',
  'node_filesystem_files',
  'node_filesystem_files_free',
  'node_filesystem_device_error',
  'node_network_info',
  'node_network_mtu_bytes',
  'node_network_flags',
  'node_network_address_assign_type',
  'node_timex_sync_status',
  'node_timex_offset_seconds',
  'node_systemd_unit_state',
]);

const MIB = 1024 * 1024;
const IFF_UP = 1;
const PERMANENT = 0;
const NO_MAC = '00:00:00:00:00:00';

type Seen = ReturnType<typeof gatheringOf>;

export const nodeExporterParser: ReportParser = {
  name: 'node-exporter',
  source: 'collector.node-exporter',
  kinds: KINDS,
  parse: (report) => {
    const scrape = parseExposition(report.bytes, FAMILIES);
    const seen = gatheringOf(report);
    tellHost(scrape, seen);
    tellFilesystems(scrape, seen);
    tellInterfaces(scrape, seen);
    tellTime(scrape, seen);
    tellUnits(scrape, seen);
    const success = byLabel(scrape, 'node_scrape_collector_success', 'collector');
    for (const kind of KINDS) {
      const missing = RESTS_ON[kind].filter((name) => success.get(name) !== 1);
      if (missing.length > 0)
        seen.short(kind, `not exported, or it failed there: ${missing.join(', ')}`);
    }
    const evidence = {
      isFinished: success.size > 0,
      ranAt: instantOf(only(scrape, 'node_time_seconds')?.value),
      host: only(scrape, 'node_uname_info')?.labels.get('nodename') ?? null,
    };
    return endReport(seen, KINDS, evidence, report);
  },
};

function tellHost(scrape: Exposition, seen: Seen): void {
  const uname = only(scrape, 'node_uname_info')?.labels;
  const os = only(scrape, 'node_os_info')?.labels;
  const number = (name: string): number | undefined => wholeOf(only(scrape, name)?.value);
  const total = number('node_memory_MemTotal_bytes');
  const swap = number('node_memory_SwapTotal_bytes');
  const free = number('node_memory_SwapFree_bytes');
  const boot = instantOf(number('node_boot_time_seconds'));
  seen.addSelf({
    hostname: textOf(uname, 'nodename'),
    'kernel.release': textOf(uname, 'release'),
    'kernel.version': textOf(uname, 'version'),
    architecture: textOf(uname, 'machine'),
    'os.id': textOf(os, 'id'),
    'os.name': textOf(os, 'pretty_name'),
    'os.version': textOf(os, 'version_id'),
    'os.codename': textOf(os, 'version_codename'),
    'memory.totalBytes': total === undefined ? undefined : Math.floor(total / MIB) * MIB,
    'memory.availableBytes': number('node_memory_MemAvailable_bytes'),
    'swap.totalBytes': swap,
    'swap.usedBytes': swap === undefined || free === undefined ? undefined : swap - free,
    load: only(scrape, 'node_load1')?.value,
    'boot.at': boot === null ? undefined : formatInstant(boot),
  });
}

function tellFilesystems(scrape: Exposition, seen: Seen): void {
  const place = 'mountpoint';
  const by = (name: string): ReadonlyMap<string, number> => byLabel(scrape, name, place);
  const [free, available] = [by('node_filesystem_free_bytes'), by('node_filesystem_avail_bytes')];
  const [files, unused] = [by('node_filesystem_files'), by('node_filesystem_files_free')];
  for (const [mountpoint, error] of by('node_filesystem_device_error')) {
    if (error === 0) continue;
    seen.short('filesystem', 'the exporter could not look at some of them');
    seen.add('filesystem', mountpoint, {});
  }
  for (const { labels, value } of scrape.get('node_filesystem_size_bytes') ?? []) {
    const mountpoint = labels.get(place);
    if (mountpoint === undefined || mountpoint === '') continue;
    const [room, nodes] = [free.get(mountpoint), files.get(mountpoint)];
    const left = unused.get(mountpoint);
    seen.add('filesystem', mountpoint, {
      type: textOf(labels, 'fstype'),
      sizeBytes: wholeOf(value),
      usedBytes: room === undefined ? undefined : wholeOf(value - room),
      availableBytes: wholeOf(available.get(mountpoint)),
      inodes: wholeOf(nodes),
      inodesUsed: nodes === undefined || left === undefined ? undefined : wholeOf(nodes - left),
    });
  }
}

function tellInterfaces(scrape: Exposition, seen: Seen): void {
  const by = (name: string): ReadonlyMap<string, number> => byLabel(scrape, name, 'device');
  const [mtu, flags] = [by('node_network_mtu_bytes'), by('node_network_flags')];
  const assigned = by('node_network_address_assign_type');
  for (const { labels } of scrape.get('node_network_info') ?? []) {
    const device = textOf(labels, 'device');
    if (device === undefined) continue;
    const said = textOf(labels, 'address');
    const mac = said === NO_MAC ? undefined : said;
    const bits = flags.get(device);
    seen.add('interface', device, {
      [assigned.get(device) === PERMANENT ? 'mac' : 'macVirtual']: mac,
      mtu: mtu.get(device),
      enabled: bits === undefined ? undefined : (bits & IFF_UP) !== 0,
      state: textOf(labels, 'operstate'),
    });
  }
}

function tellTime(scrape: Exposition, seen: Seen): void {
  const status = only(scrape, 'node_timex_sync_status')?.value;
  if (status === undefined) return;
  seen.add('time_sync', 'system', {
    synchronized: status === 1,
    offsetSeconds: only(scrape, 'node_timex_offset_seconds')?.value,
  });
}

const UNITS: Readonly<Record<string, Kind>> = {
  service: 'service',
  timer: 'timer',
  socket: 'unit',
  path: 'unit',
};

function tellUnits(scrape: Exposition, seen: Seen): void {
  for (const { labels, value } of scrape.get('node_systemd_unit_state') ?? []) {
    if (value !== 1) continue;
    const [name, state] = [textOf(labels, 'name'), textOf(labels, 'state')];
    const kind = UNITS[/\.([a-z]+)$/.exec(name ?? '')?.[1] ?? ''];
    if (name === undefined || state === undefined || kind === undefined) continue;
    seen.add(kind, name, { 'state.current': state, 'state.failed': state === 'failed' });
  }
}

function only(scrape: Exposition, name: string): Sample | undefined {
  const samples = scrape.get(name);
  return samples?.length === 1 ? samples[0] : undefined;
}

/** The first sample of each value of `label`. */
function byLabel(scrape: Exposition, name: string, label: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { labels, value } of scrape.get(name) ?? []) {
    const of = labels.get(label);
    if (of !== undefined && !found.has(of)) found.set(of, value);
  }
  return found;
}

function textOf(labels: ReadonlyMap<string, string> | undefined, name: string): string | undefined {
  const text = labels?.get(name);
  return text === undefined || text === '' || text === '(none)' ? undefined : text;
}

function wholeOf(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

function instantOf(seconds: number | undefined): Instant | null {
  const micros = Math.round((seconds ?? NaN) * MICROS_PER_SECOND);
  return isInstant(micros) ? micros : null;
}
