/** How much of what is declared holds: of a target, and of a scope. */
import { type Finding, kindOf, type Severity } from '#model';
import type { Declared } from './declared.ts';
import type { KindRules } from './facts.ts';
import type { Weights } from './report.ts';

export const WEIGHT: Readonly<Record<Severity, number>> = { critical: 10, warning: 3, info: 1 };

type PartWeight = { readonly source: string; readonly kind: string };
type Sum = { readonly part: PartWeight; readonly weights: Map<string, number>; sum: number };

/** Remembered for as long as the declaration is: it is compared again and again. */
const kept = new WeakMap<object, ReadonlyMap<PartWeight, number>>();

/** What the exact facts of a declaration weigh, by source and kind; severities as the kinds and expectations say. */
export function weightsOf(
  { exact, whole }: Declared,
  rules: KindRules,
): ReadonlyMap<PartWeight, number> {
  const known = kept.get(exact);
  if (known !== undefined) return known;
  const parts = new Map<string, Sum>();
  let last: Sum | undefined;
  let of = '';
  for (const { source, entity, attribute, expectation } of exact) {
    // Neighbours are mostly of one part.
    if (last === undefined || of !== entity || last.part.source !== source) {
      const kind = kindOf(entity);
      const key = `${kind} ${source}`;
      last = parts.get(key) ?? { part: { source, kind }, sum: 0, weights: new Map() };
      parts.set(key, last);
      of = entity;
    }
    const { kind } = last.part;
    let weight = last.weights.get(attribute);
    if (weight === undefined) {
      weight = rules.isVolatile(kind, attribute) ? 0 : kindWeight(kind, attribute, rules);
      last.weights.set(attribute, weight);
    }
    const severity = whole ? null : (expectation?.severity ?? null);
    last.sum += severity === null || weight === 0 ? weight : WEIGHT[severity];
  }
  const all = new Map([...parts.values()].map(({ part, sum }) => [part, sum]));
  kept.set(exact, all);
  return all;
}

function kindWeight(kind: string, attribute: string, rules: KindRules): number {
  if (rules.isSecurity(kind, attribute)) return WEIGHT.critical;
  return rules.isHarmless?.(kind, attribute) === true ? WEIGHT.info : WEIGHT.warning;
}

export type Score = {
  /** 0 to 100; `null` when nothing was compared. */
  readonly score: number | null;
  readonly compared: number;
  /** Weight of what differs and is told. */
  readonly differs: number;
  /** Weight of what differs and somebody said is fine, for a while or for good. */
  readonly excepted: number;
  readonly unseen: number;
};

/** Findings that are waived, ignored or not yet believed count as holding. */
export function scoreOf(
  parts: Iterable<{ readonly weights: Weights; readonly standing: readonly Finding[] }>,
): Score {
  let compared = 0;
  let unseen = 0;
  let differs = 0;
  let excepted = 0;
  for (const { weights, standing } of parts) {
    compared += weights.compared;
    unseen += weights.unseen;
    for (const { id, status } of standing) {
      const weight = weights.of.get(id) ?? 0;
      if (status === 'open') differs += weight;
      else if (status === 'waived' || status === 'ignored') excepted += weight;
    }
  }
  const holding = Math.max(0, compared - unseen - differs);
  // Cut, not rounded: what is not whole is never told as 100.
  const score = compared === 0 ? null : Math.floor((holding * 1_000) / compared) / 10;
  return { score, compared, differs, excepted, unseen };
}
