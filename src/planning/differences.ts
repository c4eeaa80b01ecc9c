/**
 * What a plan that is made again right before dispatch has that the signed one has not. Any
 * difference refuses; the words are for the person who wants to know why.
 */
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, isInstant } from '#base/time';
import type { Check, Plan, PlanStep, Precondition } from '#model';
import { planDigest } from './plan.ts';
import { quoteWord } from './quote.ts';

export type Difference = {
  /** What differs, in words: `policy in force`, `fact service:web-1/nginx.service state.current`. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
};

const NOT_THERE = 'not there';
const SHOWN_CHARS = 500;

/** Empty exactly when the two have one digest. */
export function differences(plan: Plan, again: Plan): readonly Difference[] {
  if (planDigest(plan) === planDigest(again)) return [];
  const found = [
    ...one('change', plan.change, again.change),
    ...one('organisation', plan.organisation, again.organisation),
    ...one('action', plan.action, again.action),
    ...keyed('argument', entriesOf(plan.arguments), entriesOf(again.arguments)),
    ...one('reason', plan.reason, again.reason),
    ...one('who asked', plan.requestedBy, again.requestedBy),
    ...one('tier', plan.tier, again.tier),
    ...one('inventory in force', plan.inForce.inventory, again.inForce.inventory),
    ...one('policy in force', plan.inForce.policy, again.inForce.policy),
    ...one('catalogue in force', plan.inForce.catalogue, again.inForce.catalogue),
    ...one('baselines in force', plan.inForce.baselines, again.inForce.baselines),
    ...targets(plan, again),
    ...one('batches', plan.rollout ?? null, again.rollout ?? null),
    ...keyed('', steps(plan), steps(again)),
    ...keyed('fact', facts(plan.preconditions), facts(again.preconditions)),
    ...keyed('check', checks(plan.verification), checks(again.verification)),
    ...one('wait before looking, seconds', plan.stabiliseSeconds, again.stabiliseSeconds),
    ...one('why there is no way back', plan.irreversible, again.irreversible),
    ...one('change that is taken back', plan.undoes, again.undoes),
    ...one('derives from what a target wrote', plan.tainted, again.tainted),
    ...one('time it was made', time(plan.madeAt), time(again.madeAt)),
    ...one('deadline', time(plan.decideBy), time(again.decideBy)),
  ];
  // Order counts too: the same facts in another order are another plan.
  return found.length > 0
    ? found
    : [{ what: 'order or form', before: planDigest(plan), after: planDigest(again) }];
}

function one(what: string, before: unknown, after: unknown): Difference[] {
  const [a, b] = [canonicalJson(before as Json), canonicalJson(after as Json)];
  return a === b ? [] : [{ what, before: shown(before), after: shown(after) }];
}

function keyed(
  what: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) =>
    one(
      what === '' ? key : `${what} ${key}`,
      before.has(key) ? before.get(key) : NOT_THERE,
      after.has(key) ? after.get(key) : NOT_THERE,
    ),
  );
}

function targets(plan: Plan, again: Plan): Difference[] {
  const part = (of: Plan, key: 'profile' | 'hostId' | 'epoch' | 'scope'): Map<string, unknown> =>
    new Map(of.targets.map((each) => [each.id, each[key]]));
  return [
    ...keyed('inventory profile of', part(plan, 'profile'), part(again, 'profile')),
    ...keyed('identity of', part(plan, 'hostId'), part(again, 'hostId')),
    ...keyed('enrolment of', part(plan, 'epoch'), part(again, 'epoch')),
    ...keyed('scope of', part(plan, 'scope'), part(again, 'scope')),
  ];
}

/** A step by parts, so that a changed file hash does not read as another program. */
function steps(plan: Plan): Map<string, unknown> {
  return new Map(
    plan.steps.flatMap((step): [string, unknown][] => {
      const name = `step ${step.step} ${step.direction} on ${quoteWord(step.target)}`;
      return [
        [`${name}: program`, step.argv],
        ...step.files.map((file): [string, unknown] => [
          `${name}: content of ${quoteWord(file.path)}`,
          file.sha256,
        ]),
        ...step.conditions.map((each): [string, unknown] => [
          `${name}: state of ${quoteWord(each.path)}`,
          each.kind === 'file-absent' ? 'absent' : each.sha256,
        ]),
        [`${name}: input`, step.stdin],
        [`${name}: settings`, settingsOf(step)],
      ];
    }),
  );
}

function settingsOf(step: PlanStep): unknown {
  const { runAs, timeoutSeconds, atomic, action, of, effect } = step;
  return { runAs, timeoutSeconds, atomic, action, of, effect };
}

function facts(all: readonly Precondition[]): Map<string, unknown> {
  return new Map(
    all.map((each) => [
      `${quoteWord(each.entity)} ${quoteWord(each.attribute)} on ${quoteWord(each.target)}`,
      each.absent ? 'not reported' : each.value,
    ]),
  );
}

function checks(all: readonly Check[]): Map<string, unknown> {
  return new Map(all.map((each, index) => [`${index + 1} on ${quoteWord(each.target)}`, each]));
}

function entriesOf(values: Plan['arguments']): Map<string, unknown> {
  return new Map(Object.entries(values));
}

function time(instant: number): string {
  return isInstant(instant) ? formatInstant(instant) : String(instant);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const cut = text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`;
  return cut.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
