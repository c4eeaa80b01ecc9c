/** Asks one operation. The same operations, with the same answers, as every other surface. */
import type { Json } from './json.ts';
import { send } from './send.ts';

export type Answer<Value> = {
  readonly value: Value;
  readonly requestId: string;
  /** What the caller should know beside the answer. */
  readonly notices: readonly string[];
};

export async function askWhole<Value = Json>(
  operation: string,
  input: object = {},
  signal?: AbortSignal,
): Promise<Answer<Value>> {
  const answer = await send('POST', `/operations/${operation}`, input, signal);
  return answer as unknown as Answer<Value>;
}

export async function ask<Value = Json>(
  operation: string,
  input: object = {},
  signal?: AbortSignal,
): Promise<Value> {
  return (await askWhole<Value>(operation, input, signal)).value;
}
