/**
 * What was read of the whole fleet for the last moments asked about, so that a page, its next one and the counts
 * beside it read it once, and a fleet of which little was recorded since is read again in that part alone.
 *
 * Only a memory of this process. What one caller may see is never remembered for another.
 */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import { type Instant, LATEST } from '#base/time';
import type { Inventory } from '#inventory';
import type { Severity, Target } from '#model';
import type { FactReader, Moment, OriginCoverage, Seen } from '#store';
import type { DeclaredFacts } from './drift-state.ts';
import { type Findings, NO_FINDINGS, NO_LOOKS, stateOf, type TargetState } from './fleet-state.ts';
import type { Asking } from './operation.ts';

type Read = {
  readonly at: Moment;
  readonly sight: string;
  readonly origins: ReadonlyMap<string, readonly OriginCoverage[]>;
  readonly findings: ReadonlyMap<string, Findings>;
  /** A look at a moment to come is on record, and counts from then on. */
  readonly isAhead: boolean;
};

const MOST_READS = 8;
/** More of the fleet than this part touched: read as a whole. */
const FEW = 0.2;

const memories = new WeakMap<DeclaredFacts, FleetMemory>();

/** How every target that may be seen stands, in the order of the inventory. */
export function fleetAt(
  { facts, declared }: { readonly facts: FactReader; readonly declared: DeclaredFacts },
  asking: Pick<Asking, 'inventory' | 'isWhole' | 'sight'>,
  at: Moment,
): readonly TargetState[] {
  const { inventory } = asking;
  const read = memoryOf(declared).read(facts, inventory, sightOf(asking), at);
  return standing(inventory.targets, read, at, inventory);
}

/** The same of some targets of the inventory, at the cost of those, unless all were read already. */
export function fleetPartAt(
  { facts, declared }: { readonly facts: FactReader; readonly declared: DeclaredFacts },
  asking: Pick<Asking, 'inventory' | 'isWhole' | 'sight'>,
  at: Moment,
  targets: readonly Target[],
): readonly TargetState[] {
  const { inventory } = asking;
  const whole = memoryOf(declared).known(facts, sightOf(asking), at);
  if (whole !== undefined) return standing(targets, whole, at, inventory);
  if (targets.length === 0) return [];
  const seen = { scopes: [], targets: targets.map(({ id, scope }) => ({ id, scope })) };
  const told = facts.origins({ ...seen, except: NO_LOOKS }, at);
  const origins = Map.groupBy(told, ({ scope, target }) => keyOf(scope, target));
  return standing(targets, { origins, findings: findingsOf(facts, seen, at) }, at, inventory);
}

function memoryOf(declared: DeclaredFacts): FleetMemory {
  const memory = memories.get(declared) ?? new FleetMemory();
  memories.set(declared, memory);
  return memory;
}

function sightOf({ isWhole, sight }: Pick<Asking, 'isWhole' | 'sight'>): string {
  return isWhole ? 'whole' : digestOf(sight as unknown as Json);
}

function standing(
  targets: readonly Target[],
  { origins, findings }: Pick<Read, 'origins' | 'findings'>,
  at: Moment,
  inventory: Inventory,
): readonly TargetState[] {
  return targets.map((target) => {
    const key = keyOf(target.scope, target.id);
    const found = findings.get(key) ?? NO_FINDINGS;
    return stateOf(target, origins.get(key) ?? [], found, at.asOf, inventory);
  });
}

class FleetMemory {
  #reads: readonly Read[] = [];

  /** What was read of this very moment before. */
  known(facts: FactReader, sight: string, at: Moment): Read | undefined {
    const last = facts.lastRecordedAt() ?? at.knownAt;
    const known = at.knownAt < last ? at.knownAt : last;
    return this.#reads.find(
      (read) => read.sight === sight && read.at.asOf === at.asOf && read.at.knownAt === known,
    );
  }

  read(facts: FactReader, inventory: Inventory, sight: string, at: Moment): Read {
    const exact = this.known(facts, sight, at);
    if (exact !== undefined) return exact;
    const { scopes } = inventory;
    const last = facts.lastRecordedAt() ?? at.knownAt;
    const known = at.knownAt < last ? at.knownAt : last;
    const wanted: Moment = { asOf: at.asOf, knownAt: known };
    const before =
      at.asOf >= last && known === last
        ? this.#reads.find((read) => isBefore(read, wanted) && read.sight === sight)
        : undefined;
    const made =
      readAgain(facts, scopes, sight, wanted, before) ?? readWhole(facts, scopes, sight, wanted);
    const others = this.#reads.filter((read) => read !== before);
    this.#reads = [made, ...others].slice(0, MOST_READS);
    return made;
  }
}

/** It told what was the present then: whatever is otherwise now was recorded, began or ended since. */
function isBefore({ at, isAhead }: Read, { asOf, knownAt }: Moment): boolean {
  return !isAhead && at.asOf >= at.knownAt && at.asOf <= asOf && at.knownAt <= knownAt;
}

function readWhole(
  facts: FactReader,
  scopes: Inventory['scopes'],
  sight: string,
  at: Moment,
): Read {
  const [whole, isAhead] = originsNow(facts, { scopes }, at);
  const origins = Map.groupBy(whole, ({ scope, target }) => keyOf(scope, target));
  return { at, sight, origins, findings: findingsOf(facts, { scopes }, at), isAhead };
}

/** Only what was touched since an earlier read; `undefined` where that is much. */
function readAgain(
  facts: FactReader,
  scopes: Inventory['scopes'],
  sight: string,
  at: Moment,
  before: Read | undefined,
): Read | undefined {
  if (before === undefined) return undefined;
  const touched = facts.touched(before.at, at);
  if (touched.length > before.origins.size * FEW) return undefined;
  const mine = touched.filter(({ scope }) => scopes.includes(scope));
  const targets = mine.map(({ scope, target }) => ({ id: target, scope }));
  const origins = new Map(before.origins);
  for (const { id, scope } of targets) origins.delete(keyOf(scope, id));
  const [again, isAhead] =
    targets.length === 0 ? [[], false] : originsNow(facts, { scopes: [], targets }, at);
  for (const [key, its] of Map.groupBy(again, ({ scope, target }) => keyOf(scope, target)))
    origins.set(key, its);
  const findings = touched.length === 0 ? before.findings : findingsOf(facts, { scopes }, at);
  return { at, sight, origins, findings, isAhead };
}

/** Read as of the end of time, which tells as well whether anything is still to come. */
function originsNow(
  facts: FactReader,
  seen: Parameters<FactReader['origins']>[0],
  at: Moment,
): readonly [readonly OriginCoverage[], boolean] {
  const isPresent = at.asOf >= (facts.lastRecordedAt() ?? at.asOf);
  const asOf = isPresent ? LATEST : at.asOf;
  const asked = { ...seen, except: NO_LOOKS };
  const found = [...facts.origins(asked, { asOf, knownAt: at.knownAt })];
  const isAhead =
    isPresent && found.some(({ kinds }) => kinds.some(({ observedAt }) => observedAt > at.asOf));
  return [isAhead ? [...facts.origins(asked, at)] : found, isAhead];
}

/** Open ones, as they are on record. */
function findingsOf(facts: FactReader, seen: Seen, at: Moment): ReadonlyMap<string, Findings> {
  const asked = { ...seen, kind: 'finding', type: 'drift' as const };
  const open = new Map<string, string>();
  for (const { entity, scope, target, value } of facts.values(
    { ...asked, attribute: 'status' },
    at,
  ))
    if (value === 'open') open.set(`${keyOf(scope, target)}\n${entity}`, entity);
  const found = new Map<string, Record<Severity, number>>();
  if (open.size === 0) return found;
  const entities = [...open.values()];
  for (const { entity, scope, target, value } of facts.values(
    { ...asked, entities, attribute: 'severity' },
    at,
  )) {
    const key = keyOf(scope, target);
    if (!open.has(`${key}\n${entity}`)) continue;
    const counts = found.get(key) ?? { ...NO_FINDINGS };
    if (value === 'critical' || value === 'warning' || value === 'info') counts[value] += 1;
    found.set(key, counts);
  }
  return found;
}

export function keyOf(scope: string, target: string): string {
  return `${scope}\n${target}`;
}

/** The moment a read of the fleet is about, as answers tell it. */
export function pinnedMoment(at: Moment, last: Instant | undefined): Moment {
  return last === undefined || at.knownAt <= last ? at : { asOf: at.asOf, knownAt: last };
}
