/**
 * Where each node of a map stands. Worked out from the names and ties alone, in one pass: the same map has the same
 * places on every screen and at every moment, so that what moved with time can be seen to have changed.
 */

export type Tied = {
  readonly nodes: readonly {
    readonly id: string;
    readonly kind: string;
    readonly target: string | null;
    readonly scope: string | null;
  }[];
  readonly edges: readonly (readonly [number, number, number])[];
};
export type Spot = { readonly x: number; readonly y: number };

const GOLDEN = Math.PI * (3 - Math.sqrt(5));
/** What things gather around before others. */
const RANK: Readonly<Record<string, number>> = { network: 0, cluster: 1, redundancy_set: 2 };
const SPACE = 1.25;

/** Around what they share: a disc for each network or set, the discs of a scope together. */
export function places({ nodes, edges }: Tied): readonly Spot[] {
  const hubOf = new Map<number, number>();
  const offer = (member: number, hub: number): void => {
    const known = hubOf.get(member);
    if (known === undefined || before(nodes, hub, known)) hubOf.set(member, hub);
  };
  for (const [from, to] of edges) {
    if (isShared(nodes, to) && !isShared(nodes, from)) offer(from, to);
    if (isShared(nodes, from) && !isShared(nodes, to)) offer(to, from);
  }
  const discs = new Map<string, { scope: string; hub: number | undefined; members: number[] }>();
  const gathers = new Set(hubOf.values());
  // What nothing gathers around stands in the middle of what is tied to it.
  const between = nodes.flatMap((_, n) => (isShared(nodes, n) && !gathers.has(n) ? [n] : []));
  const isBetween = new Set(between);
  for (const [n, node] of nodes.entries()) {
    if (isBetween.has(n)) continue;
    const hub = isShared(nodes, n) ? n : hubOf.get(n);
    const scope = node.scope ?? '';
    const key = hub === undefined ? `scope ${scope}` : `hub ${nodes[hub]?.id ?? ''}`;
    const disc = discs.get(key) ?? { scope, hub, members: [] };
    if (n !== hub) {
      disc.members.push(n);
      disc.scope = scope;
    }
    discs.set(key, disc);
  }
  const spots: Spot[] = nodes.map(() => ({ x: 0, y: 0 }));
  const scopes = [...Map.groupBy([...discs.entries()], ([, { scope }]) => scope)].toSorted(byKey);
  const packed = scopes.map(([, its]) => {
    const sorted = its.toSorted(byKey).map(([, disc]) => disc);
    return { sorted, pack: packedDiscs(sorted.map(({ members }) => radiusOf(members.length))) };
  });
  const centres = packedDiscs(packed.map(({ pack }) => pack.radius * 1.08));
  for (const [s, { sorted, pack }] of packed.entries()) {
    const centre = centres.spots[s] as Spot;
    for (const [d, { hub, members }] of sorted.entries()) {
      const at = pack.spots[d] as Spot;
      const middle = { x: centre.x + at.x, y: centre.y + at.y };
      if (hub !== undefined) spots[hub] = middle;
      const ordered = members.toSorted((a, b) => compare(nodes[a]?.id ?? '', nodes[b]?.id ?? ''));
      for (const [i, member] of ordered.entries()) spots[member] = onSpiral(middle, i + 1, SPACE);
    }
  }
  const tied = Map.groupBy(
    edges.flatMap(([from, to]) => [[from, to] as const, [to, from] as const]),
    ([n]) => n,
  );
  const ordered = between.toSorted((a, b) => compare(nodes[a]?.id ?? '', nodes[b]?.id ?? ''));
  for (const [i, n] of ordered.entries()) {
    const its = (tied.get(n) ?? []).map(([, other]) => spots[other] as Spot);
    const middle = (axis: 'x' | 'y'): number =>
      its.length === 0 ? 0 : its.reduce((sum, spot) => sum + spot[axis], 0) / its.length;
    // Beside it, as several may be tied to the same.
    const turn = (i + 1) * GOLDEN;
    spots[n] = { x: middle('x') + 0.6 * Math.cos(turn), y: middle('y') + 0.6 * Math.sin(turn) };
  }
  return spots;
}

/** Around one node: a ring for each step away from it. */
export function rings({ nodes, edges }: Tied, of: number): readonly Spot[] {
  const ties: number[][] = nodes.map(() => []);
  for (const [from, to] of edges) {
    ties[from]?.push(to);
    ties[to]?.push(from);
  }
  const steps = nodes.map(() => -1);
  let ring = [of];
  let radius = 0;
  const spots: Spot[] = nodes.map(() => ({ x: 0, y: 0 }));
  for (let step = 0; ring.length > 0; step += 1) {
    for (const n of ring) steps[n] = step;
    const ordered = ring.toSorted(
      (a, b) =>
        compare(nodes[a]?.kind ?? '', nodes[b]?.kind ?? '') ||
        compare(nodes[a]?.id ?? '', nodes[b]?.id ?? ''),
    );
    for (const [i, n] of ordered.entries()) {
      const angle = (2 * Math.PI * i) / ordered.length - Math.PI / 2;
      spots[n] = { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
    }
    const next = new Set(ring.flatMap((n) => ties[n] ?? []).filter((n) => steps[n] === -1));
    ring = [...next];
    radius = Math.max(radius + 3, (ring.length * 1.1) / (2 * Math.PI));
  }
  return spots;
}

function isShared(nodes: Tied['nodes'], n: number): boolean {
  return nodes[n]?.target === null;
}

function before(nodes: Tied['nodes'], a: number, b: number): boolean {
  const rank = (n: number): number => RANK[nodes[n]?.kind ?? ''] ?? 9;
  return (
    rank(a) - rank(b) < 0 ||
    (rank(a) === rank(b) && compare(nodes[a]?.id ?? '', nodes[b]?.id ?? '') < 0)
  );
}

function radiusOf(members: number): number {
  return SPACE * Math.sqrt(members + 1) + 1.6;
}

/** Discs on a spiral, each as far out as all before it need room. */
function packedDiscs(radii: readonly number[]): {
  readonly spots: readonly Spot[];
  readonly radius: number;
} {
  const [first] = radii;
  if (radii.length === 1 && first !== undefined) return { spots: [{ x: 0, y: 0 }], radius: first };
  const spots: Spot[] = [];
  let area = 0;
  let radius = 0;
  for (const [n, each] of radii.entries()) {
    const out = 1.25 * Math.sqrt(area + (each * each) / 2);
    spots.push({ x: out * Math.cos(n * GOLDEN), y: out * Math.sin(n * GOLDEN) });
    area += each * each;
    radius = Math.max(radius, out + each);
  }
  return { spots, radius };
}

function onSpiral({ x, y }: Spot, n: number, space: number): Spot {
  const out = space * Math.sqrt(n + 0.5);
  return { x: x + out * Math.cos(n * GOLDEN), y: y + out * Math.sin(n * GOLDEN) };
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compare(a[0], b[0]);
}
