/**
 * Operations as MCP tools. A tool is its operation's words and shapes and one call to `perform`;
 * what may be asked by whom is decided behind that, never here.
 */
import type {
  CallToolResult,
  InputRequiredResult,
  McpServer,
  ServerContext,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import { asFault, type Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Answer, Call, Caller, Operation } from '#operations';
import { cleanJson } from '#redaction';
import { type ApprovalRounds, canBeShown } from './approval.ts';
import { type CleanText, cut, summarise } from './summary.ts';
import { traceIdOf } from './trace.ts';

export type Perform = (call: Call) => Promise<Answer>;

export type Tool = {
  readonly name: string;
  readonly capability: Operation['capability'];
  readonly title: string;
  readonly description: string;
  readonly inputSchema: StandardSchemaWithJSON;
  readonly outputSchema: StandardSchemaWithJSON;
  readonly annotations: ToolAnnotations;
};

/** The operations offered to assistants, as tools, in the order of their names. */
export function toolsOf(operations: readonly Operation[]): readonly Tool[] {
  return operations
    .filter((operation) => operation.assistants)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((operation) => ({
      name: operation.name,
      capability: operation.capability,
      title: operation.title,
      description: operation.summary,
      inputSchema: published(operation.input, 'input'),
      outputSchema: published(operation.output, 'output'),
      annotations: { title: operation.title, ...hints(operation) },
    }));
}

/**
 * Where a call comes from and how it is answered. `caller` was established by the transport.
 */
export type Asker = {
  readonly perform: Perform;
  readonly caller: Caller;
  readonly clean: CleanText;
  /** Sends the person behind the client to the console where one is served. */
  readonly rounds: ApprovalRounds | undefined;
};

export function mountTools(server: McpServer, tools: readonly Tool[], asker: Asker): void {
  for (const { name, capability: _, ...config } of tools) {
    server.registerTool(name, config, (input, context) =>
      callTool(name, input, asker, server, context),
    );
  }
}

async function callTool(
  operation: string,
  input: unknown,
  asker: Asker,
  server: McpServer,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  const { clean, rounds } = asker;
  const traceId = traceIdOf(context);
  const ask = (name: string, given: unknown): Promise<Answer> =>
    asker.perform({
      operation: name,
      input: given,
      caller: asker.caller,
      answerBytes: LIMITS.mcpAnswerBytes,
      progress: progressOf(context, clean),
      signal: context.mcpReq.signal,
      ...(traceId === undefined ? {} : { traceId }),
    });
  try {
    if (rounds === undefined) return result(await ask(operation, input), clean);
    const isAgain = context.mcpReq.requestState() !== undefined;
    const first = isAgain ? undefined : rounds.told(await ask(operation, input));
    if (first !== undefined && !(rounds.waits(first) && canBeShown(server, context)))
      return result(first, clean);
    const next = await rounds.next(first, { operation, input, context, ask });
    return 'resultType' in next ? next : result(next, clean);
  } catch (thrown) {
    return faultResult(asFault(thrown), clean);
  }
}

function result({ value, notices, requestId }: Answer, clean: CleanText): CallToolResult {
  return {
    content: [{ type: 'text', text: summarise(value, notices, clean) }],
    structuredContent: value as JsonObject,
    _meta: {
      'holdfast/requestId': requestId,
      ...(notices.length > 0 ? { 'holdfast/notices': notices } : {}),
    },
  };
}

/**
 * A fault as a tool's own error. It carries no `structuredContent`: clients of the 2025 line check
 * that against the output schema even on errors, and would show the model a mismatch instead.
 */
function faultResult({ kind, code, message, facts }: Fault, clean: CleanText): CallToolResult {
  const text = cut(clean(`${code}: ${message}`));
  const shown = cleanJson(facts).value;
  return {
    isError: true,
    content: [{ type: 'text', text }],
    _meta: { 'holdfast/error': { kind, code, message: text.slice(code.length + 2), facts: shown } },
  };
}

const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;

function hints(
  operation: Operation,
): Required<
  Pick<ToolAnnotations, 'readOnlyHint' | 'destructiveHint' | 'idempotentHint' | 'openWorldHint'>
> {
  switch (operation.effect) {
    case 'look':
      return READS;
    case 'record':
      // Nothing recorded is ever lost by recording more; without a key, twice is two observations.
      return {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      };
    case 'change':
      return operation.reads === true
        ? READS
        : // What it may lead to, once a person signed.
          {
            readOnlyHint: false,
            destructiveHint: true,
            idempotentHint: false,
            openWorldHint: true,
          };
    case 'administer':
      return {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: false,
        openWorldHint: true,
      };
  }
}

/**
 * A schema that is shown but not applied: every call is checked once, behind `perform`, where a
 * refusal is also recorded.
 */
function published(schema: z.ZodType, io: 'input' | 'output'): StandardSchemaWithJSON {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    reused: 'inline',
  });
  if (io === 'input') leaveOutLimits(json);
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (value) => ({ value }),
      jsonSchema: { input: () => json, output: () => json },
    },
  };
}

/**
 * How long a text or a list may be costs a model more to read than it ever helps: a refusal says it in words, and
 * where a number matters, its description does.
 */
function leaveOutLimits(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const record = schema as Record<string, unknown>;
  if (typeof record['type'] === 'string') for (const limit of LIMIT_WORDS) delete record[limit];
  for (const part of Object.values(record)) {
    if (typeof part === 'object' && part !== null && 'properties' in part)
      delete (part as Record<string, unknown>)['additionalProperties'];
    leaveOutLimits(part);
  }
}

const LIMIT_WORDS = [
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'default',
  'propertyNames',
] as const;

/** Passes an operation's notes on as progress, where the client asked for it. */
function progressOf({ mcpReq }: ServerContext, clean: CleanText): (note: string) => void {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let progress = 0;
  return (message) => {
    progress++;
    // A client that went away stops hearing; its call still finishes.
    mcpReq
      .notify({
        method: 'notifications/progress',
        params: { progressToken, progress, message: cut(clean(message), 200) },
      })
      .catch(() => {});
  };
}
