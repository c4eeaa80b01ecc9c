/** Rollouts in the paper fleet: ten hosts, and a restart of a service on each. */
import type { ChangeRoad, ChangeView, Proposal, RolloutAsked } from '#execution';
import {
  aChangeWorld,
  aProposal,
  OPERATOR,
  type World,
  type WorldOptions,
} from './change-world.ts';

export const TEN = Array.from({ length: 10 }, (_, i) => `host:n${i}`);

export function aWideWorld(
  options: WorldOptions & {
    readonly head?: string;
    readonly profile?: (id: string) => string;
  } = {},
): Promise<World> {
  const hosts = options.hosts ?? TEN;
  const { head = '', profile = () => '' } = options;
  const lines = hosts.map(
    (id) =>
      `  ${id}:\n    hostType: debian\n    environment: test\n    transport: ssh\n    address: 192.0.2.7\n${profile(id)}`,
  );
  return aChangeWorld({
    fleet: `version: 1\n${head}targets:\n${lines.join('')}`,
    ...options,
    hosts,
  });
}

export function aRollout(over: Partial<RolloutAsked> = {}, more: Partial<Proposal> = {}): Proposal {
  return aProposal({
    targets: TEN,
    rollout: { batch: 3, waitSeconds: 0, maxFailures: 0, order: 'by-criticality', ...over },
    ...more,
  });
}

/** Until it waits for a person, or is over. */
export async function atRest(
  world: World,
  id: string,
  road: ChangeRoad = world.road,
  life: { readonly dead: boolean } = { dead: false },
): Promise<ChangeView> {
  let seen: number | undefined;
  for (let turn = 0; turn < 50_000; turn++) {
    if (life.dead) throw new Error('nobody is there any more');
    // To read all of it at every turn would take longer than the rollout.
    const rev = world.store.changes.change(id)?.rev;
    if (rev === seen) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    seen = rev;
    const view = road.get(OPERATOR, id);
    if (view.state !== 'executing' || view.rollout?.paused != null) {
      // What runs it lays it down.
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      return road.get(OPERATOR, id);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`it goes on and on: ${JSON.stringify(road.get(OPERATOR, id).rollout)}`);
}

/** Hosts on which a program was started, in the order of the fleet. */
export function touched(world: World): readonly string[] {
  return [...world.hosts].filter(([, host]) => host.started.length > 0).map(([id]) => id);
}
