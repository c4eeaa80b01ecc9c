import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { resolveTarget } from '#inventory';
import { kindOf, SEVERITIES } from '#model';
import { readCoverage } from './coverage.ts';
import { readMoment } from './moments.ts';
import { oddities } from './oddities.ts';
import { look } from './operation.ts';
import { coverageShape, showCoverage, timeText } from './shapes.ts';

/** A target in a few lines: how much is known, what is odd, and what could not be seen. */
export const targetSummary = look({
  name: 'target_summary',
  title: 'Summarise a target',
  summary:
    'Summarises a target: how many entities of each kind are known, what looks odd, what could not be seen.',
  capability: 'facts.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    target: z.string().min(1).max(LIMITS.nameChars),
    asOf: timeText('when it was true, default now').optional(),
    knownAt: timeText('as believed then, default now').optional(),
  }),
  output: z.object({
    target: z.string(),
    facts: z.number(),
    entities: z.record(z.string(), z.number()),
    odd: z.array(z.object({ severity: z.enum(SEVERITIES), entity: z.string(), says: z.string() })),
    notSeen: z.array(coverageShape).describe('coverage that is not complete'),
  }),
  run(input, { facts }, asking) {
    const target = resolveTarget(asking.inventory, input.target, asking.scopes);
    const at = readMoment(input, asking.now, facts);
    const filter = { scopes: [target.scope], target: target.id, type: 'observed' as const };
    const seen = [...facts.each(filter, at)];
    const entities = Map.groupBy(new Set(seen.map((fact) => fact.entity)), kindOf);
    return {
      target: target.id,
      facts: seen.length,
      entities: Object.fromEntries(
        [...entities]
          .map(([kind, names]) => [kind, names.length] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ) as Record<string, number>,
      odd: oddities(seen, at.asOf).map((oddity) => ({ ...oddity })),
      notSeen: readCoverage(facts, filter, at, asking.inventory)
        .filter((row) => row.status !== 'complete')
        .map(showCoverage),
    };
  },
});
