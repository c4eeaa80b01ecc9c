import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { places, rings, type Spot, type Tied } from './place.ts';

function aFleet(hosts: number, networks: number): Tied {
  const nodes = [
    ...Array.from({ length: hosts }, (_, n) => ({
      id: `host:${n}`,
      kind: 'host',
      target: `host:${n}`,
      scope: n % 2 === 0 ? 'a/x' : 'a/y',
    })),
    ...Array.from({ length: networks }, (_, n) => ({
      id: `network:${n}`,
      kind: 'network',
      target: null,
      scope: null,
    })),
  ];
  const edges = Array.from({ length: hosts }, (_, n) => [n, hosts + (n % networks), 0] as const);
  return { nodes, edges };
}

const apart = (a: Spot | undefined, b: Spot | undefined): number =>
  Math.hypot((a?.x ?? 0) - (b?.x ?? 0), (a?.y ?? 0) - (b?.y ?? 0));

describe('places of a map', () => {
  it('are the same for the same map, however its nodes are listed', () => {
    const fleet = aFleet(40, 4);
    const spots = places(fleet);
    const order = fleet.nodes.map((_, n) => (n * 7) % fleet.nodes.length);
    const moved: Tied = {
      nodes: order.map((n) => fleet.nodes[n] as Tied['nodes'][number]),
      edges: fleet.edges.map(([from, to, kind]) => [order.indexOf(from), order.indexOf(to), kind]),
    };
    const again = places(moved);
    assert.deepEqual(
      order.map((n) => spots[n]),
      [...again],
    );
  });

  it('put what shares a network nearer to it than to any other', () => {
    const fleet = aFleet(200, 8);
    const spots = places(fleet);
    for (let n = 0; n < 200; n += 1) {
      const own = apart(spots[n], spots[200 + (n % 8)]);
      for (let other = 0; other < 8; other += 1)
        if (other !== n % 8) assert.ok(own < apart(spots[n], spots[200 + other]), `host ${n}`);
    }
  });

  it('never put two nodes in one place, of five thousand and in little time', () => {
    const fleet = aFleet(5_000, 20);
    const spots = places(fleet);
    assert.equal(new Set(spots.map(({ x, y }) => `${x.toFixed(3)} ${y.toFixed(3)}`)).size, 5_020);
  });

  it('around one node stand as far out as they are steps away', () => {
    const chain: Tied = {
      nodes: ['a', 'b', 'c', 'd'].map((id) => ({ id, kind: 'host', target: id, scope: null })),
      edges: [
        [0, 1, 0],
        [1, 2, 0],
        [0, 3, 0],
      ],
    };
    const [a, b, c, d] = rings(chain, 0);
    const out = (spot: Spot | undefined): number => Math.round(apart(spot, a));
    assert.deepEqual([out(b), out(d)], [3, 3]);
    assert.ok(out(c) > 3);
  });
});
