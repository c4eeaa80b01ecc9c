/** What reports are made of: text that must be UTF-8, and times that mostly say no zone. */
import { type Instant, shift, tryParseInstant } from '#base/time';

const QUARTER_HOUR_MICROS = 15 * 60 * 1_000_000;
/** The zones of the world reach so far ahead of UTC. */
const FURTHEST_QUARTERS = 14 * 4;

/** `undefined` for bytes that are no UTF-8, or hold NUL. */
export function reportText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * `2026-11-21 17:24:22`, with ` +0000` or `+00:00` behind it, or with no zone. Without one it is read as UTC; where
 * that lies ahead of `now` the machine keeps a zone further east, and the latest moment that can be meant is taken.
 */
export function reportTime(text: string | undefined, now: Instant): Instant | null {
  const found = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:(Z)| ?([+-]\d{2}):?(\d{2}))?$/.exec(
    text ?? '',
  );
  if (found === null) return null;
  const [, day, time, zulu, hours, minutes] = found;
  if (zulu !== undefined || hours !== undefined)
    return tryParseInstant(`${day}T${time}${zulu ?? `${hours}:${minutes}`}`) ?? null;
  const said = tryParseInstant(`${day}T${time}Z`);
  if (said === undefined || said <= now) return said ?? null;
  const ahead = Math.ceil((said - now) / QUARTER_HOUR_MICROS);
  return ahead > FURTHEST_QUARTERS ? said : shift(said, -ahead * QUARTER_HOUR_MICROS);
}
