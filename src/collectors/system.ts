/** The machine itself: release, kernel, boot, processor, memory. */
import { formatInstant, type Instant } from '#base/time';
import type { Collector, LookSession } from './look-session.ts';
import { Gathering, linesOf, numberOf, readText, readValue, wordsOf } from './reading.ts';

const KINDS = ['host'] as const;
const MIB = 1024 * 1024;

export const systemCollector: Collector = {
  name: 'system',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    seen.addSelf(await release(session));
    seen.addSelf(await kernel(session));
    seen.addSelf(await hardware(session));
    seen.addSelf({
      hostname: await readValue(session, '/proc/sys/kernel/hostname'),
      timezone: await timezone(session),
      init: await readValue(session, '/proc/1/comm'),
    });
    return seen.end(KINDS);
  },
};

async function release(session: LookSession): Promise<Record<string, string | undefined>> {
  const text =
    (await readText(session, '/usr/lib/os-release')) ??
    (await readText(session, '/etc/os-release').catch(() => undefined)) ??
    '';
  const fields = parseAssignments(text);
  const id = fields.get('ID');
  // Debian says its point release only here.
  const point = id === 'debian' ? await readValue(session, '/etc/debian_version') : undefined;
  return {
    'os.id': id,
    'os.name': fields.get('PRETTY_NAME') ?? fields.get('NAME'),
    'os.version': point ?? fields.get('VERSION_ID'),
    'os.codename': fields.get('VERSION_CODENAME'),
  };
}

/** `NAME=value` lines in the way of os-release: shell quoting, nothing expanded. */
export function parseAssignments(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesOf(text)) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line.trim());
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const raw = match[2].trim();
    const quote = raw[0];
    const quoted = raw.length >= 2 && (quote === '"' || quote === "'") && raw.endsWith(quote);
    const bare = quoted ? raw.slice(1, -1) : raw;
    fields.set(match[1], quote === "'" ? bare : bare.replace(/\\(["$`\\])/g, '$1'));
  }
  return fields;
}

async function kernel(session: LookSession): Promise<Record<string, string | number | undefined>> {
  const boot = /^btime (\d{1,12})$/m.exec((await readText(session, '/proc/stat')) ?? '')?.[1];
  const uptime = Number.parseFloat((await readValue(session, '/proc/uptime')) ?? '');
  const load = wordsOf((await readValue(session, '/proc/loadavg')) ?? '');
  return {
    'kernel.release': await readValue(session, '/proc/sys/kernel/osrelease'),
    'kernel.version': await readValue(session, '/proc/sys/kernel/version'),
    'kernel.taint': numberOf(await readValue(session, '/proc/sys/kernel/tainted')),
    'kernel.commandLine': await readValue(session, '/proc/cmdline'),
    architecture: await readValue(session, '/proc/sys/kernel/arch'),
    'boot.id': await readValue(session, '/proc/sys/kernel/random/boot_id'),
    'boot.at': boot === undefined ? undefined : formatInstant((Number(boot) * 1e6) as Instant),
    uptimeSeconds: Number.isFinite(uptime) ? Math.floor(uptime) : undefined,
    load: load[0] !== undefined && /^\d+\.\d+$/.test(load[0]) ? Number(load[0]) : undefined,
    'processes.count': numberOf(load[3]?.split('/')[1]),
  };
}

async function hardware(
  session: LookSession,
): Promise<Record<string, string | number | undefined>> {
  const cpu = parseCpuInfo((await readText(session, '/proc/cpuinfo', 4 * MIB)) ?? '');
  const memory = parseMemInfo((await readText(session, '/proc/meminfo')) ?? '');
  const total = memory.get('MemTotal');
  const swap = memory.get('SwapTotal');
  const swapFree = memory.get('SwapFree');
  return {
    'cpu.model': cpu.model,
    'cpu.count': cpu.count === 0 ? undefined : cpu.count,
    'memory.totalBytes': total === undefined ? undefined : Math.floor(total / MIB) * MIB,
    'memory.availableBytes': memory.get('MemAvailable'),
    'swap.totalBytes': swap,
    'swap.usedBytes': swap === undefined || swapFree === undefined ? undefined : swap - swapFree,
  };
}

export function parseCpuInfo(text: string): {
  readonly model: string | undefined;
  readonly count: number;
} {
  let model: string | undefined;
  let count = 0;
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    if (name === 'processor') count++;
    else if (name === 'model name' || name === 'Model') model ??= line.slice(colon + 1).trim();
  }
  return { model, count };
}

/** Sizes of /proc/meminfo in bytes. */
export function parseMemInfo(text: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const line of linesOf(text)) {
    const match = /^(\w{1,40}):\s{1,40}(\d{1,12}) kB$/.exec(line);
    if (match?.[1] !== undefined) sizes.set(match[1], Number(match[2]) * 1024);
  }
  return sizes;
}

async function timezone(session: LookSession): Promise<string | undefined> {
  const link = await session.files.readLink('/etc/localtime').catch(() => undefined);
  const zone = link?.split('/zoneinfo/')[1];
  return zone ?? (await readValue(session, '/etc/timezone'));
}
