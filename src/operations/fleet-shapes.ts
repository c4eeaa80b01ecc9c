/** What the operations about the whole fleet take and give. */
import * as z from 'zod/v4';
import { ageSeconds, formatInstant, type Instant } from '#base/time';
import { CRITICALITIES, ENVIRONMENTS, HOST_TYPES, REACH_SOURCE, TRANSPORTS } from '#model';
import type { FactReader, Moment } from '#store';
import { FLEET_STATES, type FleetState, type TargetState } from './fleet-state.ts';
import { timeText } from './shapes.ts';

export const momentInput = {
  asOf: timeText('when it was true, default now').optional(),
  knownAt: timeText('as believed then, default now').optional(),
};

export const momentShape = z.object({ asOf: z.string(), knownAt: z.string() });

export function showMoment({ asOf, knownAt }: Moment): z.input<typeof momentShape> {
  return { asOf: formatInstant(asOf), knownAt: formatInstant(knownAt) };
}

export const stateShape = z.enum(FLEET_STATES);
export const statesShape = z.record(stateShape, z.number());

export const findingsShape = z.object({
  critical: z.number(),
  warning: z.number(),
  info: z.number(),
});

export const rowShape = z.object({
  target: z.string(),
  scope: z.string(),
  hostType: z.enum(HOST_TYPES),
  environment: z.enum(ENVIRONMENTS),
  transport: z.enum(TRANSPORTS),
  address: z.string().nullable(),
  criticality: z.enum(CRITICALITIES),
  owner: z.string().nullable(),
  tags: z.array(z.string()),
  redundancySet: z.string().nullable(),
  state: stateShape,
  seenAt: z.string().nullable().describe('when anything of it was seen last'),
  ageSeconds: z.number().nullable(),
  kinds: z
    .object({
      complete: z.number(),
      partial: z.number(),
      stale: z.number(),
      unreachable: z.number(),
    })
    .describe('how many kinds of facts are known how well'),
  reason: z.string().nullable().describe('why the newest look fell short'),
  findings: findingsShape.describe('open ones on record'),
});
export type FleetRow = z.input<typeof rowShape>;

export function showRow(of: TargetState, facts: FactReader, at: Moment): FleetRow {
  const { target, state, kinds, reason, findings } = of;
  const { asOf } = at;
  const seenAt = of.seenAt ?? (state === 'unreachable' ? seenBefore(of, facts, at) : null);
  const { id, scope, hostType, environment, transport, address } = target;
  const { criticality, owner, tags, redundancySet } = target;
  return {
    target: id,
    scope,
    hostType,
    environment,
    transport,
    address,
    criticality,
    owner,
    redundancySet,
    tags: [...tags],
    state,
    seenAt: seenAt === null ? null : formatInstant(seenAt),
    ageSeconds: seenAt === null ? null : Math.max(0, ageSeconds(seenAt, asOf)),
    kinds: { ...kinds },
    reason,
    findings: { ...findings },
  };
}

/** Of what no look reaches now: when the first fact on record was last confirmed. */
function seenBefore({ target }: TargetState, facts: FactReader, at: Moment): Instant | null {
  const asked = { scopes: [target.scope], target: target.id, type: 'observed' as const };
  const own = facts.query(asked, at, 20).facts.filter(({ source }) => source !== REACH_SOURCE);
  return own.reduce<Instant | null>(
    (newest, { confirmedAt }) => (newest === null || confirmedAt > newest ? confirmedAt : newest),
    null,
  );
}

export function countStates(states: Iterable<TargetState>): Record<FleetState, number> {
  const counts = Object.fromEntries(FLEET_STATES.map((state) => [state, 0]));
  for (const { state } of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts as Record<FleetState, number>;
}
