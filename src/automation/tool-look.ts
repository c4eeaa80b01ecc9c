/** What a tool that keeps targets by files saw of one: recorded like any other look, one source per tool. */
import { asFault } from '#base/fault';
import type { Json } from '#base/json';

export type ToolFact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
};

export type ToolShortfall = {
  readonly kind: string;
  readonly status: 'partial';
  readonly reason: string;
};

export type ToolLook = {
  readonly source: string;
  readonly facts: readonly ToolFact[];
  /** Only kinds of which the tool said that it had finished. */
  readonly complete: readonly string[];
  readonly shortfalls: readonly ToolShortfall[];
};

/** Nothing was seen: what is known stays, and nothing counts as looked at. */
export function nothingSeen(source: string, kinds: readonly string[], thrown: unknown): ToolLook {
  const reason = asFault(thrown).message.slice(0, 300);
  return {
    source,
    facts: [],
    complete: [],
    shortfalls: kinds.map((kind) => ({ kind, status: 'partial', reason })),
  };
}
