/**
 * Events as syslog messages (RFC 5424), framed for TCP and TLS by counting octets (RFC 6587 3.4.1,
 * RFC 5425 4.3) or one for each datagram (RFC 5426).
 *
 * Everything that comes from an event is escaped or cleaned before it stands in a line, so no name and
 * no argument can begin a second message, whatever the receiver splits at.
 */
import { Fault } from '#base/fault';
import type { EventRecord } from '../protocol.ts';
import { toOcsfLine } from './ocsf.ts';

export type SyslogOptions = {
  /** RFC 5424 6.2.1: 0–23. */
  readonly facility: number;
  readonly hostname: string;
  readonly processId: number;
  /** Bytes of one message; RFC 5426 3.2 asks for receivers of 2048 over UDP. */
  readonly bytesMost: number;
};

const NIL = '-';
/** RFC 5424 7.2.2: a private enterprise number makes the id ours; 32473 is that of examples (RFC 5612). */
const DATA_ID = 'holdfast@32473';

/** One message: header, structured data, and the OCSF record as its text where it fits. */
export function syslogMessage(event: EventRecord, options: SyslogOptions): string {
  const { facility, hostname, processId, bytesMost } = options;
  const priority = facility * 8 + severityOf(event);
  const head = [
    `<${priority}>1`,
    /^[0-9TZ:.-]{20,27}$/.test(event.time) ? event.time : NIL,
    name(hostname, 255),
    'holdfast',
    name(String(processId), 128),
    name(event.kind, 32),
  ].join(' ');
  const data = structured([
    ['seq', String(event.seq)],
    ['prev', event.prev],
    ['operation', event.operation],
    ['outcome', event.outcome],
    ['fault', event.fault ?? ''],
    ['principal', event.principal],
    ['onBehalfOf', event.onBehalfOf ?? ''],
    ['request', event.requestId],
  ]);
  // RFC 5424 6.4: UTF-8 text begins with the byte order mark. JSON has no control character left.
  const whole = `${head} ${data} \ufeff${toOcsfLine(event)}`;
  if (Buffer.byteLength(whole) <= bytesMost) return whole;
  // A record cut in its middle is no JSON: the sequence number leads to the whole one in the log.
  return `${head} ${data}`;
}

/** RFC 6587 3.4.1: length in octets, a space, the message. */
export function octetCounted(message: string): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

/** One datagram, never cut. */
export function datagram(message: string, bytesMost: number): Buffer {
  const bytes = Buffer.from(message);
  if (bytes.length <= bytesMost) return bytes;
  throw new Fault(
    'invalid',
    'syslog-too-big',
    `a message is bigger than a datagram takes: ${bytes.length} of ${bytesMost} bytes. Send over TCP or TLS`,
  );
}

function severityOf({ outcome }: EventRecord): number {
  switch (outcome) {
    case 'failed':
      return 3;
    case 'refused':
      return 4;
    case 'done':
    case 'started':
      return 6;
  }
}

/** RFC 5424 6: printable ASCII without spaces; anything else is a question mark. */
function name(text: string, most: number): string {
  const cleaned = text.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, most);
  return cleaned === '' ? NIL : cleaned;
}

const VALUE_MOST = 128;

/** RFC 5424 6.3.3: `"`, `\` and `]` are escaped; control characters have no place in a line at all. */
function structured(values: readonly (readonly [name: string, value: string])[]): string {
  const parts = values.map(([key, value]) => {
    const cut = value.slice(0, VALUE_MOST).toWellFormed();
    const escaped = cut
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\ufeff]/gu, '?')
      .replaceAll(/["\\\]]/g, (c) => `\\${c}`);
    return ` ${key}="${escaped}"`;
  });
  return `[${DATA_ID}${parts.join('')}]`;
}
