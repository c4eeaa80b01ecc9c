/** After a change has settled: look again, and hold what is seen against what the plan promised. */

import { asFault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import { type Check, kindOf, type Plan, type Target } from '#model';
import type { Road } from './context.ts';
import { lookAt } from './preview.ts';
import type { ChangeView } from './protocol.ts';
import type { Bound } from './record.ts';
import { runsOn } from './settle.ts';
import { type TrustedFacts, trustedFacts } from './trusted-facts.ts';
import { said, saidOf } from './view.ts';

export type Verified = {
  readonly lines: ChangeView['verification'];
  readonly bound: readonly Bound[];
  /** It could not be looked at: whether it worked is not known. */
  readonly unsure: string | null;
};

export async function verify(
  road: Road,
  plan: Plan,
  targets: readonly Target[],
  checks: readonly Check[],
): Promise<Verified> {
  try {
    await road.observe(targets, kindsOf(plan));
    const facts = trustedFacts(road.store.read, await road.inventory(), targets, road.clock.now());
    const lines: { says: string; held: boolean }[] = [];
    for (const check of checks) lines.push(await verifyOne(road, plan, facts, check));
    return { lines, bound: boundNow(plan, facts), unsure: null };
  } catch (thrown) {
    return {
      lines: [{ says: `it could not be verified: ${saidOf(thrown)}`, held: false }],
      bound: [],
      unsure: asFault(thrown).code,
    };
  }
}

/** Of what a plan rests on and promises: the kinds that have to be looked at for it. */
export function kindsOf(plan: Plan | null): ReadonlySet<string> {
  const facts = plan?.verification.filter((check) => check.kind === 'fact') ?? [];
  return new Set([...(plan?.preconditions ?? []), ...facts].map(({ entity }) => kindOf(entity)));
}

/** What undoing will rest on: the facts of the plan, as they are now. */
export function boundNow(plan: Plan, facts: TrustedFacts): readonly Bound[] {
  const named = [
    ...plan.preconditions,
    ...plan.verification.filter((check) => check.kind === 'fact'),
  ].map(({ target, entity, attribute }) => ({ target, entity, attribute }));
  const distinct = new Map(named.map((each) => [canonicalJson(each), each]));
  return [...distinct.values()].map(({ target, entity, attribute }) => {
    const value = facts.value(target, entity, attribute);
    return { target, entity, attribute, value: value ?? null, absent: value === undefined };
  });
}

async function verifyOne(
  road: Road,
  plan: Plan,
  facts: TrustedFacts,
  check: Check,
): Promise<{ says: string; held: boolean }> {
  switch (check.kind) {
    case 'fact': {
      const { entity, attribute, test, value } = check;
      const seen = facts.value(check.target, entity, attribute);
      const held = factHolds(test, value as Json, seen);
      const is = seen === undefined ? 'not reported' : canonicalJson(seen);
      const wanted =
        test === 'equals' || test === 'differs' ? ` ${canonicalJson(value as Json)}` : '';
      return { says: said(`${entity} ${attribute} ${test}${wanted}: is ${is}`, 500), held };
    }
    case 'probe': {
      const target = await runsOn(road, plan, check.target);
      if (target === undefined) return { says: `${check.target} is gone`, held: false };
      const looked = await lookAt(road, target, check.argv);
      const output = Buffer.from(looked.stdout).toString();
      const held =
        looked.exit === check.exit &&
        !looked.cut &&
        (check.says === null || output.includes(check.says));
      const wanted = check.says === null ? '' : ` and ${JSON.stringify(check.says)}`;
      return {
        says: said(
          `${check.argv.join(' ')} on ${target.id} ends with ${check.exit}${wanted}: ended with ${looked.exit ?? 'none'}`,
          500,
        ),
        held,
      };
    }
  }
}

export function factHolds(
  test: Extract<Check, { kind: 'fact' }>['test'],
  wanted: Json,
  seen: Json | undefined,
): boolean {
  switch (test) {
    case 'equals':
      return seen !== undefined && canonicalJson(seen) === canonicalJson(wanted);
    case 'differs':
      return seen !== undefined && canonicalJson(seen) !== canonicalJson(wanted);
    case 'present':
      return seen !== undefined;
    case 'absent':
      return seen === undefined || seen === null;
  }
}
