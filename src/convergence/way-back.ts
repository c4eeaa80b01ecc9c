/**
 * From a finding to the change that would take it back: which action says that it does, with which arguments.
 *
 * Nothing is done here, and nothing is guessed: where two actions would do, the one of the lower tier is first, and
 * a person sees all of them. What no action takes back is told with the declaration's own words.
 */
import type { Json, JsonObject } from '#base/json';
import {
  type ArgumentSpec,
  type ArgumentValue,
  type Converges,
  nameOf,
  type Runnable,
  valueProblem,
  type WayPiece,
} from '#catalogue';
import { type Finding, formOf, keyOf, kindOf, type Target, TIERS, type Tier } from '#model';

export type Way = {
  /** `id@version`. */
  readonly action: string;
  readonly tier: Tier;
  readonly summary: string;
  readonly arguments: JsonObject;
};

export type FindingPlace = Pick<
  Finding,
  'entity' | 'attribute' | 'kind' | 'observed' | 'desired'
> & { readonly declared: string };

export type WayInput = {
  readonly finding: FindingPlace;
  readonly target: Pick<Target, 'id' | 'hostType'>;
  /** Newest versions only; drafts left out. */
  readonly actions: readonly Runnable[];
  /** What a trusted source says now; `undefined` when none does, or two disagree. */
  readonly fact: (entity: string, attribute: string) => Json | undefined;
  /** What another open finding of the same declaration says the attribute should be; `undefined` where there is none. */
  readonly desired: (entity: string, attribute: string) => Json | undefined;
};

/** Every action that says it takes this back and whose arguments can be told; lowest tier first. */
export function waysBack(input: WayInput): readonly Way[] {
  const { finding, target, actions } = input;
  const ways = actions.flatMap((action): Way[] => {
    if (action.hostTypes !== 'any' && !action.hostTypes.includes(target.hostType)) return [];
    for (const each of action.converges ?? []) {
      if (!isAbout(each, finding)) continue;
      const given = argumentsOf(each, action.arguments, input);
      if (given === undefined) continue;
      const { tier, summary } = action;
      return [{ action: nameOf(action), tier, summary, arguments: given }];
    }
    return [];
  });
  return ways.toSorted(
    (a, b) => TIERS.indexOf(a.tier) - TIERS.indexOf(b.tier) || (a.action < b.action ? -1 : 1),
  );
}

function isAbout(each: Converges, finding: FindingPlace): boolean {
  return (
    each.kind === kindOf(finding.entity) &&
    (each.attribute === 'any' || each.attribute === finding.attribute) &&
    each.finding.includes(finding.kind) &&
    (each.desired === undefined || each.desired === finding.desired) &&
    (each.declared === undefined || each.declared.some((kind) => kind === finding.declared))
  );
}

/** `undefined`: a value that is needed cannot be told, or is none that the action takes, so this is no way. */
function argumentsOf(
  each: Converges,
  specs: readonly ArgumentSpec[],
  input: WayInput,
): JsonObject | undefined {
  const made: [string, Json][] = [];
  for (const [name, pieces] of Object.entries(each.with)) {
    const spec = specs.find((one) => one.name === name);
    const values = pieces.map((piece) => valueOf(piece, input));
    if (spec === undefined || values.some((value) => value === undefined)) return undefined;
    const [only] = values;
    // One piece alone keeps its type.
    const value = typed(values.length === 1 ? (only as ArgumentValue) : values.join(''), spec);
    if (valueProblem(spec, value) !== undefined) return undefined;
    made.push([name, value]);
  }
  return Object.fromEntries(made);
}

function valueOf(piece: WayPiece, input: WayInput): ArgumentValue | undefined {
  const { finding, target, fact, desired } = input;
  const { entity } = finding;
  const of = (name: string, value: Json | undefined): ArgumentValue | undefined =>
    plain(value, formOf(kindOf(entity), name));
  if ('literal' in piece) return piece.literal;
  if ('its' in piece) return of(piece.its, fact(entity, piece.its));
  if ('should' in piece)
    return of(piece.should, desired(entity, piece.should) ?? fact(entity, piece.should));
  if ('target' in piece) return plain(fact(target.id, piece.target), undefined);
  switch (piece.from) {
    case 'name':
      return nameIn(entity, target.id);
    case 'desired':
      return of(finding.attribute, finding.desired);
    case 'observed':
      return of(finding.attribute, finding.observed);
  }
}

/** Facts and files write numbers as text, and text as numbers. */
function typed(value: ArgumentValue, { type }: ArgumentSpec): ArgumentValue {
  if (typeof value === 'boolean') return value;
  if (type !== 'number' && type !== 'process') return String(value);
  return /^(?:0|[1-9][0-9]{0,14})$/.test(String(value)) ? Number(value) : value;
}

function nameIn(entity: string, target: string): string | undefined {
  const key = keyOf(entity);
  const own = `${keyOf(target)}/`;
  return key.startsWith(own) ? key.slice(own.length) : undefined;
}

/** What is enough, where a least is declared: of more than one value that would do, none is guessed. */
function plain(
  value: Json | undefined,
  form: ReturnType<typeof formOf>,
): ArgumentValue | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [only, ...more] = Object.entries(value);
    const isLeast = only?.[0] === 'versionAtLeast' || only?.[0] === 'atLeast';
    return isLeast && more.length === 0 ? plain(only[1], form) : undefined;
  }
  if (form === 'mode' && (typeof value === 'string' || typeof value === 'number')) {
    const digits = /^(?:0o)?0*([0-7]{1,4})$/.exec(String(value))?.[1];
    return digits === undefined ? undefined : `0${digits.padStart(3, '0')}`;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}

/** What several findings come to: one change for each action with its arguments, over all the targets it is for. */
export type Step<F> = {
  readonly way: Way;
  readonly targets: readonly string[];
  readonly findings: readonly F[];
};

/** Targets in the order of their findings. */
export function steps<F extends { readonly target: string }>(
  found: readonly { readonly finding: F; readonly way: Way }[],
): readonly Step<F>[] {
  const byWay = Map.groupBy(found, ({ way }) => JSON.stringify([way.action, way.arguments]));
  return [...byWay.values()].map((same) => ({
    way: (same[0] as (typeof same)[number]).way,
    targets: [...new Set(same.map(({ finding }) => finding.target))],
    findings: same.map(({ finding }) => finding),
  }));
}
