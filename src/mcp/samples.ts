/** Small operations and a `perform` for tests: parsed input in, parsed answer out, nothing kept. */

import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { reachOf } from '#access';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import { DEFAULT_SCOPE } from '#model';
import type { Answer, Call, Caller, Operation } from '#operations';
import { clean } from '#redaction';
import { look, recording } from '../operations/operation.ts';

const THINGS = Array.from({ length: 25 }, (_, i) => ({
  entity: `thing:t/${String(i).padStart(2, '0')}`,
  attribute: 'size',
  value: i as unknown,
  target: 'host:a',
}));

const describeSystem = look({
  name: 'describe_system',
  title: 'Describe the system',
  summary: 'Start here. Lists what exists.',
  capability: 'inventory.read',
  taints: false,
  assistants: true,
  input: z.strictObject({}),
  output: z.object({ targets: z.array(z.object({ id: z.string() })) }),
  run: () => ({ targets: [{ id: 'host:a' }, { id: 'host:b/c' }] }),
});

const queryFacts = look({
  name: 'query_facts',
  title: 'Query facts',
  summary: 'Use it to read facts.',
  capability: 'facts.read',
  taints: true,
  assistants: true,
  input: z.strictObject({
    target: z.string().optional(),
    limit: z.number().int().min(1).max(1_000).optional().describe('at most 1000'),
    cursor: z.string().optional(),
  }),
  output: z.object({
    facts: z.array(
      z.object({
        entity: z.string(),
        attribute: z.string(),
        value: z.unknown(),
        target: z.string(),
      }),
    ),
    nextCursor: z.string().nullable(),
  }),
  run: async ({ limit = 10, cursor = '0', target }) => {
    if (target === 'host:slow') await sleep(100);
    if (target === 'host:gone' || target === 'host:none')
      throw new Fault('missing', 'unknown-target', 'no such target. Candidates: host:a', {
        facts: { candidates: ['host:a'] },
      });
    if (target === 'host:broken') throw new Error('password=hunter2 in a raw exception');
    const from = Number(cursor);
    const end = from + limit;
    return {
      facts: THINGS.slice(from, end),
      nextCursor: end < THINGS.length ? String(end) : null,
    };
  },
});

const driftScan = look({
  name: 'drift_scan',
  title: 'Scan drift',
  summary: 'Use it to see what differs.',
  capability: 'drift.read',
  taints: true,
  assistants: true,
  input: z.strictObject({ cursor: z.string().optional() }),
  output: z.object({
    nextCursor: z.string().nullable(),
    findings: z.array(z.object({ id: z.string(), entity: z.string(), observed: z.unknown() })),
  }),
  run: ({ cursor }) => ({
    nextCursor: cursor === undefined ? 'second' : null,
    findings: [
      {
        id: cursor === undefined ? 'finding_0' : 'finding_1',
        entity: 'user:x',
        observed: 'red \u001b[31m and \u202e bidi',
      },
    ],
  }),
});

const ingestObservation = recording({
  name: 'ingest_observation',
  title: 'Ingest an observation',
  summary: 'Use it to record what was observed.',
  capability: 'facts.ingest',
  taints: false,
  assistants: true,
  input: z.strictObject({
    facts: z.array(z.strictObject({ entity: z.string(), value: z.unknown() })).max(50_000),
  }),
  output: z.object({ written: z.number(), echo: z.string() }),
  prepare: (input) => input,
  run: ({ facts }) => ({
    value: {
      written: facts.length,
      echo: JSON.stringify(facts[0]?.value).slice(0, 1_000),
    },
    observations: [],
    targets: [],
  }),
});

const hidden = look({
  name: 'hidden_thing',
  title: 'Hidden',
  summary: 'Not for assistants.',
  capability: 'service.admin',
  taints: false,
  assistants: false,
  input: z.strictObject({}),
  output: z.object({}),
  run: () => ({}),
});

export const SAMPLE_OPERATIONS: readonly Operation[] = [
  queryFacts,
  describeSystem,
  ingestObservation,
  driftScan,
  hidden,
];

/** Performs the sample operations and keeps the calls it was given. */
export function samplePerform(calls: Call[] = []): (call: Call) => Promise<Answer> {
  return async (call) => {
    calls.push(call);
    const operation = SAMPLE_OPERATIONS.find(({ name }) => name === call.operation);
    if (operation === undefined)
      throw new Fault('missing', 'unknown-operation', 'no such operation');
    const input = operation.input.safeParse(call.input ?? {});
    if (!input.success)
      throw new Fault(
        'invalid',
        'invalid-input',
        `arguments do not fit: ${input.error.issues.map((issue) => issue.message).join('; ')}`,
      );
    call.progress?.('half way');
    try {
      const powers = {} as never;
      const run =
        operation.effect === 'record'
          ? operation.run(await operation.prepare(input.data, powers, powers), powers, powers).value
          : await operation.run(input.data, powers, powers);
      const value = operation.output.parse(run) as Json;
      return { requestId: 'req_1', value, notices: [] };
    } catch (thrown) {
      throw asFault(thrown);
    }
  };
}

export const aCaller: Caller = {
  principal: 'lease_1',
  onBehalfOf: 'ada',
  surface: 'mcp-stdio',
  profile: 'observer',
  session: 'test',
  reach: reachOf('observer').map((part) => ({ ...part, scopes: [DEFAULT_SCOPE] })),
};

/** The cleaner of the program. */
export function cleanSample(text: string): string {
  return clean(text).text;
}
