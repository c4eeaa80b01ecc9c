/**
 * An event's canonical bytes (RFC 8785), written straight in key order: the generic writer sorts
 * the same eighteen keys again for every event.
 */
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, type Instant, MICROS_PER_SECOND } from '#base/time';
import type { EventInput, EventRecord } from './protocol.ts';

/** How every event's canonical text begins. */
export const EVENT_START = '{"arguments":';

export function encodeEvent(event: EventInput, seq: number, time: string, prev: string): string {
  const { decision, output, more } = event;
  return (
    `${EVENT_START}${canonicalJson(event.arguments)},"decision":{"because":${text(decision.because)},"verdict":${text(decision.verdict)}}` +
    `,"fault":${orNull(event.fault)},"kind":${text(event.kind)}${more === undefined ? '' : `,"more":${canonicalJson(more)}`}` +
    `,"onBehalfOf":${orNull(event.onBehalfOf)},"operation":${text(event.operation)},"outcome":${text(event.outcome)}` +
    `,"output":${output === null ? 'null' : `{"length":${canonicalJson(output.length)},"sha256":${text(output.sha256)}}`}` +
    `,"prev":"${prev}","principal":${text(event.principal)},"requestId":${text(event.requestId)},"scope":${text(event.scope)}` +
    `,"seq":${seq},"surface":${text(event.surface)},"tainted":${event.tainted === true}` +
    `,"targets":${canonicalJson(event.targets as Json)},"time":"${time}","traceId":${orNull(event.traceId)},"v":1}`
  );
}

function text(value: string): string {
  // Lone surrogates have no canonical form; canonicalJson refuses them.
  return value.isWellFormed() ? JSON.stringify(value) : canonicalJson(value);
}

function orNull(value: string | null): string {
  return value === null ? 'null' : text(value);
}

/** The times of events that come one after the other: most share their second with the one before. */
export class EventTimes {
  #second = Number.NaN;
  #start = '';

  /** As `formatInstant`. */
  text(instant: Instant): string {
    const second = Math.floor(instant / MICROS_PER_SECOND);
    const micros = instant - second * MICROS_PER_SECOND;
    if (second !== this.#second) {
      this.#start = formatInstant((instant - micros) as Instant).slice(0, -'000000Z'.length);
      this.#second = second;
    }
    return `${this.#start}${String(micros).padStart(6, '0')}Z`;
  }
}

/** The event in an entry, or `undefined` when it is not one of ours. */
export function decodeEvent(entry: Uint8Array): EventRecord | undefined {
  try {
    const value = JSON.parse(utf8.decode(entry)) as EventRecord | null;
    if (typeof value !== 'object' || value === null || value.v !== 1) return undefined;
    if (
      !Number.isSafeInteger(value.seq) ||
      typeof value.prev !== 'string' ||
      typeof value.kind !== 'string'
    )
      return undefined;
    return value;
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
