/** W3C trace context, version 00: what came with a request, and what goes out with its answer. */
import type { Random } from '#base/ports';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The trace id, or `undefined` of a header that is missing or not well formed: then it is as if none came (3.2.2.3). */
export function readTraceparent(text: string | undefined): string | undefined {
  const [, trace, span] = TRACEPARENT.exec(text ?? '') ?? [];
  return trace === undefined || /^0+$/.test(trace) || /^0+$/.test(span ?? '') ? undefined : trace;
}

/** Our own part of that trace. */
export function traceparent(trace: string, random: Random): string {
  return `00-${trace}-${Buffer.from(random.bytes(8)).toString('hex')}-00`;
}
