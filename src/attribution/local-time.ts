/**
 * Times of logs that name no zone, and no year: read with the zone of the host as it was seen, never guessed.
 * A local time that happened twice (when summer time ended) is one event that may have been at either.
 */
import {
  formatInstant,
  type Instant,
  isInstant,
  MICROS_PER_SECOND,
  tryParseInstant,
} from '#base/time';

export type LocalTime = { readonly at: Instant; readonly within: number };

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const HOUR = 3_600 * MICROS_PER_SECOND;
const DAY = 24 * HOUR;
const MOST_KEPT = 100_000;

/** Reads stamps of one host. `zone`: as IANA names it; `null` when it is not known. */
export class LocalClock {
  readonly #parts: Intl.DateTimeFormat | null;
  readonly #until: Instant;
  readonly #kept = new Map<number, LocalTime | undefined>();

  /** `until`: when the log was read; nothing in it is much later. */
  constructor(zone: string | null, until: Instant) {
    this.#until = until;
    this.#parts = formatter(zone);
  }

  /** `2026-11-21 17:20:58`. */
  dated(text: string): LocalTime | undefined {
    const m = /^(\d{4})-(\d\d)-(\d\d) +(\d\d):(\d\d):(\d\d)$/.exec(text);
    return m === null ? undefined : this.#at(m.slice(1).map(Number));
  }

  /** `Nov 21 17:20:58` (RFC 3164): of the newest year in which that is not in the future. */
  yearless(text: string): LocalTime | undefined {
    const m = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)$/.exec(text);
    if (m === null) return undefined;
    const month = MONTHS.indexOf(m[1] ?? '');
    if (month < 0 || month % 3 !== 0) return undefined;
    const rest = [month / 3 + 1, ...m.slice(2).map(Number)];
    const year = Number(formatInstant(this.#until).slice(0, 4));
    for (const each of [year + 1, year, year - 1]) {
      const stamp = asUtc([each, ...rest]);
      // An hour that was left out that year is not one of another year.
      if (stamp !== undefined && stamp <= this.#until + DAY) return this.#at([each, ...rest]);
    }
    return undefined;
  }

  #at(fields: readonly number[]): LocalTime | undefined {
    const stamp = asUtc(fields);
    if (stamp === undefined) return undefined;
    if (this.#kept.has(stamp)) return this.#kept.get(stamp);
    const found = this.#search(stamp);
    if (this.#kept.size < MOST_KEPT) this.#kept.set(stamp, found);
    return found;
  }

  #search(stamp: Instant): LocalTime | undefined {
    const fits = new Set<number>();
    for (const around of [stamp - 14 * HOUR, stamp, stamp + 12 * HOUR]) {
      const shown = this.#shown(around);
      if (shown === undefined) return undefined;
      const real = stamp - (shown - around);
      if (this.#shown(real) === stamp) fits.add(real);
    }
    const [first, ...more] = [...fits].toSorted((a, b) => a - b);
    if (first === undefined || !isInstant(first)) return undefined;
    return { at: first, within: (more.at(-1) ?? first) - first + MICROS_PER_SECOND };
  }

  /** What a clock in the zone shows then, as if it were UTC. */
  #shown(micros: number): Instant | undefined {
    if (this.#parts === null) return undefined;
    const by = new Map(
      this.#parts.formatToParts(micros / 1_000).map(({ type, value }) => [type, Number(value)]),
    );
    const names = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;
    return asUtc(names.map((name) => by.get(name) ?? 0));
  }
}

/** `undefined` where there is no such date or time. */
function asUtc(fields: readonly number[]): Instant | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const two = (n: number): string => String(n).padStart(2, '0');
  return tryParseInstant(
    `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}Z`,
  );
}

/** RFC 3339 with its offset, as RFC 5424 and today's rsyslog write it. */
export function offsetTime(text: string): LocalTime | undefined {
  const at = tryParseInstant(text);
  return at === undefined
    ? undefined
    : { at, within: text.includes('.') ? 1_000 : MICROS_PER_SECOND };
}

function formatter(zone: string | null): Intl.DateTimeFormat | null {
  if (zone === null || !/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
}
