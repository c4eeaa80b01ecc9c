import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { resolveTarget } from '#inventory';
import { readScopes } from './filters.ts';
import { bounded, type GraphNode, graphOf, near } from './fleet-graph.ts';
import { fleetAt, pinnedMoment } from './fleet-memory.ts';
import { momentInput, momentShape, showMoment, stateShape } from './fleet-shapes.ts';
import { FLEET_STATES, type TargetState } from './fleet-state.ts';
import { readMoment } from './moments.ts';
import { look } from './operation.ts';
import { scopeInput } from './shapes.ts';

const MOST_NODES = 20_000;
const DEFAULT_NODES = 6_000;
/** A part of the answer's bytes, about what a node with its edges costs. */
const NODE_BYTES = 200;

/** What is tied to what: targets, networks, services, what they depend on, bastions and redundancy sets. */
export const fleetMap = look({
  name: 'fleet_map',
  title: 'Map the fleet',
  summary:
    'Answers what is tied to what: targets, networks, services and what they depend on, bastions and redundancy sets; at any moment of either clock.',
  capability: 'facts.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    ...momentInput,
    scope: scopeInput,
    target: z
      .string()
      .min(1)
      .max(LIMITS.nameChars)
      .optional()
      .describe('look closely at this one: its own entities, and what is near'),
    hops: z
      .number()
      .int()
      .min(1)
      .max(4)
      .optional()
      .describe('how near, default 2; what very many are tied to is not gone through'),
    limit: z
      .number()
      .int()
      .min(1)
      .max(MOST_NODES)
      .optional()
      .describe(`nodes, default ${DEFAULT_NODES}`),
  }),
  output: z.object({
    at: momentShape,
    nodes: z.array(
      z.object({
        id: z.string(),
        kind: z.string(),
        target: z.string().nullable().describe('the target it is, or belongs to'),
        scope: z.string().nullable(),
        state: stateShape.nullable().describe('of a target'),
        findings: z.number(),
      }),
    ),
    edges: z
      .array(z.tuple([z.number(), z.number(), z.number()]))
      .describe('from, to: places in nodes; place in kinds'),
    kinds: z.array(z.string()).describe('of edges: the attribute that refers, via, member of, has'),
    leftOut: z.object({ nodes: z.number(), edges: z.number() }),
  }),
  run(input, powers, asking) {
    const scopes = readScopes(input.scope, asking);
    const at = readMoment(input, asking.now, powers.facts);
    const fleet = fleetAt(powers, asking, at).filter(({ target }) => scopes.includes(target.scope));
    const close =
      input.target === undefined
        ? undefined
        : resolveTarget(asking.inventory, input.target, scopes).id;
    const states = new Map(fleet.map((each) => [each.target.id, each]));
    const whole = graphOf(
      fleet.map(({ target }) => target),
      powers.facts.edges({ scopes }, at),
      new Set(close === undefined ? [] : [close]),
    );
    const asked = close === undefined ? whole : near(whole, close, input.hops ?? 2);
    const room = Math.min(
      input.limit ?? DEFAULT_NODES,
      Math.max(1, Math.floor(asking.answerBytes / NODE_BYTES)),
    );
    const degrees = new Map<string, number>();
    for (const { from, to } of asked.edges)
      for (const id of [from, to]) degrees.set(id, (degrees.get(id) ?? 0) + 1);
    const { graph, leftOut } = bounded(asked, room, byWeight(states, degrees, close));
    const places = new Map(graph.nodes.map(({ id }, place) => [id, place]));
    const kinds = [...new Set(graph.edges.map(({ kind }) => kind))].toSorted();
    return {
      at: showMoment(pinnedMoment(at, powers.facts.lastRecordedAt())),
      nodes: graph.nodes.map(({ id, kind, target, scope }) => {
        const own = states.get(id);
        const findings = own?.findings;
        return {
          id,
          kind,
          target,
          scope,
          state: own?.state ?? null,
          findings:
            findings === undefined ? 0 : findings.critical + findings.warning + findings.info,
        };
      }),
      edges: graph.edges.map(({ from, to, kind }): [number, number, number] => [
        places.get(from) as number,
        places.get(to) as number,
        kinds.indexOf(kind),
      ]),
      kinds,
      leftOut,
    };
  },
});

/** What was asked for first, then what many are tied to, then targets by need. */
function byWeight(
  states: ReadonlyMap<string, TargetState>,
  degrees: ReadonlyMap<string, number>,
  close: string | undefined,
): (a: GraphNode, b: GraphNode) => number {
  const isShared = ({ target }: GraphNode): number => (target === null ? 0 : 1);
  const need = ({ id }: GraphNode): number => {
    const state = states.get(id)?.state;
    return state === undefined ? FLEET_STATES.length : FLEET_STATES.indexOf(state);
  };
  return (a, b) =>
    Number(b.id === close) - Number(a.id === close) ||
    isShared(a) - isShared(b) ||
    need(a) - need(b) ||
    (degrees.get(b.id) ?? 0) - (degrees.get(a.id) ?? 0) ||
    (a.id < b.id ? -1 : 1);
}
