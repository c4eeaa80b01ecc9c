/**
 * What trusted sources say now. Plans, preconditions and typed arguments read nothing else: what an
 * assistant ingested is shown, never obeyed.
 */
import { canonicalJson, type Json } from '#base/json';
import type { Instant } from '#base/time';
import { type Inventory, isTrusted } from '#inventory';
import { keyOf, kindOf, type Target } from '#model';
import type { FactReader, Moment, StoredFact } from '#store';
import { refuse } from './refuse.ts';
import { said } from './view.ts';

export type TrustedFacts = {
  /** `undefined` when no trusted source reports it. Refuses when two disagree: neither is obeyed. */
  value(target: string, entity: string, attribute: string): Json | undefined;
  /** Whether a trusted source reports anything about it on one of the targets. */
  reports(entity: string): boolean;
  /** Names of entities of a kind that are there on every target, without the targets' names. */
  names(kind: string): ReadonlySet<string>;
};

export function trustedFacts(
  facts: FactReader,
  inventory: Inventory,
  targets: readonly Target[],
  now: Instant,
): TrustedFacts {
  const at: Moment = {
    asOf: now,
    knownAt: Math.max(now, facts.lastRecordedAt() ?? now) as Instant,
  };
  const byId = new Map(targets.map((target) => [target.id, target]));
  const trusted = (target: Target, fact: StoredFact): boolean =>
    isTrusted(inventory, target.id, fact.source, kindOf(fact.entity));
  return {
    value(id, entity, attribute) {
      const target = byId.get(id);
      // A star would be a pattern to the store: no name of ours has one.
      if (target === undefined || entity.includes('*') || attribute.includes('*')) return undefined;
      const found = facts
        .query({ scopes: [target.scope], target: id, entity, attribute, type: 'observed' }, at, 100)
        .facts.filter((fact) => fact.entity === entity && fact.attribute === attribute)
        .filter((fact) => trusted(target, fact));
      const values = new Map(found.map((fact) => [canonicalJson(fact.value), fact.value]));
      if (values.size > 1) {
        refuse(
          'untyped-value',
          `trusted sources disagree about a fact: ${said(entity, 200)} ${attribute} of ${id}. Look at it with query_facts, and mend the source that is wrong`,
        );
      }
      return [...values.values()][0];
    },
    reports(entity) {
      if (entity.includes('*')) return false;
      return targets.some((target) =>
        facts
          .query({ scopes: [target.scope], target: target.id, entity, type: 'observed' }, at, 100)
          .facts.some((fact) => fact.entity === entity && trusted(target, fact)),
      );
    },
    names(kind) {
      const each = targets.map((target) => {
        const names = new Set<string>();
        const own = `${keyOf(target.id)}/`;
        const filter = {
          scopes: [target.scope],
          target: target.id,
          kind,
          type: 'observed',
        } as const;
        for (const fact of facts.each(filter, at)) {
          const key = keyOf(fact.entity);
          if (key.startsWith(own) && trusted(target, fact)) names.add(key.slice(own.length));
        }
        return names;
      });
      const [first = new Set<string>(), ...others] = each;
      return new Set([...first].filter((name) => others.every((names) => names.has(name))));
    },
  };
}
