import { keyOf, type Target } from '#model';
import type { Item } from './baseline-file.ts';

/** The entity an item is about, of one target. */
export function entityOf(
  { kind, name, whole }: Pick<Item, 'kind' | 'name' | 'whole'>,
  target: Pick<Target, 'id'>,
): string {
  if (whole && name !== null) return name;
  const key = keyOf(target.id);
  return name === null ? `${kind}:${key}` : `${kind}:${key}/${name}`;
}
