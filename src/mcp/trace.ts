/** The W3C trace id of a call, from its `_meta` or its HTTP headers, when it is well formed. */
import { type ServerContext, TRACEPARENT_META_KEY } from '@modelcontextprotocol/server';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

export function traceIdOf(context: ServerContext): string | undefined {
  const meta = context.mcpReq._meta as Readonly<Record<string, unknown>> | undefined;
  return (
    readTraceparent(meta?.[TRACEPARENT_META_KEY]) ??
    readTraceparent(context.http?.req?.headers.get('traceparent'))
  );
}

function readTraceparent(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const [, trace, span] = TRACEPARENT.exec(text) ?? [];
  return trace === undefined || /^0+$/.test(trace) || /^0+$/.test(span ?? '') ? undefined : trace;
}
