/**
 * Text that syslog daemons write: `Nov 21 17:20:58 host sudo: …` (RFC 3164), the same with an RFC 3339
 * time, and RFC 5424. The tag is what the sender calls itself: any account may write such a line, so
 * whatever is read here is `forgeable`.
 */
import {
  boundedLines,
  isOneLine,
  MOST_EVENTS,
  type Parsed,
  saying,
  type TrailEvent,
} from './event.ts';
import { type LocalClock, type LocalTime, offsetTime } from './local-time.ts';
import { readMessage } from './messages.ts';

const RFC3164 =
  /^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)) [^ ]{1,255} ([A-Za-z/-]{1,32})(?:\[\d{1,10}\])?: ?(.*)$/;
const RFC5424 =
  /^<\d{1,3}>1 ([^ ]{1,40}) [^ ]{1,255} ([A-Za-z/-]{1,32}) [^ ]{1,128} [^ ]{1,32} (?:-|\[[^\]]*\]) ?(?:\ufeff)?(.*)$/;

export function readAuthLog(text: string, clock: LocalClock): Parsed {
  const { lines, cut, ...bounded } = boundedLines(text);
  let { passedOver } = bounded;
  let from: Parsed['from'] = null;
  const events: TrailEvent[] = [];
  for (const line of lines) {
    const fields = isOneLine(line) ? (RFC5424.exec(line) ?? RFC3164.exec(line)) : null;
    const [, stamp = '', tag = '', message = ''] = fields ?? [];
    const time = timeOf(stamp, clock);
    if (time === undefined) {
      passedOver++;
      continue;
    }
    if (from === null || time.at < from) from = time.at;
    const told = readMessage(tag, message);
    if (told === 'ambiguous') passedOver++;
    if (told === undefined || told === 'ambiguous' || events.length >= MOST_EVENTS) continue;
    events.push({
      ...time,
      trail: 'auth.log',
      source: told.source,
      account: told.name,
      forgeable: true,
      act: told.act,
      says: saying(`${tag}: ${message}`),
    });
  }
  return { events, passedOver, cut: cut || events.length >= MOST_EVENTS, from };
}

function timeOf(stamp: string, clock: LocalClock): LocalTime | undefined {
  return stamp.includes('T') ? offsetTime(stamp) : clock.yearless(stamp);
}
