/**
 * Everything a change is judged by, read at one moment. It is read once when a change is proposed,
 * and again from nothing right before it runs.
 */
import { scopesSeen, sees } from '#access';
import type { Enrolled } from '#adapters';
import { argvOf, type Catalogue, COMMAND_ACTION, commandAction, type Runnable } from '#catalogue';
import { type Inventory, resolveTarget } from '#inventory';
import { type Target, TIERS } from '#model';
import type { PolicyEngine, Settings } from '#policy';
import type { Road, Running } from './context.ts';
import type { AuthorityState } from './ports.ts';
import type { Requester, Seeing } from './protocol.ts';
import { sightOf } from './record.ts';
import { refuse } from './refuse.ts';

export type Scene = {
  readonly inventory: Inventory;
  readonly catalogue: Catalogue;
  readonly policy: PolicyEngine;
  readonly settings: Settings;
  readonly authority: AuthorityState;
  readonly runnable: Runnable;
  readonly targets: readonly Target[];
};

/** What is to be judged: an action by its name, or a command by its words. */
export type Subject = {
  readonly action: string;
  readonly targets: readonly string[];
  readonly arguments: Readonly<Record<string, unknown>>;
};

/** Throws `unknown-action` and `unknown-target` with candidates; a target named twice counts once. */
export async function readScene(
  road: Road,
  subject: Subject,
  requester: Seeing & Pick<Requester, 'kind'>,
): Promise<Scene> {
  const catalogue = await road.catalogue();
  const named = subject.action === COMMAND_ACTION ? undefined : catalogue.find(subject.action);
  const inventory = await road.inventory();
  // Almost always there is no need to make one for the call.
  const seen = requester.targets === undefined ? inventory : seenOf(inventory, requester);
  const found = new Map(
    subject.targets.map((name) => {
      const target = resolveTarget(seen, name, scopesSeen(sightOf(requester)));
      return [target.id, target];
    }),
  );
  const targets = [...found.values()];
  return {
    inventory,
    catalogue,
    policy: await road.policy(),
    settings: await road.settings(),
    authority: await road.authority(),
    runnable: named ?? (await commandOf(road, subject, targets, requester.kind === 'operator')),
    targets,
  };
}

/** Only what the requester may see has a name for them. */
function seenOf(inventory: Inventory, requester: Seeing): Inventory {
  const sight = sightOf(requester);
  const targets = inventory.targets.filter((target) => sees(sight, target));
  return { ...inventory, targets, byId: new Map(targets.map((target) => [target.id, target])) };
}

/**
 * The requester as one who asks for this: where several roles let them ask, by the one that covers every target
 * and lets it go furthest. What is kept with a change names no other target than its own.
 */
export function onTargets(requester: Requester, { runnable, targets }: Scene): Requester {
  const { parts, targets: singles, ...rest } = requester;
  if (singles === undefined && parts === undefined) return requester;
  const scopes = [...new Set([...requester.scopes, ...targets.map(({ scope }) => scope)])];
  if (parts === undefined) return { ...rest, scopes };
  const covering = parts.filter((part) => targets.every((each) => sees(sightOf(part), each)));
  const able = covering.filter(({ capabilities }) => capabilities.includes(runnable.capability));
  const [best] = (able.length > 0 ? able : covering).toSorted(
    (a, b) => TIERS.indexOf(b.ceiling) - TIERS.indexOf(a.ceiling),
  );
  if (best === undefined)
    return refuse(
      'not-permitted',
      'no single role of yours covers all these targets: propose a change for each role by itself',
    );
  return { ...rest, scopes, capabilities: best.capabilities, ceiling: best.ceiling };
}

async function commandOf(
  road: Road,
  subject: Subject,
  targets: readonly Target[],
  byOperator: boolean,
): Promise<Runnable> {
  const argv = argvOf(subject.arguments['argv']);
  const { tier, normalForm, says } = await road.judgeCommand({ argv, targets, byOperator });
  if (tier === 'deny' || normalForm === null)
    return refuse(
      'command-refused',
      `the command may not be run: ${says}. holdfast analyze tells more`,
    );
  return commandAction({ argv: normalForm, tier, means: says });
}

/** Who runs the parts that are for a target: itself, or the machine we run on. Refuses where that is none of ours. */
export function carrierOf(
  { inventory, runnable }: Pick<Scene, 'inventory' | 'runnable'>,
  target: Target,
): Target {
  if (runnable.carrier === undefined) return target;
  const here = inventory.targets.find(({ transport }) => transport === 'local');
  return (
    here ??
    refuse(
      'no-adapter',
      `the machine Holdfast runs on is no target, and it is what carries this action: ${runnable.id}. Add it: holdfast target add host:NAME --transport local`,
    )
  );
}

/** Where a change runs: its targets, and who carries it for them where they do not run it themselves. */
export function placesOf(scene: Scene): Pick<Running, 'targets' | 'carriers'> {
  const { targets } = scene;
  const ids = new Set(targets.map(({ id }) => id));
  const others = targets.map((each) => carrierOf(scene, each)).filter(({ id }) => !ids.has(id));
  return { targets, carriers: [...new Map(others.map((each) => [each.id, each])).values()] };
}

/** By target: the enrolment of whoever runs the parts for it. */
export async function enrolledOf(
  road: Road,
  scene: Pick<Scene, 'inventory' | 'runnable' | 'targets'>,
): Promise<ReadonlyMap<string, Enrolled>> {
  const all = new Map<string, Enrolled>();
  for (const target of scene.targets) {
    const host = await road.enrolled(carrierOf(scene, target));
    if (host !== undefined) all.set(target.id, host);
  }
  return all;
}
