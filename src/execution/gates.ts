/**
 * The gates of a change, each with its own refusal, in the order they are passed:
 * stop → policy (mode, ceiling, capability, window, freeze, taint) → config in force → guards.
 *
 * Guards are only foretold here; what counts is their judgement in the transaction that begins the
 * attempts.
 */
import { type ConfigDocument, configDocument, RECOVERY } from '#authority';
import { formatInstant, type Instant, shift } from '#base/time';
import type { Decision, Tier } from '#model';
import {
  type Attempt,
  calendar,
  type Flap,
  type GuardRequest,
  groupsOf,
  judgeGuards,
  judgeUndo,
  type PolicyQuestion,
} from '#policy';
import type { ChangeReader, GuardedAttempt } from '#store';
import type { Road } from './context.ts';
import type { AuthorityState } from './ports.ts';
import { type Asked, storyOf } from './record.ts';
import { hex, refuse } from './refuse.ts';
import { resultsOf } from './rollout.ts';
import { carrierOf, type Scene } from './scene.ts';

export type Standing = PolicyQuestion['standing'];

export function questionOf(
  scene: Scene,
  asked: Asked,
  now: Instant,
  state: {
    readonly tainted: boolean;
    readonly closedArguments: boolean;
    readonly standing: Standing;
  },
): PolicyQuestion {
  const { runnable, settings, targets } = scene;
  const { principal, surface, kind, profile, capabilities, ceiling } = asked.requester;
  const { inWindow, frozen } = calendar(settings, targets, now);
  return {
    caller: { principal, surface, kind, profile, capabilities, ceiling, tainted: state.tainted },
    action: {
      id: runnable.id,
      version: runnable.version,
      family: runnable.family,
      tier: runnable.tier,
      sideEffect: runnable.sideEffect,
      capability: runnable.capability,
      reversible: runnable.irreversible === null,
      closedArguments: state.closedArguments,
      environments: runnable.environments,
    },
    targets,
    mode: settings.mode,
    inWindow,
    frozen,
    planTainted: state.tainted,
    standing: state.standing,
  };
}

export function decide(scene: Scene, question: PolicyQuestion): Decision {
  const decision = scene.policy.decide(question);
  if (question.action.tier === 'T0' || decision.verdict !== 'allow') return decision;
  // Nothing above T0 runs that no person signed for, whatever a policy says.
  if (question.standing !== null && question.action.tier !== 'T3') return decision;
  return {
    ...decision,
    verdict: 'needs-approval',
    says: 'no standing approval covers it, so an operator decides',
  };
}

/** A session stays tainted however often it asks. */
export function isTainted(reader: ChangeReader, { requester }: Asked): boolean {
  return requester.tainted || reader.taint(requester.session) !== undefined;
}

/** What nobody has tried is not tried on a target that somebody needs. */
export function requirePublished({ catalogue, runnable }: Scene): void {
  if (!catalogue.isDraft(runnable)) return;
  refuse(
    'not-published',
    `nobody has seen this action keep its contract as it is now: ${runnable.id}. Try it on a lab machine (holdfast action test), then publish it (holdfast action publish)`,
  );
}

/** The inventory decides what a target is; nothing that is meant for another kind reaches it. */
export function requireFit(
  road: Pick<Road, 'adapterOf'>,
  scene: Pick<Scene, 'inventory' | 'runnable' | 'targets'>,
): void {
  const { runnable, targets } = scene;
  const { hostTypes, environments, id: action } = runnable;
  for (const target of targets) {
    const { id, hostType, environment, transport } = target;
    if (hostTypes !== 'any' && !hostTypes.includes(hostType)) {
      refuse(
        'wrong-host-type',
        `the action is not for this host type: ${action} is for ${hostTypes.join(', ')}, ${id} is ${hostType}`,
      );
    }
    if (road.adapterOf(carrierOf(scene, target)) === undefined) {
      refuse(
        'no-adapter',
        `nothing of ours reaches this target: ${id} has the transport ${transport}. Say how it is reached in the inventory`,
      );
    }
    if (environments !== 'any' && !environments.includes(environment)) {
      refuse(
        'not-permitted',
        `the action is not for this environment: ${action} is for ${environments.join(', ')}, ${id} is ${environment}`,
      );
    }
  }
}

/** T1 and above: what is in force must be what an operator signed. */
export function requireInForce(state: AuthorityState, tier: Tier): void {
  if (state.restored !== null) {
    refuse(
      'restored',
      `a backup was put back and nobody signed since: ${state.restored}. An operator signs the config again (holdfast config sign)`,
    );
  }
  if (!hasOperator(state)) {
    refuse(
      'no-operator',
      'no operator exists who could answer for it: make one with holdfast operator add',
    );
  }
  const changed = changedSince(state);
  if (changed.length > 0) {
    refuse(
      'config-unsigned',
      `what is in force is not what an operator signed: ${inWords(changed, state)} changed. An operator looks at it and signs (holdfast config sign)`,
      { changed },
    );
  }
  if (tier !== 'T1' && tier !== 'T0' && !state.hasRecovery) {
    refuse(
      'no-recovery-key',
      'no recovery key exists: make the second, offline key before the first T2 (holdfast operator recovery)',
    );
  }
}

function hasOperator({ signers }: AuthorityState): boolean {
  return signers.lines.some(({ operators }) => operators.some((each) => each !== RECOVERY));
}

/** With the files, where it is known which they are. */
function inWords(changed: readonly string[], { edited = [] }: AuthorityState): string {
  const files = edited.length > 5 ? [...edited.slice(0, 5), `${edited.length - 5} more`] : edited;
  return changed
    .map((name) =>
      name === 'baselines' && files.length > 0 ? `${name} (${files.join(', ')})` : name,
    )
    .join(', ');
}

/** Names of what differs from the signed config; everything, where there is none. */
export function changedSince({ config, now }: AuthorityState): readonly string[] {
  if (config === null) return ['everything (nothing was signed yet)'];
  const signed: ConfigDocument = configDocument.parse(config.text);
  const pairs: readonly (readonly [name: string, signed: string, now: string])[] = [
    ['inventory', signed.inventory, now.inventory],
    ['policy', signed.policy, now.policy],
    ['catalogue', signed.catalogue, now.catalogue],
    ['baselines', signed.baselines, now.baselines],
    ['signers', signed.signers.hash, now.signers],
    ['revocations', signed.revocations.hash, now.revocations],
    ['host policy', signed.hostPolicy.hash, now.hostPolicy],
  ];
  return pairs.filter(([, was, is]) => hex(was) !== hex(is)).map(([name]) => name);
}

const DAY = 86_400 * 1_000_000;

/**
 * Throws the refusal of the first guard that objects, and says from when on it would not. `changes` is that
 * of the deciding transaction.
 */
export function passGuards(
  road: Road,
  changes: ChangeReader,
  scene: Pick<Scene, 'runnable' | 'settings' | 'targets' | 'inventory'>,
  id: string,
  asked: Asked,
): void {
  const { runnable, settings, targets, inventory } = scene;
  const now = road.clock.now();
  const history = changes.attemptsSince(shift(now, -DAY));
  const request: GuardRequest = {
    change: id,
    action: runnable.id,
    caller: asked.requester.principal,
    targets: targets.map((target) => ({
      id: target.id,
      scope: target.scope,
      groups: groupsOf(target, inventory.targets),
    })),
    cooldownSeconds: runnable.cooldownSeconds,
    concurrency: runnable.concurrency,
    flaps: flapsOf(changes, runnable.id),
  };
  // What takes a change back does not have to wait for that change to cool down. What a rollout did so far counts, its
  // own too: a batch is judged like a change by itself.
  const known = new Map<string, ReturnType<typeof judgedOf>>();
  const judged = (change: string): ReturnType<typeof judgedOf> => {
    if (!known.has(change)) known.set(change, judgedOf(changes, change));
    return known.get(change);
  };
  const others = guardedAttempts(history, [asked.undoes], judged).filter((each) => {
    if (each.change !== id) return true;
    // Nobody knows yet: it stands in the way of those that stand in for it, and of nothing else.
    if (each.outcome === 'ambiguous')
      return request.targets.some((one) => isApart(one, each.target));
    return each.outcome !== 'running';
  });
  const judge = asked.undoes === null ? judgeGuards : judgeUndo;
  const refusal = judge(others, request, settings.guards, now);
  if (refusal === undefined) return;
  const { says, until } = refusal;
  refuse(
    refusal.refusal,
    until === null ? says : `${says}. Not before ${formatInstant(until)}`,
    until === null ? {} : { until: formatInstant(until) },
  );
}

/** One attempt for each change and target, as guards count. What never reached its target is none. */
export function guardedAttempts(
  history: readonly GuardedAttempt[],
  except: readonly (string | null)[] = [],
  judged: (change: string) => ReadonlyMap<string, Attempt['outcome']> | undefined = () => undefined,
): readonly Attempt[] {
  const forward = history.filter(
    ({ change, direction }) => !except.includes(change) && direction === 'forward',
  );
  return [...Map.groupBy(forward, ({ change, target }) => `${change} ${target}`).values()].flatMap(
    (parts) => {
      const [first] = parts;
      if (first === undefined) return [];
      if (parts.every(({ outcome }) => outcome === 'not-started')) return [];
      return {
        change: first.change,
        target: first.target,
        action: first.action.split('@')[0] ?? first.action,
        caller: first.caller,
        scope: first.scope,
        groups: first.groups,
        startedAt: Math.min(...parts.map(({ startedAt }) => startedAt)) as Instant,
        endedAt: endOf(parts),
        outcome:
          (first.state === 'confirmed' ? undefined : judged(first.change)?.get(first.target)) ??
          outcomeOf(first.state),
      };
    },
  );
}

function isApart({ groups }: GuardRequest['targets'][number], other: string): boolean {
  return groups.some(
    ({ kind, members }) => (kind === 'redundancy' || kind === 'backup') && members.includes(other),
  );
}

/** What became of each target of a rollout, which is more than the state of the change says. */
function judgedOf(
  changes: ChangeReader,
  id: string,
): ReadonlyMap<string, Attempt['outcome']> | undefined {
  const results = resultsOf(storyOf({ moves: changes.transitions(id) }));
  if (results.length === 0) return undefined;
  const as = { held: 'confirmed', failed: 'failed', ambiguous: 'ambiguous' } as const;
  return new Map(results.map(({ target, state }) => [target, as[state]]));
}

function endOf(parts: readonly GuardedAttempt[]): Instant | null {
  const ends = parts.map(({ endedAt }) => endedAt);
  return ends.includes(null) ? null : (Math.max(...ends.map(Number)) as Instant);
}

function outcomeOf(state: GuardedAttempt['state']): Attempt['outcome'] {
  switch (state) {
    case 'confirmed':
      return 'confirmed';
    case 'ambiguous':
      return 'ambiguous';
    case 'executing':
    case 'approved':
    case 'proposed':
    case 'previewed':
      return 'running';
    case 'failed':
    case 'closed':
    case 'refused':
    case 'expired':
    case 'cancelled':
    case 'rolled-back':
      return 'failed';
  }
}

export function flapsOf(changes: ChangeReader, action: string): ReadonlyMap<string, Flap> {
  const flaps = new Map<string, Flap>();
  for (const { target, marked, at } of changes.flaps(action)) {
    flaps.set(target, {
      marked,
      clearedAt: marked ? (flaps.get(target)?.clearedAt ?? null) : at,
    });
  }
  return flaps;
}
