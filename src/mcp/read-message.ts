/**
 * Turns the bytes of one message into a JSON value, or into the JSON-RPC error that says what was
 * wrong with them. Runs before the SDK sees anything, so nothing that arrives can exhaust its stack.
 */
import { jsonLoss } from '#base/json';
import { LIMITS } from '#base/limits';
import { JsonScan, type RequestId } from './json-scan.ts';

/** What may nest around a value of `LIMITS.jsonDepth` levels, with room for the operation's own error. */
const MESSAGE_DEPTH: number = LIMITS.jsonDepth + 64;

const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
const INVALID_PARAMS = -32_602;

export type Unreadable = {
  readonly id: RequestId | null;
  readonly code: number;
  readonly message: string;
};

export type ReadMessage =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Unreadable };

export function readMessage(bytes: Uint8Array): ReadMessage {
  const scan = new JsonScan();
  scan.feed(bytes);
  const refuse = (code: number, message: string): ReadMessage => ({
    ok: false,
    error: { id: scan.id, code, message },
  });
  if (scan.deepest > MESSAGE_DEPTH) {
    return refuse(
      INVALID_REQUEST,
      `message is nested too deeply: ${scan.deepest} levels. Give values of at most ${LIMITS.jsonDepth} levels`,
    );
  }
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return refuse(PARSE_ERROR, 'message is not valid UTF-8: send JSON encoded as UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(
      PARSE_ERROR,
      'message is not valid JSON: send one JSON-RPC 2.0 message, control characters escaped',
    );
  }
  const loss = jsonLoss(text, value);
  if (loss !== undefined)
    return refuse(INVALID_REQUEST, `message cannot be taken as it is: ${loss}`);
  const hidden = hiddenName(value);
  if (hidden !== undefined) {
    return refuse(INVALID_PARAMS, `unrecognized key: "__proto__" in ${hidden}. Leave it out`);
  }
  return { ok: true, value };
}

/** Refuses what `bytes` too many leave unread. */
export function tooLong(id: RequestId | null, limit: number): Unreadable {
  return {
    id,
    code: INVALID_REQUEST,
    message: `message is too long: at most ${limit} bytes. Send fewer facts at a time`,
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The SDK drops a `__proto__` of these three objects in silence; deeper ones reach the operation as they are. */
function hiddenName(message: unknown): string | undefined {
  if (!isRecord(message)) return undefined;
  if (Object.hasOwn(message, '__proto__')) return 'the message';
  const params = message['params'];
  if (!isRecord(params)) return undefined;
  if (Object.hasOwn(params, '__proto__')) return 'params';
  const given = params['arguments'];
  return isRecord(given) && Object.hasOwn(given, '__proto__') ? 'arguments' : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
