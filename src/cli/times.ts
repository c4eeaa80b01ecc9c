/**
 * Moments as people type them, turned into RFC 3339: `15m ago`, `-15m`, `yesterday`, `2026-01-31`,
 * `09:30`. What names no zone is meant in the zone of whoever types it.
 */
import { Fault } from '#base/fault';
import { formatInstant, type Instant, shift, tryParseInstant } from '#base/time';

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3_600,
  hour: 3_600,
  d: 86_400,
  day: 86_400,
  w: 604_800,
  week: 604_800,
};

export function readMoment(text: string, now: Instant): string {
  const moment = momentOf(text.trim().toLowerCase(), text.trim(), now);
  if (moment !== undefined) return formatInstant(moment);
  throw new Fault(
    'invalid',
    'invalid-time',
    `not a time: ${JSON.stringify(text.slice(0, 64))}. Give RFC 3339 (2026-01-31T09:30:00Z), a day (2026-01-31), a time of today (09:30), or something like '15m ago', -15m, yesterday, 'in 2h', +7d`,
  );
}

function momentOf(text: string, exact: string, now: Instant): Instant | undefined {
  const instant = tryParseInstant(exact);
  if (instant !== undefined) return instant;
  if (text === 'now') return now;
  const [word = '', ...rest] = text.split(/\s+/);
  const days = { yesterday: -1, today: 0, tomorrow: 1 }[word];
  if (days !== undefined) return onDay(now, days, rest.join(' '));
  const ago = /^(.+?)\s*ago$/.exec(text)?.[1] ?? /^-(.+)$/.exec(text)?.[1];
  if (ago !== undefined) return moved(now, ago, -1);
  const ahead = /^in\s+(.+)$/.exec(text)?.[1] ?? /^\+(.+)$/.exec(text)?.[1];
  if (ahead !== undefined) return moved(now, ahead, 1);
  const dated = /^(\d{4})-(\d\d)-(\d\d)(?:[t\s]+(\S+))?$/.exec(text);
  if (dated !== null) {
    if (tryParseInstant(`${text.slice(0, 10)}T00:00:00Z`) === undefined) return undefined;
    const [year, month, day] = dated.slice(1, 4).map(Number) as [number, number, number];
    return localTime(year, month - 1, day, dated[4] ?? '');
  }
  return /^\d\d?:/.test(text) ? onDay(now, 0, text) : undefined;
}

/** `15m`, `2 hours`, `1h30m`, `1 day 6 hours`. */
function moved(now: Instant, text: string, sign: 1 | -1): Instant | undefined {
  if (!/^(?:\d{1,9}\s*[a-z]+\s*)+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, name = ''] of text.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const unit = UNITS[name] ?? UNITS[name.replace(/s$/, '')];
    if (unit === undefined) return undefined;
    seconds += Number(number) * unit;
  }
  return shift(now, sign * seconds * 1_000_000);
}

function onDay(now: Instant, days: number, clock: string): Instant | undefined {
  const today = new Date(now / 1_000);
  return localTime(today.getFullYear(), today.getMonth(), today.getDate() + days, clock);
}

function localTime(year: number, month: number, day: number, clock: string): Instant | undefined {
  const parts = /^(?:at\s+)?(?:(\d\d?):(\d\d)(?::(\d\d))?)?$/.exec(clock);
  if (parts === null) return undefined;
  const [hour, minute, second] = parts.slice(1, 4).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return tryParseInstant(new Date(year, month, day, hour, minute, second).toISOString());
}
