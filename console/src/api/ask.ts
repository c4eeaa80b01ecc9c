/** Asks one operation. The same operations, with the same answers, as every other surface. */
import { confirming } from './confirm.ts';
import type { Json } from './json.ts';
import { noteNotices } from './notices.ts';
import { send } from './send.ts';

type Answer<Value> = {
  readonly value: Value;
  readonly requestId: string;
  /** What the caller should know beside the answer; the frame shows it. */
  readonly notices: readonly string[];
};

/** Throws `Problem`. */
export async function askWhole<Value = Json>(
  operation: string,
  input: object = {},
  signal?: AbortSignal,
): Promise<Answer<Value>> {
  const path = `/operations/${encodeURIComponent(operation)}`;
  const answer = (await confirming(
    operation,
    input,
    (more) => send('POST', path, input, signal, more),
    signal,
  )) as unknown as Answer<Value>;
  noteNotices(operation, answer.notices);
  return answer;
}

export async function ask<Value = Json>(
  operation: string,
  input: object = {},
  signal?: AbortSignal,
): Promise<Value> {
  return (await askWhole<Value>(operation, input, signal)).value;
}
