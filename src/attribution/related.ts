/** What else changed then, nearest first: the same thing, what it is tied to, its package or unit, the rest. */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import { kindOf } from '#model';
import { baseName } from './paths.ts';
import { thingOf } from './thing.ts';

export type RelatedChange = {
  readonly entity: string;
  readonly attribute: string;
  readonly at: Instant;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
};

export type Relation = 'same' | 'tied' | 'named' | 'kind' | 'other';
const ORDER: readonly Relation[] = ['same', 'tied', 'named', 'kind', 'other'];

export function rankRelated(
  entity: string,
  changes: readonly RelatedChange[],
  /** Entities that its facts point at, or whose facts point at it. */
  tied: ReadonlySet<string>,
): readonly (RelatedChange & { readonly relation: Relation })[] {
  const stem = stemOf(entity);
  return changes
    .map((change) => ({ ...change, relation: relationOf(entity, stem, change.entity, tied) }))
    .toSorted(
      (a, b) =>
        ORDER.indexOf(a.relation) - ORDER.indexOf(b.relation) ||
        a.at - b.at ||
        (a.entity < b.entity ? -1 : 1),
    );
}

function relationOf(
  entity: string,
  stem: string,
  other: string,
  tied: ReadonlySet<string>,
): Relation {
  if (other === entity) return 'same';
  if (tied.has(other)) return 'tied';
  const its = stemOf(other);
  if (stem.length > 2 && (its === stem || its.startsWith(`${stem}-`) || stem.startsWith(`${its}-`)))
    return 'named';
  return kindOf(other) === kindOf(entity) ? 'kind' : 'other';
}

/** `service:web-1/nginx.service`, `package:web-1/nginx:amd64` and `file:web-1//etc/nginx.conf` are all `nginx`. */
function stemOf(entity: string): string {
  const { name } = thingOf(entity, '*');
  return baseName(name).split(/[.:@]/, 1)[0] ?? '';
}
