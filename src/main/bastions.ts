/** What a host that others are reached through must be let open for them, and for nobody else. */
import type { Target } from '#model';

const PLACE = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?)(?::([0-9]{1,5}))?$/;
const MOST_HOPS = 8;

/** `host:port` of each next hop, ascending, by the target before it; as ssh asks for them. */
export function opensOf(targets: readonly Target[]): ReadonlyMap<string, readonly string[]> {
  const byId = new Map(targets.map((target) => [target.id, target]));
  const opens = new Map<string, Set<string>>();
  const hopsTo = (target: Target, left: number): readonly (Target | undefined)[] =>
    target.via.flatMap((each) => {
      const hop = byId.get(each);
      return hop === undefined || left === 0 ? [hop] : [...hopsTo(hop, left - 1), hop];
    });
  for (const target of targets) {
    if (target.transport !== 'ssh' || target.via.length === 0) continue;
    const way = [...hopsTo(target, MOST_HOPS), target];
    for (const [i, hop] of way.entries()) {
      const next = placeOf(way[i + 1]);
      if (hop === undefined || next === undefined) continue;
      opens.set(hop.id, (opens.get(hop.id) ?? new Set()).add(next));
    }
  }
  return new Map([...opens].map(([id, places]) => [id, [...places].toSorted()]));
}

/** IPv6 is written otherwise in `permitopen`; such a host is reached without a bastion of ours. */
function placeOf(target: Target | undefined): string | undefined {
  const [, host, port = '22'] = PLACE.exec(target?.address ?? '') ?? [];
  return host === undefined ? undefined : `${host.toLowerCase()}:${port}`;
}
