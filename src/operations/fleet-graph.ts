/**
 * The graph of a fleet: targets, what their facts refer to, bastions and redundancy sets. Pure.
 *
 * What belongs to one target (`service:web-1/nginx` to `host:web-1`) stands for it, unless its target is looked at
 * closely. So a map of hosts shows what hosts depend on, and a close look at one shows through what.
 */
import { keyOf, kindOf, type Target } from '#model';
import type { Edge } from '#store';

export type GraphNode = {
  readonly id: string;
  readonly kind: string;
  /** The target it is, or belongs to. */
  readonly target: string | null;
  readonly scope: string | null;
};

export type GraphEdge = { readonly from: string; readonly to: string; readonly kind: string };

export type Graph = {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
};

export const SET_KIND = 'redundancy_set';
export const VIA = 'via';
export const MEMBER = 'member of';

/** `close`: targets whose own entities are shown. */
export function graphOf(
  targets: readonly Target[],
  edges: Iterable<Edge>,
  close: ReadonlySet<string>,
): Graph {
  const byId = new Map(targets.map((target) => [target.id, target]));
  const owners = new Map(targets.map((target) => [keyOf(target.id), target.id]));
  const nodes = new Map<string, GraphNode>();
  const found = new Map<string, GraphEdge>();
  for (const { id, scope } of targets) nodes.set(id, { id, kind: kindOf(id), target: id, scope });
  const place = (entity: string, told: string | null): GraphNode => {
    const owner = byId.has(entity) ? entity : (ownerOf(entity, owners) ?? null);
    const isOwn = owner !== null && owner !== entity;
    const id = isOwn && !close.has(owner) ? owner : entity;
    const known = nodes.get(id);
    if (known !== undefined) return known;
    const made = {
      id,
      kind: kindOf(id),
      target: owner,
      scope: byId.get(owner ?? told ?? '')?.scope ?? null,
    };
    nodes.set(id, made);
    return made;
  };
  const tie = (from: string, to: string, kind: string): void => {
    if (from !== to) found.set(JSON.stringify([from, to, kind]), { from, to, kind });
  };
  for (const { target, entity, attribute, to } of edges) {
    // Of a target that left the inventory nothing is drawn.
    if (!byId.has(target)) continue;
    const from = place(entity, target);
    if (from.target !== null && from.id !== from.target) tie(from.target, from.id, 'has');
    for (const ref of to) {
      if (kindOf(ref) === '') continue;
      const end = place(ref, null);
      if (end.target !== null && end.id !== end.target) tie(end.target, end.id, 'has');
      tie(from.id, end.id, attribute);
    }
  }
  for (const { id, via, redundancySet, scope } of targets) {
    for (const bastion of via) if (byId.has(bastion)) tie(id, bastion, VIA);
    if (redundancySet === null) continue;
    const set = `${SET_KIND}:${redundancySet}`;
    if (!nodes.has(set)) nodes.set(set, { id: set, kind: SET_KIND, target: null, scope });
    tie(id, set, MEMBER);
  }
  return { nodes: [...nodes.values()], edges: [...found.values()] };
}

/** The target whose name its key begins with. */
function ownerOf(entity: string, owners: ReadonlyMap<string, string>): string | undefined {
  const key = keyOf(entity);
  const slash = key.indexOf('/');
  return slash === -1 ? undefined : owners.get(key.slice(0, slash));
}

/** A node that more are tied to is shown, and not gone through: else everything is near everything. */
const MANY = 40;

/** What is within `hops` of a node, that node included. */
export function near({ nodes, edges }: Graph, of: string, hops: number): Graph {
  const ties = new Map<string, string[]>();
  for (const { from, to } of edges) {
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      const known = ties.get(a);
      if (known === undefined) ties.set(a, [b]);
      else known.push(b);
    }
  }
  const reached = new Set([of]);
  let edge = [of];
  for (let hop = 0; hop < hops; hop += 1) {
    const next = edge
      .flatMap((id) => {
        const its = ties.get(id) ?? [];
        return id === of || its.length <= MANY ? its : [];
      })
      .filter((id) => !reached.has(id));
    for (const id of next) reached.add(id);
    edge = [...new Set(next)];
  }
  return among({ nodes, edges }, (id) => reached.has(id));
}

/** The first of `order`, and the edges between them. */
export function bounded(
  graph: Graph,
  most: number,
  order: (a: GraphNode, b: GraphNode) => number,
): { readonly graph: Graph; readonly leftOut: { readonly nodes: number; readonly edges: number } } {
  if (graph.nodes.length <= most) return { graph, leftOut: { nodes: 0, edges: 0 } };
  const kept = new Set(
    graph.nodes
      .toSorted(order)
      .slice(0, most)
      .map(({ id }) => id),
  );
  const smaller = among(graph, (id) => kept.has(id));
  return {
    graph: smaller,
    leftOut: {
      nodes: graph.nodes.length - smaller.nodes.length,
      edges: graph.edges.length - smaller.edges.length,
    },
  };
}

function among({ nodes, edges }: Graph, isKept: (id: string) => boolean): Graph {
  return {
    nodes: nodes.filter(({ id }) => isKept(id)),
    edges: edges.filter(({ from, to }) => isKept(from) && isKept(to)),
  };
}
