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
import { cut } from './summary.ts';
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
  /** Asks for one member by its id; without it, the pages of the collection are searched. */
  readonly one?: { readonly operation: string; readonly input: (id: string) => Json };
  /** More members of the answer that the collection shows. */
  readonly beside: readonly string[];
};

const COLLECTIONS: readonly Collection[] = [
  {
    name: 'targets',
    title: 'Targets',
    description: 'Every target that is observed.',
    each: 'The first page of the facts of one target, and their coverage.',
    operation: 'describe_system',
    member: 'targets',
    one: { operation: 'query_facts', input: (target) => ({ target }) },
    beside: ['now'],
  },
  {
    name: 'findings',
    title: 'Findings',
    description: 'What differs from the blessed baselines now.',
    each: 'One finding.',
    operation: 'drift_scan',
    member: 'findings',
    beside: ['coverage', 'nextCursor'],
  },
];

/** Searching for one member never goes on for longer than this. */
const MAX_PAGES = 100;
const SEARCH_BYTES = 1024 * 1024;

/** Reads resources as one caller; `undefined` when there is no such resource. */
export type ReadResource = (uri: string, context?: ServerContext) => Promise<Json | undefined>;

export function resourceReader(asker: Asker, operations: readonly Operation[]): ReadResource {
  return async (uri, context) => {
    const [, name, , encoded] = /^holdfast:\/\/([a-z]+)(\/(.+))?$/.exec(uri) ?? [];
    const collection = offered(operations).find((candidate) => candidate.name === name);
    if (collection === undefined) return undefined;
    if (encoded === undefined) {
      const all = await ask(asker, collection.operation, {}, LIMITS.mcpAnswerBytes, context);
      return picked(all, [collection.member, ...collection.beside]);
    }
    const id = decode(encoded);
    if (id === undefined) return undefined;
    return collection.one === undefined
      ? search(asker, collection, id, context)
      : readOne(asker, collection.one, id, context);
  };
}

async function readOne(
  asker: Asker,
  { operation, input }: NonNullable<Collection['one']>,
  id: string,
  context: ServerContext | undefined,
): Promise<Json | undefined> {
  try {
    return await ask(asker, operation, input(id), LIMITS.mcpAnswerBytes, context);
  } catch (thrown) {
    const { kind } = asFault(thrown);
    if (kind === 'missing' || kind === 'invalid') return undefined;
    throw thrown;
  }
}

async function search(
  asker: Asker,
  collection: Collection,
  id: string,
  context: ServerContext | undefined,
): Promise<Json | undefined> {
  let input: Json = {};
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await ask(asker, collection.operation, input, SEARCH_BYTES, context);
    const found = membersOf(answer, collection).find((entry) => entry['id'] === id);
    if (found !== undefined) return found;
    const cursor = answer['nextCursor'];
    if (typeof cursor !== 'string') return undefined;
    input = { cursor };
  }
  return undefined;
}

export function mountResources(
  server: McpServer,
  asker: Asker,
  operations: readonly Operation[],
): void {
  const read = resourceReader(asker, operations);
  const answer = async (uri: URL, context: ServerContext): Promise<ReadResourceResult> => {
    const value = await readable(asker, () => read(uri.href, context));
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
    const all = await readable(asker, () => ask(asker, collection.operation, {}, SEARCH_BYTES));
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
  answerBytes: number,
  context?: ServerContext,
): Promise<JsonObject> {
  const traceId = context === undefined ? undefined : traceIdOf(context);
  const { value } = await perform({
    operation,
    input,
    caller,
    answerBytes,
    ...(traceId === undefined ? {} : { traceId }),
  });
  return value as JsonObject;
}

function membersOf(answer: JsonObject, { member }: Collection): readonly JsonObject[] {
  const members = answer[member];
  return Array.isArray(members) ? (members as readonly JsonObject[]) : [];
}

function picked(answer: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => names.includes(name)));
}

function decode(id: string): string | undefined {
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

/** Lets a fault through as its own words, and anything else as ours. */
async function readable<T>({ clean }: Asker, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    const { code, message } = asFault(thrown);
    throw new Error(cut(clean(`${code}: ${message}`)), { cause: thrown });
  }
}
