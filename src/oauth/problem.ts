/** Answers of the console's own routes: JSON, and faults as problem details (RFC 9457) with their stable code. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asFault, Fault, type FaultKind } from '#base/fault';
import type { Json } from '#base/json';

const STATUS: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  refused: 403,
  missing: 404,
  conflict: 409,
  unavailable: 503,
  uncertain: 503,
  broken: 500,
};
const MOST_BYTES = 16_384;

export function sendJson(outgoing: ServerResponse, status: number, value: Json): void {
  send(outgoing, status, 'application/json', value);
}

export function sendFault(outgoing: ServerResponse, thrown: unknown, status?: number): void {
  const { kind, code, message, facts } = asFault(thrown);
  const at = status ?? STATUS[kind];
  send(outgoing, at, 'application/problem+json', {
    type: 'about:blank',
    title: code,
    status: at,
    detail: message,
    code,
    facts: facts as Json,
  });
}

function send(outgoing: ServerResponse, status: number, type: string, value: Json): void {
  const body = Buffer.from(JSON.stringify(value));
  outgoing.writeHead(status, { 'content-type': type, 'content-length': String(body.length) });
  outgoing.end(body);
}

/** A small body, as text. */
export async function readText(incoming: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MOST_BYTES)
      throw new Fault(
        'invalid',
        'body-too-big',
        `the body is too big: at most ${MOST_BYTES} bytes`,
      );
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
