/**
 * What goes over the local socket, both directions.
 *
 * A call is `POST /v1/operations/<name>` with the operation's input as JSON body. Its answer is
 * JSON lines: any number of `{"progress": "…"}`, then exactly one `{"answer": …}` or `{"fault": …}`.
 */
import { Fault, type FaultFacts, type FaultKind } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import type { Answer } from '#operations';

export const OPERATION_ROOT = '/v1/operations/';
export const STATUS_PATH = '/v1/status';
export const ANSWER_TYPE = 'application/x-ndjson';
/** Which surface asks through this client. It chooses among the callers the service offers, no more. */
export const SURFACE_HEADER = 'holdfast-surface';
/** What the taint of an assistant's connection belongs to; made at random where the connection is. */
export const SESSION_HEADER = 'holdfast-session';
export const BYTES_HEADER = 'holdfast-answer-bytes';
/** One line of an answer, characters; a page of facts is far below it. */
export const MAX_LINE = 256 * 1024 * 1024;

const LOCAL_SURFACES = ['cli', 'mcp-stdio'] as const;
export type LocalSurface = (typeof LOCAL_SURFACES)[number];

export function isLocalSurface(text: unknown): text is LocalSurface {
  return LOCAL_SURFACES.some((surface) => surface === text);
}

const STATUS_OF = {
  invalid: 400,
  refused: 403,
  missing: 404,
  conflict: 409,
  unavailable: 503,
  uncertain: 500,
  broken: 500,
} as const satisfies Record<FaultKind, number>;

export function httpStatus(fault: Fault): number {
  return STATUS_OF[fault.kind];
}

export function faultLine(fault: Fault): string {
  const { kind, code, message, facts } = fault;
  return `${JSON.stringify({ fault: { kind, code, message, facts } })}\n`;
}

export type LocalStatus = {
  readonly pid: number;
  readonly version: string;
  /** The data directory. */
  readonly home: string;
  /** Where MCP over HTTP is served, or `null`. */
  readonly http: string | null;
  /** Where people open the console, or `null`. */
  readonly console: string | null;
};

export type Line =
  | { readonly progress: string }
  | { readonly answer: Answer }
  | { readonly fault: Fault };

/** Reads one line of an answer; `undefined` when it is none of ours. */
export function readLine(text: string): Line | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  if (typeof value['progress'] === 'string') return { progress: value['progress'] };
  if (isJsonObject(value['answer'])) {
    const { requestId, value: answer, notices } = value['answer'];
    if (typeof requestId !== 'string' || answer === undefined || !isTexts(notices))
      return undefined;
    return { answer: { requestId, value: answer, notices } };
  }
  if (isJsonObject(value['fault'])) {
    const { kind, code, message, facts } = value['fault'];
    if (typeof kind !== 'string' || !isFaultKind(kind)) return undefined;
    if (typeof code !== 'string' || typeof message !== 'string') return undefined;
    return {
      fault: new Fault(
        kind,
        code,
        message,
        isJsonObject(facts) ? { facts: plainFacts(facts) } : {},
      ),
    };
  }
  return undefined;
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(STATUS_OF, text);
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function plainFacts(facts: JsonObject): FaultFacts {
  const kept = Object.entries(facts).filter(
    ([, value]) =>
      ['string', 'number', 'boolean'].includes(typeof value) ||
      isTexts(value) ||
      (Array.isArray(value) && value.every((item) => typeof item === 'number')),
  );
  return Object.fromEntries(kept) as FaultFacts;
}
