/**
 * OpenAPI 3.1 of the operations, made from the same schemas that every call is checked with. It lists what the caller
 * may ask for, so it shows nobody more than their own list.
 */
import * as z from 'zod/v4';
import type { Json, JsonObject } from '#base/json';
import type { Operation } from '#operations';
import { cookieName } from './cookie.ts';
import { TITLES } from './problem.ts';

export type OpenApiSite = { readonly origin: string; readonly version: string };

export function openApiOf(operations: readonly Operation[], site: OpenApiSite): JsonObject {
  const sorted = operations.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Holdfast',
      version: site.version,
      summary: 'What this caller may ask for.',
      description:
        'Every operation is a POST of its input as JSON. Looking answers at once; what changes a target is proposed, and runs only after a person signed for it with their own key. Nothing in this API signs.',
    },
    servers: [{ url: site.origin }],
    security: [{ lease: [] }, { session: [], ownPage: [] }],
    tags: EFFECTS.map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(
      sorted.map((operation) => [`/api/v1/operations/${operation.name}`, pathOf(operation)]),
    ),
    components: {
      securitySchemes: {
        lease: {
          type: 'http',
          scheme: 'bearer',
          description: 'A lease that an operator issued: profile, targets, ceiling and deadline.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: cookieName(site.origin),
          description: 'The session of a person, in the console only.',
        },
        ownPage: {
          type: 'apiKey',
          in: 'header',
          name: 'x-holdfast',
          description: 'The value 1. Only a page of this origin can send it.',
        },
      },
      schemas: { Problem: PROBLEM },
      responses: Object.fromEntries(
        Object.entries(RESPONSES).map(([name, { description }]) => [
          name,
          {
            description,
            content: {
              'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
            },
          },
        ]),
      ),
    },
  };
}

const EFFECTS = [
  ['look', 'Answers from what is known. Changes nothing.'],
  ['record', 'Adds to what is known; nothing recorded is ever lost by it.'],
  ['change', 'The road of changes: proposes, follows, cancels, stops.'],
  ['administer', 'This service itself.'],
] as const satisfies readonly (readonly [Operation['effect'], string])[];

const KINDS = Object.keys(TITLES) as (keyof typeof TITLES)[];

const RESPONSES = {
  Invalid: { status: '400', description: 'Ask for something else: `facts` says what.' },
  SignIn: { status: '401', description: 'Nobody stands behind the request.' },
  Refused: { status: '403', description: 'Not allowed to this caller, or by policy.' },
  Missing: {
    status: '404',
    description: 'There is no such thing: `facts.candidates` has near names.',
  },
  Conflict: { status: '409', description: 'It changed meanwhile: read again, then ask again.' },
  TooLong: { status: '413', description: 'The body is too long.' },
  TooMany: {
    status: '429',
    description: 'Too many requests: `Retry-After` says when there is room.',
  },
  Broken: { status: '500', description: 'An error of the service; its log says more.' },
  Unavailable: { status: '503', description: 'Not possible now: ask again later, unchanged.' },
  Uncertain: { status: '504', description: 'It may have happened: look before asking again.' },
} as const;

const PROBLEM: JsonObject = {
  type: 'object',
  description: 'RFC 9457 problem details. `code` is stable; `detail` is for people.',
  required: ['type', 'title', 'status', 'code', 'kind', 'detail', 'facts'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', pattern: '^[a-z0-9-]+$' },
    kind: { enum: KINDS },
    detail: { type: 'string' },
    facts: { type: 'object', additionalProperties: true },
    traceId: { type: 'string' },
  },
};

const made = new WeakMap<Operation, JsonObject>();

function pathOf(operation: Operation): JsonObject {
  const known = made.get(operation);
  if (known !== undefined) return known;
  const { name, title, summary, effect, capability, assistants } = operation;
  const path: JsonObject = {
    post: {
      operationId: name,
      tags: [effect],
      summary: title,
      description: summary,
      'x-holdfast': { effect, capability, assistants },
      parameters: [
        {
          name: 'traceparent',
          in: 'header',
          required: false,
          description: 'W3C trace context; the trace id is kept with the event of the call.',
          schema: { type: 'string' },
        },
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: published(operation.input, 'input') } },
      },
      responses: {
        '200': {
          description: 'The answer.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['value', 'requestId', 'notices'],
                properties: {
                  value: published(operation.output, 'output'),
                  requestId: { type: 'string' },
                  notices: { type: 'array', items: { type: 'string' } },
                },
              },
            },
          },
        },
        ...Object.fromEntries(
          Object.entries(RESPONSES).map(([response, { status }]) => [
            status,
            { $ref: `#/components/responses/${response}` },
          ]),
        ),
      },
    },
  };
  made.set(operation, path);
  return path;
}

function published(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    reused: 'inline',
  });
  return json as Json;
}
