/** The API as it describes itself to this caller: read from OpenAPI, and nothing beside it. */
import type { Json, JsonObject } from '../api/json.ts';

export type Schema = Readonly<Record<string, Json>>;

export type ApiOperation = {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly effect: string;
  readonly capability: string;
  readonly assistants: boolean;
  readonly input: Schema;
  readonly output: Schema;
};

const EFFECTS = ['look', 'record', 'change', 'administer'];
/** What is not in the form that is expected is left out. */
export function operationsOf(document: Json | undefined): readonly ApiOperation[] {
  const paths = objectOf(objectOf(document)?.['paths']);
  return Object.values(paths ?? {})
    .flatMap((path) => {
      const post = objectOf(objectOf(path)?.['post']);
      const told = objectOf(post?.['x-holdfast']);
      const name = textOf(post?.['operationId']);
      if (post === undefined || name === '') return [];
      return [
        {
          name,
          title: textOf(post['summary']),
          summary: textOf(post['description']),
          effect: textOf(told?.['effect']),
          capability: textOf(told?.['capability']),
          assistants: told?.['assistants'] === true,
          input: schemaAt(post, 'requestBody', 'content', 'application/json', 'schema'),
          output: answerOf(post),
        },
      ];
    })
    .toSorted(
      (a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect) || (a.name < b.name ? -1 : 1),
    );
}

/** The value within the answer, which is `{value, requestId, notices}`. */
function answerOf(post: JsonObject): Schema {
  const answer = schemaAt(post, 'responses', '200', 'content', 'application/json', 'schema');
  return objectOf(objectOf(answer['properties'])?.['value']) ?? answer;
}

export type Property = {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly says: string;
  readonly options: readonly string[];
  readonly schema: Schema;
};

export function propertiesOf(schema: Schema): readonly Property[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(objectOf(schema['properties']) ?? {}).map(([name, value]) => {
    const property = objectOf(value) ?? {};
    return {
      name,
      type: typeOf(property),
      isRequired: required.includes(name),
      says: textOf(property['description']),
      options: optionsOf(property),
      schema: property,
    };
  });
}

/** A schema in a few words: `text`, `list of numbers`, `one of 3`. */
export function typeOf(schema: Schema): string {
  const { type, items, anyOf, oneOf } = schema;
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (schema['enum'] !== undefined) return 'one of';
  const several = [anyOf, oneOf].find((each) => Array.isArray(each)) as readonly Json[] | undefined;
  if (several !== undefined)
    return [...new Set(several.map((each) => typeOf(objectOf(each) ?? {})))].join(' or ');
  if (Array.isArray(type))
    return type.map((each) => typeOf({ ...schema, type: each })).join(' or ');
  if (type === 'array') return `list of ${typeOf(objectOf(items) ?? {})}`;
  return NAMES[textOf(type)] ?? 'anything';
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'yes or no',
  number: 'number',
  object: 'object',
  null: 'null',
};

function optionsOf(schema: Schema): readonly string[] {
  const options = schema['enum'];
  return Array.isArray(options) ? options.map(String) : [];
}

/** An input to begin with: what is required, empty. */
export function exampleOf(schema: Schema): JsonObject {
  return Object.fromEntries(
    propertiesOf(schema)
      .filter(({ isRequired }) => isRequired)
      .map(({ name, schema: property, options }) => [name, options[0] ?? emptyOf(property)]),
  );
}

function emptyOf(schema: Schema): Json {
  const { type, minimum } = schema;
  if (type === 'array') return [];
  if (type === 'object') return exampleOf(schema);
  if (type === 'boolean') return false;
  if (type === 'integer' || type === 'number') return typeof minimum === 'number' ? minimum : 0;
  return '';
}

/** Names of operations to the capability each asks for. */
export function capabilitiesByName(
  operations: readonly ApiOperation[],
): ReadonlyMap<string, string> {
  return new Map(operations.map(({ name, capability }) => [name, capability]));
}

function schemaAt(from: JsonObject, ...path: readonly string[]): Schema {
  let at: Json | undefined = from;
  for (const name of path) at = objectOf(at)?.[name];
  return objectOf(at) ?? {};
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
