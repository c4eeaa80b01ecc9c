/** Which facts of a target are others at the end of a window than at its beginning, and since when. */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import { isVolatile, kindOf, type Target } from '#model';
import type { FactReader } from '#store';
import type { TimeWindow } from './operation.ts';

export type FactChange = {
  readonly entity: string;
  readonly attribute: string;
  readonly source: string;
  /** Since when it is seen so; the change itself was between the look before and this one. */
  readonly at: Instant;
  /** `undefined`: nothing was there. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
};

const PAGE = 1_000;
const VERSIONS = 40;

/** What moves by itself is left out. `isMore`: there were more than `most`. */
export function factChanges(
  facts: FactReader,
  target: Target,
  entity: string | undefined,
  { from, until }: TimeWindow,
  most: number,
): { readonly changes: readonly FactChange[]; readonly isMore: boolean } {
  const knownAt = Math.max(until, facts.lastRecordedAt() ?? until) as Instant;
  const filter = {
    scopes: [target.scope],
    target: target.id,
    type: 'observed' as const,
    ...(entity === undefined ? {} : { entity }),
  };
  const changes: FactChange[] = [];
  let after: Parameters<FactReader['compare']>[4];
  for (;;) {
    const page = facts.compare(
      filter,
      { asOf: from, knownAt },
      { asOf: until, knownAt },
      PAGE,
      ...(after === undefined ? [] : [after]),
    );
    for (const one of page.differences) {
      if (isVolatile(kindOf(one.entity), one.attribute)) continue;
      if (changes.length >= most) return { changes, isMore: true };
      const { before, after: now, ...place } = one;
      const { entity: about, attribute, source } = place;
      changes.push({
        entity: about,
        attribute,
        source,
        at: sinceWhen(facts, one, from, until),
        before,
        after: now,
      });
    }
    if (page.next === null) return { changes, isMore: false };
    after = page.next;
  }
}

/** Since when it is as it is at the end of the window. */
function sinceWhen(
  facts: FactReader,
  {
    scope,
    target,
    source,
    entity,
    attribute,
  }: {
    readonly scope: string;
    readonly target: string;
    readonly source: string;
    readonly entity: string;
    readonly attribute: string;
  },
  from: Instant,
  until: Instant,
): Instant {
  const { versions } = facts.history(
    { scopes: [scope], target, source, entity, attribute, type: 'observed' },
    VERSIONS,
  );
  const moments = versions
    .filter(({ supersededAt }) => supersededAt === null)
    .flatMap(({ validFrom, validTo }) => [validFrom, ...(validTo === null ? [] : [validTo])])
    .filter((at) => at > from && at <= until);
  return moments.length === 0 ? until : (Math.max(...moments) as Instant);
}

/** Entities that facts of this one point at, and those whose facts point at it. */
export function tiedTo(
  facts: FactReader,
  target: Target,
  entity: string,
  asOf: Instant,
): ReadonlySet<string> {
  const at = { asOf, knownAt: Math.max(asOf, facts.lastRecordedAt() ?? asOf) as Instant };
  const base = { scopes: [target.scope], target: target.id, type: 'observed' as const };
  const tied = new Set<string>();
  for (const { value } of facts.query({ ...base, entity }, at, 100).facts) {
    for (const text of Array.isArray(value) ? value : [value])
      if (typeof text === 'string' && /^[a-z][a-z0-9_.-]*:/.test(text)) tied.add(text);
  }
  for (const fact of facts.query({ ...base, text: entity }, at, 100).facts)
    if (fact.entity !== entity) tied.add(fact.entity);
  return tied;
}
