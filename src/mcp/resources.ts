/**
 * Targets and findings as resources. Each is read by an operation that is also a tool, so a
 * resource shows nothing that a call would refuse, and leaves the same event.
 */
import {
  type McpServer,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { asFault } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Operation } from '#operations';
import { cleanJson, safeJson } from '#redaction';
import type { Asker } from './tools.ts';
import { traceIdOf } from './trace.ts';

const CACHE = { ttlMs: 5_000, cacheScope: 'private' } as const;

type Collection = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly each: string;
  readonly operation: string;
  /** The array of the operation's answer that holds the members, each with an `id`. */
  readonly member: string;
  /** What one member shows beside its entry. */
  readonly detail?: { readonly operation: string; readonly input: (id: string) => Json };
};

const COLLECTIONS: readonly Collection[] = [
  {
    name: 'targets',
    title: 'Targets',
    description: 'Every target that is observed.',
    each: 'One target and the first page of its facts.',
    operation: 'describe_system',
    member: 'targets',
    detail: { operation: 'query_facts', input: (target) => ({ target }) },
  },
  {
    name: 'findings',
    title: 'Findings',
    description: 'What differs from the blessed baselines now.',
    each: 'One finding.',
    operation: 'drift_scan',
    member: 'findings',
  },
];

/** Reads resources as one caller; `undefined` when there is no such resource. */
export type ReadResource = (uri: string, context?: ServerContext) => Promise<Json | undefined>;

export function resourceReader(asker: Asker, operations: readonly Operation[]): ReadResource {
  return async (uri, context) => {
    const [, name, , id] = /^holdfast:\/\/([a-z]+)(\/(.+))?$/.exec(uri) ?? [];
    const collection = offered(operations).find((candidate) => candidate.name === name);
    if (collection === undefined) return undefined;
    const all = await ask(asker, collection.operation, {}, context);
    if (id === undefined) return all;
    const decoded = decode(id);
    const found = membersOf(all, collection).find((entry) => entry['id'] === decoded);
    if (found === undefined || decoded === undefined) return undefined;
    if (collection.detail === undefined) return found;
    const { operation, input } = collection.detail;
    return { ...found, ...((await ask(asker, operation, input(decoded), context)) as JsonObject) };
  };
}

export function mountResources(
  server: McpServer,
  asker: Asker,
  operations: readonly Operation[],
): void {
  const read = resourceReader(asker, operations);
  const answer = async (uri: URL, context: ServerContext): Promise<ReadResourceResult> => {
    const value = await readable(() => read(uri.href, context));
    if (value === undefined) throw new ResourceNotFoundError(uri.href);
    return {
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: safeJson(cleanJson(value).value),
        },
      ],
    };
  };
  for (const collection of offered(operations)) {
    const uri = `holdfast://${collection.name}`;
    const shared = { mimeType: 'application/json', cacheHint: CACHE };
    server.registerResource(
      collection.name,
      uri,
      { ...shared, title: collection.title, description: collection.description },
      answer,
    );
    const complete = completer(asker, operations, collection.name);
    server.registerResource(
      `${collection.name}-each`,
      new ResourceTemplate(`${uri}/{id}`, { list: undefined, complete: { id: complete } }),
      { ...shared, title: `${collection.title}, one by one`, description: collection.each },
      (url, _variables, context) => answer(url, context),
    );
  }
}

/** Completes the id of a member of a collection, as this caller may see them. */
export function completer(
  asker: Asker,
  operations: readonly Operation[],
  name: string,
): (prefix: string) => Promise<string[]> {
  const collection = offered(operations).find((candidate) => candidate.name === name);
  return async (prefix) => {
    if (collection === undefined) return [];
    const all = await readable(() => ask(asker, collection.operation, {}));
    return membersOf(all, collection)
      .map((entry) => entry['id'])
      .filter((id) => typeof id === 'string')
      .filter((id) => id.startsWith(prefix))
      .slice(0, 100);
  };
}

function offered(operations: readonly Operation[]): readonly Collection[] {
  const names = new Set(
    operations.filter((operation) => operation.assistants).map((operation) => operation.name),
  );
  return COLLECTIONS.filter((collection) => names.has(collection.operation));
}

async function ask(
  { perform, caller }: Asker,
  operation: string,
  input: Json,
  context?: ServerContext,
): Promise<Json> {
  const traceId = context === undefined ? undefined : traceIdOf(context);
  const { value } = await perform({
    operation,
    input,
    caller,
    answerBytes: LIMITS.mcpAnswerBytes,
    ...(traceId === undefined ? {} : { traceId }),
  });
  return value;
}

function membersOf(answer: Json, { member }: Collection): readonly JsonObject[] {
  const members = (answer as JsonObject)[member];
  return Array.isArray(members) ? (members as readonly JsonObject[]) : [];
}

function decode(id: string): string | undefined {
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

/** Lets a fault through as its own words, and anything else as ours. */
async function readable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    const { code, message } = asFault(thrown);
    throw new Error(`${code}: ${message}`, { cause: thrown });
  }
}
