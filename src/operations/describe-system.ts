import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant } from '#base/time';
import { KINDS } from '#model';
import type { FactReader } from '#store';
import { readCoverage } from './coverage.ts';
import { readScopes } from './filters.ts';
import { readMoment } from './moments.ts';
import { look } from './operation.ts';
import { coverageShape, scopeInput, showCoverage } from './shapes.ts';

const SECTIONS = ['overview', 'kinds', 'vocabulary', 'coverage'] as const;

const VOCABULARY: Readonly<Record<string, string>> = {
  target: 'anything observed, like host:web-1; its profile comes from fleet.yaml only',
  entity: 'what a fact is about, as kind:key, like package:web-1/openssl',
  fact: 'one attribute of one entity as one source saw it, with two clocks',
  asOf: 'a moment of validity: what was true then',
  knownAt: 'a moment of belief: what this system had recorded by then',
  coverage:
    'how well a kind of a target is known: complete, partial, stale, unreachable, never; only complete means that nothing is missing',
  baseline: 'a moment of a target that a person declared good',
  finding:
    'observed differs from the baseline: missing, unexpected, changed, or unknown when it could not be seen',
  source: 'who saw it; only trusted sources feed findings',
};

/** What exists here, what may be asked, in which words and shapes. The place to start. */
export const describeSystem = look({
  name: 'describe_system',
  title: 'Describe the system',
  summary:
    'Start here: which targets exist, what may be asked, the words and shapes of facts, how fresh they are.',
  capability: 'inventory.read',
  taints: false,
  assistants: true,
  narrows: true,
  mends: true,
  input: z.strictObject({
    section: z
      .enum(SECTIONS)
      .optional()
      .describe('default overview; kinds: attributes of one kind, or all names'),
    kind: z.string().max(40).optional().describe('with section kinds: this kind in detail'),
    scope: scopeInput,
  }),
  output: z.object({
    now: z.string(),
    scopes: z.array(z.string()),
    targets: z
      .array(
        z.object({
          id: z.string(),
          hostType: z.string(),
          environment: z.string(),
          sources: z.array(z.string()),
        }),
      )
      .optional(),
    counts: z
      .object({ facts: z.number(), streams: z.number(), observations: z.number() })
      .optional(),
    kinds: z.record(z.string(), z.unknown()).optional(),
    vocabulary: z.record(z.string(), z.string()).optional(),
    limits: z.record(z.string(), z.number()).optional(),
    coverage: z.array(coverageShape).optional(),
    next: z.string(),
  }),
  run(input, { facts }, asking) {
    const scopes = readScopes(input.scope, asking);
    const base = { now: formatInstant(asking.now), scopes: [...scopes] };
    switch (input.section ?? 'overview') {
      case 'overview': {
        return {
          ...base,
          targets: asking.inventory.targets
            .filter((target) => scopes.includes(target.scope))
            .slice(0, 200)
            .map((target) => ({
              id: target.id,
              hostType: target.hostType,
              environment: target.environment,
              sources: target.sources.map((grant) => grant.name),
            })),
          ...(asking.isWhole ? { counts: countsOf(facts) } : {}),
          kinds: Object.fromEntries(
            Object.entries(KINDS).map(([kind, spec]) => [kind, spec.about]),
          ),
          limits: {
            factsPerPage: LIMITS.queryMax,
            factsPerObservation: LIMITS.factsPerObservation,
            valueBytes: LIMITS.valueBytes,
          },
          next: 'query_facts {kind, target} for what is true, drift_scan for what differs from the baseline, describe_system {section: "kinds", kind} for attributes',
        };
      }
      case 'kinds':
        return {
          ...base,
          kinds: describeKinds(input.kind),
          next: 'query_facts {kind} reads them; unlisted kinds and attributes hold any JSON',
        };
      case 'vocabulary':
        return { ...base, vocabulary: VOCABULARY, next: 'describe_system for what exists' };
      case 'coverage':
        return {
          ...base,
          coverage: readCoverage(
            facts,
            { scopes },
            readMoment({}, asking.now, facts),
            asking.inventory,
          )
            .slice(0, 120)
            .map(showCoverage),
          next: 'query_facts {target, kind} gives the coverage of one kind',
        };
    }
  },
});

function countsOf(facts: FactReader): { facts: number; streams: number; observations: number } {
  const { bytes: _bytes, ...counts } = facts.counts();
  return counts;
}

function describeKinds(kind: string | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(KINDS)
      .filter(([name]) => kind === undefined || name === kind)
      .map(([name, spec]) => [
        name,
        kind === undefined
          ? { about: spec.about, attributes: Object.keys(spec.attributes) }
          : {
              about: spec.about,
              attributes: Object.fromEntries(
                Object.entries(spec.attributes).map(
                  ([attribute, { about, unit, volatile, security, schema }]) => [
                    attribute,
                    {
                      about,
                      schema: z.toJSONSchema(schema, { unrepresentable: 'any' }),
                      ...(unit === undefined ? {} : { unit }),
                      ...(volatile ? { volatile } : {}),
                      ...(security || spec.security ? { security: true } : {}),
                    },
                  ],
                ),
              ),
            },
      ]),
  );
}
