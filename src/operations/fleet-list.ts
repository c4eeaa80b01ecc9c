import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant, shift } from '#base/time';
import { ENVIRONMENTS, HOST_TYPES, type Target } from '#model';
import type { FactReader, HeldValue, Moment } from '#store';
import { fitting } from './budget.ts';
import { readScopes } from './filters.ts';
import { fleetAt, fleetPartAt, keyOf, pinnedMoment } from './fleet-memory.ts';
import {
  countStates,
  momentInput,
  momentShape,
  rowShape,
  showMoment,
  showRow,
  stateShape,
  statesShape,
} from './fleet-shapes.ts';
import { FLEET_STATES, type TargetState } from './fleet-state.ts';
import { readCursor, readMoment, writeCursor } from './moments.ts';
import { look, type Pressing, type TrailPowers } from './operation.ts';
import { cursorInput, limitInput, nextCursor, scopeInput } from './shapes.ts';

const GROUPS = [
  'scope',
  'state',
  'environment',
  'hostType',
  'owner',
  'tag',
  'redundancySet',
] as const;
type Group = (typeof GROUPS)[number];
const SORTS = ['name', 'need', 'state', 'seen', 'findings', 'scope', 'environment'] as const;
type Sort = (typeof SORTS)[number];
const MOST_GROUPS = 500;
const LAST_CHANGE_DAYS = 90;
const DAY = 86_400_000_000;

const listRowShape = rowShape.extend({
  os: z.string().nullable(),
  kernel: z.string().nullable(),
  lastChange: z
    .object({ changeId: z.string(), action: z.string(), at: z.string() })
    .nullable()
    .describe('the last one of ours that ran on it, of ninety days'),
});

/** One row for each target, at any moment of either clock. */
export const fleetList = look({
  name: 'fleet_list',
  title: 'List the fleet',
  summary:
    'Lists targets with how they stand, how fresh and how whole what is known of them is, what was found and what ran last; at any moment of either clock.',
  capability: 'facts.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    ...momentInput,
    scope: scopeInput,
    states: z.array(stateShape).max(FLEET_STATES.length).optional(),
    environment: z.enum(ENVIRONMENTS).optional(),
    hostType: z.enum(HOST_TYPES).optional(),
    tag: z.string().max(LIMITS.nameChars).optional(),
    text: z.string().max(200).optional().describe('part of name, address, owner or tag, any case'),
    sort: z.enum(SORTS).optional().describe('default name; need: what needs somebody comes first'),
    descending: z.boolean().optional(),
    group: z.enum(GROUPS).optional().describe('counts by it, and rows in its order'),
    counts: z
      .boolean()
      .optional()
      .describe('false: no counts of states, so that a page costs what is on it'),
    limit: limitInput,
    cursor: cursorInput,
  }),
  output: z.object({
    at: momentShape,
    rows: z.array(listRowShape),
    total: z.number().describe('targets that fit'),
    states: statesShape
      .nullable()
      .describe('of those that fit but for the states asked for; null where not asked'),
    groups: z.array(z.object({ group: z.string(), targets: z.number(), states: statesShape })),
    groupsLeftOut: z.number(),
    nextCursor,
  }),
  run(input, powers, asking) {
    const { cursor, limit, ...question } = input;
    const scopes = readScopes(input.scope, asking);
    const pinned = cursor === undefined ? undefined : readCursor(cursor, question, 1, isPlace);
    const at = pinned?.moments[0] ?? readMoment(input, asking.now, powers.facts);
    const { sort = 'name', descending = false, states, group } = input;
    const isFitting = (target: Target): boolean =>
      scopes.includes(target.scope) && fits(target, input);
    const most = limit ?? LIMITS.queryDefault;
    const pageOf = <Each>(sorted: readonly Each[], targetOf: (each: Each) => Target) => {
      const from = pinned === undefined ? 0 : after(sorted.map(targetOf), pinned.place);
      return { from, some: sorted.slice(from, from + most) };
    };
    const whole = (): Chosen => {
      const fitted = fleetAt(powers, asking, at).filter(({ target }) => isFitting(target));
      const chosen =
        states === undefined ? fitted : fitted.filter(({ state }) => states.includes(state));
      const isNow = input.asOf === undefined && input.knownAt === undefined;
      const order = orderOf(sort, descending, sort === 'need' && isNow ? powers.pressing() : CALM);
      const sorted = chosen.toSorted((a, b) =>
        group === undefined
          ? order(a, b)
          : compare(groupOf(a, group), groupOf(b, group)) || order(a, b),
      );
      const groups = group === undefined ? [] : groupsOf(chosen, group);
      const page = pageOf(sorted, ({ target }) => target);
      return { ...page, total: chosen.length, groups, states: countStates(fitted) };
    };
    /** What stands in the inventory alone says which targets are on the page. */
    const part = (by: keyof typeof OF_INVENTORY): Chosen => {
      const sorted = sortedBy(asking.inventory.targets, by, descending).filter(isFitting);
      const { from, some } = pageOf(sorted, (target) => target);
      const shown = fleetPartAt(powers, asking, at, some);
      return { from, some: shown, total: sorted.length, groups: [], states: null };
    };
    const {
      from,
      some,
      total,
      groups,
      states: counted,
    } = input.counts === false && isOfInventory(sort) && states === undefined && group === undefined
      ? part(sort)
      : whole();
    const systemOf = systemsOf(powers.facts, some, at);
    const rows = some.map((each) => ({
      ...showRow(each, powers.facts, at),
      ...systemOf(each),
      lastChange: lastChangeOn(powers.trails, each, at),
    }));
    const kept = fitting(rows, asking.answerBytes * 0.8);
    const last = some[kept.length - 1];
    const pin = pinnedMoment(at, powers.facts.lastRecordedAt());
    return {
      at: showMoment(pin),
      rows: [...kept],
      total,
      states: counted,
      groups: groups.slice(0, MOST_GROUPS),
      groupsLeftOut: Math.max(0, groups.length - MOST_GROUPS),
      nextCursor:
        last !== undefined && from + kept.length < total
          ? writeCursor(question, [pin], [from + kept.length, last.target.scope, last.target.id])
          : null,
    };
  },
});

type Chosen = {
  readonly from: number;
  readonly some: readonly TargetState[];
  readonly total: number;
  readonly groups: readonly ReturnType<typeof groupsOf>[number][];
  readonly states: ReturnType<typeof countStates> | null;
};

type Place = readonly [number, string, string];

function isPlace(place: unknown): place is Place {
  if (!Array.isArray(place) || place.length !== 3) return false;
  const [n, scope, id] = place as readonly unknown[];
  return Number.isSafeInteger(n) && typeof scope === 'string' && typeof id === 'string';
}

/** Where the page before ended; the inventory may have lost or gained targets since. */
function after(sorted: readonly Target[], [n, scope, id]: Place): number {
  const isLast = (each: Target | undefined): boolean => each?.id === id && each.scope === scope;
  if (isLast(sorted[n - 1])) return n;
  const found = sorted.findIndex(isLast);
  return found === -1 ? Math.max(0, n) : found + 1;
}

function fits(
  target: Target,
  asked: {
    readonly environment?: string | undefined;
    readonly hostType?: string | undefined;
    readonly tag?: string | undefined;
    readonly text?: string | undefined;
  },
): boolean {
  const { environment, hostType, tag, text } = asked;
  if (environment !== undefined && target.environment !== environment) return false;
  if (hostType !== undefined && target.hostType !== hostType) return false;
  if (tag !== undefined && !target.tags.includes(tag)) return false;
  if (text === undefined || text === '') return true;
  const part = text.toLowerCase();
  return [target.id, target.address, target.owner, target.redundancySet, ...target.tags].some(
    (word) => word?.toLowerCase().includes(part) === true,
  );
}

type Order = (a: TargetState, b: TargetState) => number;

function orderOf(sort: Sort, descending: boolean, pressing: Pressing): Order {
  const sign = descending ? -1 : 1;
  const by = sort === 'need' ? byNeed(pressing) : ORDERS[sort];
  return (a, b) => sign * by(a, b) || byName(a.target, b.target);
}

const CALM: Pressing = { stopped: new Set(), waiting: new Set() };

/** What is stopped or cannot be reached; what differs, worst first; what nobody sees; what waits for a person; the rest. */
function byNeed(pressing: Pressing): Order {
  const ranks = new Map<TargetState, number>();
  const rankOf = (of: TargetState): number => {
    const rank = ranks.get(of) ?? needOf(of, pressing);
    ranks.set(of, rank);
    return rank;
  };
  return (a, b) => rankOf(a) - rankOf(b) || weight(b) - weight(a);
}

function needOf(of: TargetState, { stopped, waiting }: Pressing): number {
  const { state, target } = of;
  if (state === 'unreachable' || stopped.has(target.id)) return 0;
  if (weight(of) > 0 || state === 'odd') return 1;
  if (state === 'stale' || state === 'never') return 2;
  if (waiting.has(target.id)) return 3;
  return state === 'partial' ? 4 : 5;
}

const byName = (a: Target, b: Target): number => compare(a.id, b.id) || compare(a.scope, b.scope);

type TargetOrder = (a: Target, b: Target) => number;

/** Orders that need nothing but the inventory. */
const OF_INVENTORY = {
  name: byName,
  scope: (a, b) => compare(a.scope, b.scope),
  environment: (a, b) => compare(a.environment, b.environment),
} as const satisfies Readonly<Record<string, TargetOrder>>;

function isOfInventory(sort: Sort): sort is keyof typeof OF_INVENTORY {
  return sort in OF_INVENTORY;
}

/** Sorted once for each inventory: a step through time asks for the same order again and again. */
const sortedBefore = new WeakMap<readonly Target[], Map<string, readonly Target[]>>();

function sortedBy(
  targets: readonly Target[],
  by: keyof typeof OF_INVENTORY,
  descending: boolean,
): readonly Target[] {
  const known = sortedBefore.get(targets) ?? new Map<string, readonly Target[]>();
  sortedBefore.set(targets, known);
  const name = `${by} ${descending}`;
  const sign = descending ? -1 : 1;
  const sorted =
    known.get(name) ?? targets.toSorted((a, b) => sign * OF_INVENTORY[by](a, b) || byName(a, b));
  known.set(name, sorted);
  return sorted;
}

const ofTargets =
  (by: TargetOrder) =>
  (a: TargetState, b: TargetState): number =>
    by(a.target, b.target);

const weight = ({ findings }: TargetState): number =>
  findings.critical * 1e9 + findings.warning * 1e4 + findings.info;

const ORDERS: Readonly<Record<Exclude<Sort, 'need'>, Order>> = {
  name: ofTargets(OF_INVENTORY.name),
  state: (a, b) => FLEET_STATES.indexOf(a.state) - FLEET_STATES.indexOf(b.state),
  // Never seen is longest ago.
  seen: (a, b) => (a.seenAt ?? -Infinity) - (b.seenAt ?? -Infinity) || 0,
  findings: (a, b) => weight(a) - weight(b),
  scope: ofTargets(OF_INVENTORY.scope),
  environment: ofTargets(OF_INVENTORY.environment),
};

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Of several tags the first; a group of its own for none. */
function groupOf({ target, state }: TargetState, group: Group): string {
  switch (group) {
    case 'scope':
      return target.scope;
    case 'state':
      return state;
    case 'environment':
      return target.environment;
    case 'hostType':
      return target.hostType;
    case 'owner':
      return target.owner ?? '';
    case 'tag':
      return target.tags[0] ?? '';
    case 'redundancySet':
      return target.redundancySet ?? '';
  }
}

function groupsOf(
  fleet: readonly TargetState[],
  group: Group,
): { group: string; targets: number; states: ReturnType<typeof countStates> }[] {
  return [...Map.groupBy(fleet, (each) => groupOf(each, group))]
    .map(([name, its]) => ({ group: name, targets: its.length, states: countStates(its) }))
    .toSorted((a, b) => compare(a.group, b.group));
}

/** Of all on a page at once; where several sources tell, of the first by name. */
function systemsOf(
  facts: FactReader,
  page: readonly TargetState[],
  at: Moment,
): (of: TargetState) => { os: string | null; kernel: string | null } {
  const targets = page.map(({ target: { id, scope } }) => ({ id, scope }));
  const told = (attribute: string): ReadonlyMap<string, HeldValue> => {
    const first = new Map<string, HeldValue>();
    for (const [kind, its] of Map.groupBy(targets, ({ id }) => id.slice(0, id.indexOf(':')))) {
      const entities = its.map(({ id }) => id);
      const asked = { scopes: [], targets: its, kind, entities, attribute };
      for (const held of facts.values({ ...asked, type: 'observed' }, at)) {
        const key = keyOf(held.scope, held.target);
        const before = first.get(key);
        if (held.entity !== held.target) continue;
        if (before === undefined || compare(held.source, before.source) < 0) first.set(key, held);
      }
    }
    return first;
  };
  const [os, kernel] = [told('os.name'), told('kernel.release')];
  const text = (held: HeldValue | undefined): string | null =>
    typeof held?.value === 'string' ? held.value : null;
  return ({ target }) => {
    const key = keyOf(target.scope, target.id);
    return { os: text(os.get(key)), kernel: text(kernel.get(key)) };
  };
}

function lastChangeOn(
  trails: TrailPowers,
  { target }: TargetState,
  { asOf }: Moment,
): { changeId: string; action: string; at: string } | null {
  const window = { from: shift(asOf, -LAST_CHANGE_DAYS * DAY), until: asOf };
  let last: { changeId: string; action: string; from: number; at: string } | null = null;
  for (const { id, action, ran } of trails.changes(target, window))
    for (const { from } of ran)
      if (from <= asOf && from > (last?.from ?? -Infinity))
        last = { changeId: id, action, from, at: formatInstant(from) };
  if (last === null) return null;
  const { changeId, action, at } = last;
  return { changeId, action, at };
}
