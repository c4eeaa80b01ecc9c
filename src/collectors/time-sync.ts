/** How the clock is kept right, as systemd and chrony tell it. */
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, linesOf } from './reading.ts';
import { parseAssignments } from './system.ts';

const KINDS = ['time_sync'] as const;

export const timeSyncCollector: Collector = {
  name: 'time-sync',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const systemd = await askSystemd(session);
    const chrony = await askChrony(session);
    const ntpd = (await session.files.stat('/run/ntpd.pid')) !== undefined;
    const isTimesyncd =
      (await session.files.stat('/run/systemd/timesync/synchronized')) !== undefined;
    const isEnabled = systemd?.get('NTP') === 'yes';
    const provider =
      chrony !== undefined
        ? 'chrony'
        : ntpd
          ? 'ntpd'
          : isEnabled || isTimesyncd
            ? 'systemd-timesyncd'
            : 'none';
    seen.add('time_sync', 'system', {
      provider,
      enabled: provider !== 'none',
      synchronized:
        flagOf(systemd?.get('NTPSynchronized')) ??
        chrony?.synchronized ??
        (provider === 'none' ? false : undefined),
      hardwareClockLocal: flagOf(systemd?.get('LocalRTC')),
      reference: chrony?.reference,
      stratum: chrony?.stratum,
      offsetSeconds: chrony?.offsetSeconds,
      skewPpm: chrony?.skewPpm,
    });
    return seen.end(KINDS);
  },
};

function flagOf(text: string | undefined): boolean | undefined {
  if (text === 'yes') return true;
  return text === 'no' ? false : undefined;
}

async function askSystemd(session: LookSession): Promise<ReadonlyMap<string, string> | undefined> {
  // Without systemd as process 1 nobody would answer, and asking takes long.
  if ((await session.files.stat('/run/systemd/system')) === undefined) return undefined;
  const result = await session.programs.run(['timedatectl', 'show', '--no-pager']);
  return result.exit === 0 ? parseAssignments(decode(result.stdout)) : undefined;
}

async function askChrony(session: LookSession): Promise<Tracking | undefined> {
  if ((await session.files.stat('/run/chrony')) === undefined) return undefined;
  const result = await session.programs.run(['chronyc', '-c', '-n', 'tracking']);
  return result.exit === 0 ? parseTracking(decode(result.stdout)) : undefined;
}

export type Tracking = {
  readonly reference: string;
  readonly stratum: number | undefined;
  readonly offsetSeconds: number | undefined;
  readonly skewPpm: number | undefined;
  readonly synchronized: boolean;
};

/** `chronyc -c tracking`: one line of 14 values. */
export function parseTracking(text: string): Tracking | undefined {
  const fields = (linesOf(text)[0] ?? '').split(',');
  if (fields.length !== 14) return undefined;
  return {
    reference: fields[1] ?? '',
    stratum: realOf(fields[2]),
    offsetSeconds: realOf(fields[4]),
    skewPpm: realOf(fields[9]),
    synchronized: fields[13]?.trim() !== 'Not synchronised',
  };
}

function realOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || text.trim() === '' || !Number.isFinite(value) ? undefined : value;
}
