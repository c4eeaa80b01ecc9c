/**
 * Everything a change is judged by, read at one moment. It is read once when a change is proposed,
 * and again from nothing right before it runs.
 */
import type { Enrolled } from '#adapters';
import { argvOf, type Catalogue, COMMAND_ACTION, commandAction, type Runnable } from '#catalogue';
import { type Inventory, resolveTarget } from '#inventory';
import type { Target } from '#model';
import type { PolicyEngine, Settings } from '#policy';
import type { Road } from './context.ts';
import type { AuthorityState } from './ports.ts';
import type { Requester } from './protocol.ts';
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
  { scopes, kind }: Pick<Requester, 'scopes' | 'kind'>,
): Promise<Scene> {
  const catalogue = await road.catalogue();
  const named = subject.action === COMMAND_ACTION ? undefined : catalogue.find(subject.action);
  const inventory = await road.inventory();
  const found = new Map(
    subject.targets.map((name) => {
      const target = resolveTarget(inventory, name, scopes);
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
    runnable: named ?? (await commandOf(road, subject, targets, kind === 'operator')),
    targets,
  };
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

export async function enrolledOf(
  road: Road,
  targets: readonly Target[],
): Promise<ReadonlyMap<string, Enrolled>> {
  const all = new Map<string, Enrolled>();
  for (const target of targets) {
    const host = await road.enrolled(target);
    if (host !== undefined) all.set(target.id, host);
  }
  return all;
}
