import * as z from 'zod/v4';
import { readScopes } from './filters.ts';
import { fleetAt, pinnedMoment } from './fleet-memory.ts';
import {
  countStates,
  findingsShape,
  momentInput,
  momentShape,
  rowShape,
  showMoment,
  showRow,
  statesShape,
} from './fleet-shapes.ts';
import { FLEET_STATES, type TargetState } from './fleet-state.ts';
import { readMoment } from './moments.ts';
import { look } from './operation.ts';
import { scopeInput } from './shapes.ts';

const WORST = 12;
/** Upper bounds, in seconds. */
const AGES = [900, 3_600, 21_600, 86_400, 604_800] as const;

/** The fleet in one look: how many targets stand how, how fresh and how whole what is known is, and which need somebody first. */
export const fleetOverview = look({
  name: 'fleet_overview',
  title: 'The fleet at a glance',
  summary:
    'Counts how the targets stand, how fresh and how whole what is known of them is, and names those that need somebody first.',
  capability: 'facts.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ ...momentInput, scope: scopeInput }),
  output: z.object({
    at: momentShape,
    targets: z.number(),
    states: statesShape,
    scopes: z.array(z.object({ scope: z.string(), targets: z.number(), states: statesShape })),
    ages: z
      .array(z.object({ withinSeconds: z.number().nullable(), targets: z.number() }))
      .describe(
        'by when anything was seen last; null: longer ago; never seen ones are not among them',
      ),
    kinds: z
      .object({
        complete: z.number(),
        partial: z.number(),
        stale: z.number(),
        unreachable: z.number(),
      })
      .describe('kinds of facts of all targets by how well they are known'),
    findings: findingsShape.describe('open ones on record'),
    worst: z.array(rowShape),
    log: z.object({ writable: z.boolean(), reason: z.string().nullable() }),
  }),
  run(input, powers, asking) {
    const scopes = readScopes(input.scope, asking);
    const at = readMoment(input, asking.now, powers.facts);
    const fleet = fleetAt(powers, asking, at).filter(({ target }) => scopes.includes(target.scope));
    const { writable, reason } = powers.events.health();
    return {
      at: showMoment(pinnedMoment(at, powers.facts.lastRecordedAt())),
      targets: fleet.length,
      states: countStates(fleet),
      scopes: [...Map.groupBy(fleet, ({ target }) => target.scope)].map(([scope, its]) => ({
        scope,
        targets: its.length,
        states: countStates(its),
      })),
      ages: agesOf(fleet, at.asOf),
      kinds: summed(
        fleet.map(({ kinds }) => kinds),
        ['complete', 'partial', 'stale', 'unreachable'],
      ),
      findings: summed(
        fleet.map(({ findings }) => findings),
        ['critical', 'warning', 'info'],
      ),
      worst: fleet
        .filter(({ state }) => state !== 'healthy' && state !== 'partial')
        .toSorted(byNeed)
        .slice(0, WORST)
        .map((each) => showRow(each, powers.facts, at)),
      log: { writable, reason: reason ?? null },
    };
  },
});

/** Critical findings first, then by state, and of equals what matters more. */
function byNeed(a: TargetState, b: TargetState): number {
  const rank = { high: 0, normal: 1, low: 2 } as const;
  return (
    Number(b.findings.critical > 0) - Number(a.findings.critical > 0) ||
    FLEET_STATES.indexOf(a.state) - FLEET_STATES.indexOf(b.state) ||
    rank[a.target.criticality] - rank[b.target.criticality] ||
    (a.target.id < b.target.id ? -1 : 1)
  );
}

function agesOf(
  fleet: readonly TargetState[],
  asOf: number,
): { withinSeconds: number | null; targets: number }[] {
  const counts = [...AGES, null].map((withinSeconds) => ({ withinSeconds, targets: 0 }));
  for (const { seenAt } of fleet) {
    if (seenAt === null) continue;
    const age = (asOf - seenAt) / 1_000_000;
    const place = AGES.findIndex((bound) => age <= bound);
    const count = counts.at(place);
    if (count !== undefined) count.targets += 1;
  }
  return counts;
}

function summed<Name extends string>(
  rows: readonly Readonly<Record<Name, number>>[],
  names: readonly Name[],
): Record<Name, number> {
  return Object.fromEntries(
    names.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]),
  ) as Record<Name, number>;
}
