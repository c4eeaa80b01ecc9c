/** Parts of a plan that differ only in their target, told once: what is read for ten hosts is read for five thousand. Pure. */

export type Same<Item> = { readonly item: Item; readonly targets: readonly string[] };

/** In the order of the plan. `of` is what must be equal; by default everything but the target. */
export function sameOnTargets<Item extends { readonly target: string }>(
  items: readonly Item[],
  of: (item: Item) => unknown = (item) => ({ ...item, target: '' }),
): readonly Same<Item>[] {
  const found = new Map<string, { item: Item; targets: string[] }>();
  for (const item of items) {
    const key = JSON.stringify(of(item));
    const same = found.get(key);
    if (same === undefined) found.set(key, { item, targets: [item.target] });
    else if (!same.targets.includes(item.target)) same.targets.push(item.target);
  }
  return [...found.values()];
}

/** `service:‹target›/nginx.service` of `service:web-1/nginx.service` on `host:web-1`; what is of another stays whole. */
export function ownEntity(target: string, entity: string): string {
  if (entity === target) return OWN;
  const name = target.slice(target.indexOf(':') + 1);
  const kind = entity.slice(0, entity.indexOf(':') + 1);
  const own = `${kind}${name}/`;
  return kind !== '' && entity.startsWith(own)
    ? `${kind}${OWN}/${entity.slice(own.length)}`
    : entity;
}

const OWN = '‹target›';
