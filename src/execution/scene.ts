/**
 * Everything a change is judged by, read at one moment. It is read once when a change is proposed,
 * and again from nothing right before it runs.
 */
import type { Enrolled } from '#adapters';
import type { Catalogue, Runnable } from '#catalogue';
import { type Inventory, resolveTarget } from '#inventory';
import type { Scope, Target } from '#model';
import type { PolicyEngine, Settings } from '#policy';
import type { Road } from './context.ts';
import type { AuthorityState } from './ports.ts';

export type Scene = {
  readonly inventory: Inventory;
  readonly catalogue: Catalogue;
  readonly policy: PolicyEngine;
  readonly settings: Settings;
  readonly authority: AuthorityState;
  readonly runnable: Runnable;
  readonly targets: readonly Target[];
};

/** Throws `unknown-action` and `unknown-target` with candidates; a target named twice counts once. */
export async function readScene(
  road: Road,
  action: string,
  targets: readonly string[],
  scopes: readonly Scope[],
): Promise<Scene> {
  const catalogue = await road.catalogue();
  const runnable = catalogue.find(action);
  const inventory = await road.inventory();
  const found = new Map(
    targets.map((name) => {
      const target = resolveTarget(inventory, name, scopes);
      return [target.id, target];
    }),
  );
  return {
    inventory,
    catalogue,
    policy: await road.policy(),
    settings: await road.settings(),
    authority: await road.authority(),
    runnable,
    targets: [...found.values()],
  };
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
