/**
 * The plan of what was asked, made from trusted facts, the files on the targets, the inventory and
 * the catalogue as they are now. Called again before dispatch, with the same words, it must come
 * to the same plan: whatever does not is a difference, and refused.
 */

import type { Enrolled } from '#adapters';
import { digestOf } from '#base/digest';
import type { Json, JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import { hasClosedArguments, type KnownNames, parseArguments } from '#catalogue';
import type { Plan, PlanTarget, Target } from '#model';
import { type Expansion, expand, type FileSeen, makePlan, planDigest } from '#planning';
import { batchesOf } from './batches.ts';
import type { Road } from './context.ts';
import { type Asked, mustKnow } from './record.ts';
import { hex, refuse } from './refuse.ts';
import { carrierOf, enrolledOf, type Scene } from './scene.ts';
import { trustedFacts } from './trusted-facts.ts';
import { stillToUndo, undoingPlan } from './undo-plan.ts';
import { requireWorldAsLeft } from './world-moved.ts';

export type Made = {
  readonly plan: Plan;
  readonly digest: string;
  readonly closedArguments: boolean;
  readonly previews: readonly {
    readonly target: Target;
    readonly preview: Expansion['previews'][number];
  }[];
};

export type PlanTimes = { readonly madeAt: Instant; readonly decideBy: Instant };

/** More files than any plan names; each costs a look. */
const MAX_FILES = 256;

export async function planOf(
  road: Road,
  scene: Scene,
  id: string,
  asked: Asked,
  times: PlanTimes,
  how: { readonly isTainted: boolean; readonly supposed?: true },
): Promise<Made> {
  const { proposal } = asked;
  const { targets, runnable, authority } = scene;
  const enrolled = await enrolledOf(road, scene);
  const planTargets = targets.map((target) =>
    runnable.diagnosis !== undefined && !enrolled.has(target.id)
      ? readTarget(target)
      : planTarget(
          target,
          carrierOf(scene, target),
          enrolled.get(target.id),
          authority.organisation,
        ),
  );
  const common = {
    change: id,
    organisation: authority.organisation,
    reason: proposal.reason,
    requestedBy: {
      principal: asked.requester.principal,
      onBehalfOf: asked.requester.onBehalfOf,
    },
    // As the config names them, so that a stranger can hold one to the other.
    inForce: {
      inventory: authority.now.inventory,
      policy: authority.now.policy,
      catalogue: authority.now.catalogue,
      baselines: authority.now.baselines,
    },
    tainted: how.isTainted,
    undoes: asked.undoes,
    ...times,
  };
  if (asked.undoes !== null) {
    const original = mustKnow(road.store.changes, asked.undoes);
    await requireWorldAsLeft(road, scene, original);
    const plan = undoingPlan(
      original,
      common,
      planTargets,
      await stillToUndo(road, scene, original),
    );
    return { plan, digest: planDigest(plan), closedArguments: false, previews: [] };
  }
  const facts = trustedFacts(road.store.read, scene.inventory, targets, road.clock.now());
  const known: KnownNames = (kind) => facts.names(kind);
  const args = parseArguments(runnable, proposal.arguments, known);
  const expansions: { readonly target: PlanTarget; readonly expansion: Expansion }[] = [];
  const previews: Made['previews'][number][] = [];
  for (const [i, target] of targets.entries()) {
    const names = trustedFacts(road.store.read, scene.inventory, [target], road.clock.now());
    const carrier = carrierOf(scene, target);
    const expansion = await withFiles(road, carrier, (file) =>
      expand(runnable, args, target, {
        changeId: id,
        stateRoot: road.roots.state,
        programRoot: road.roots.program,
        account: road.roots.account,
        runbookRoot: road.roots.runbooks,
        catalogue: scene.catalogue,
        reported: (entity) => names.reports(entity),
        fact: (entity, attribute) => {
          const value = facts.value(target.id, entity, attribute);
          return value === undefined ? undefined : { value };
        },
        file,
        ...(how.supposed === true ? { supposed: true } : {}),
      }),
    );
    expansions.push({ target: planTargets[i] as PlanTarget, expansion });
    previews.push(...expansion.previews.map((preview) => ({ target: carrier, preview })));
  }
  const plan = makePlan({
    ...common,
    rollout:
      proposal.rollout === undefined
        ? undefined
        : batchesOf(targets, scene.inventory.targets, proposal.rollout),
    runnable,
    arguments: args as JsonObject,
    targets: expansions,
  });
  return {
    plan,
    digest: planDigest(plan),
    closedArguments: hasClosedArguments(runnable),
    previews,
  };
}

function planTarget(
  target: Target,
  carrier: Target,
  host: Enrolled | undefined,
  organisation: string,
): PlanTarget {
  if (host === undefined) {
    return refuse(
      'no-adapter',
      `the target is not enrolled, so it takes no orders: ${carrier.id}. Enrol it first`,
    );
  }
  if (host.organisation !== organisation) {
    refuse('no-adapter', `the target is enrolled with another organisation: ${carrier.id}`);
  }
  return {
    id: target.id,
    scope: target.scope,
    hostId: host.hostId,
    epoch: host.epoch,
    ...(carrier.id === target.id ? {} : { carrier: { id: carrier.id, scope: carrier.scope } }),
    profile: hex(digestOf(target as unknown as Json)),
  };
}

/** Of a host that only reads: it takes no orders, and a diagnosis gives none. */
function readTarget(target: Target): PlanTarget {
  const profile = hex(digestOf(target as unknown as Json));
  return { id: target.id, scope: target.scope, hostId: '', epoch: 0, profile };
}

class NeedFile extends Error {
  readonly path: string;

  constructor(path: string) {
    super(path);
    this.path = path;
  }
}

/** Expanding is pure: when it asks for a file that was not looked at, the file is looked at and it starts over. */
async function withFiles<T>(
  road: Road,
  target: Target,
  make: (file: (path: string) => FileSeen) => T,
): Promise<T> {
  const seen = new Map<string, FileSeen>();
  for (;;) {
    try {
      return make((path) => {
        if (!seen.has(path)) throw new NeedFile(path);
        return seen.get(path);
      });
    } catch (thrown) {
      if (!(thrown instanceof NeedFile) || seen.size >= MAX_FILES) throw thrown;
      seen.set(thrown.path, await road.fileOf(target, thrown.path));
    }
  }
}
