/** Looks at a target by whatever way the inventory says; one that is out of reach is seen to be so. */
import { UNREACHABLE } from '#adapters';
import { asFault, Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import {
  COLLECTORS,
  type Observed,
  observe,
  observeSnapshot,
  reachFacts,
  unreachableLook,
} from '#collectors';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { Target } from '#model';
import type { LookHow, TargetLook } from '#operations';
import type { Fleet } from './fleet.ts';

const SNAPSHOT_SECONDS = 60;

export async function lookAtTarget(
  fleet: Pick<Fleet, 'snapshot' | 'isStopping'>,
  clock: Clock,
  target: Target,
  { progress, brought }: LookHow,
  lookByTool: (target: Target, progress: LookHow['progress']) => Promise<TargetLook>,
): Promise<TargetLook> {
  if (brought !== undefined) return lookOf(target, await recorded(target, brought, clock));
  switch (target.transport) {
    case 'local':
      return lookOf(target, await lookHere(clock, target, progress));
    case 'ssh':
      return lookOverSsh(fleet, clock, target, progress);
    case 'tofu':
    case 'talos':
      return lookByTool(target, progress);
    case 'winrm':
    case 'none':
      throw new Fault(
        'unavailable',
        'no-transport',
        `the inventory says no way to reach the target: ${target.id}. Give it a transport in fleet.yaml, or ingest observations of it with holdfast ingest`,
      );
  }
}

async function lookOverSsh(
  fleet: Pick<Fleet, 'snapshot' | 'isStopping'>,
  clock: Clock,
  target: Target,
  progress: (note: string) => void,
): Promise<TargetLook> {
  progress(`looking: ${target.id}`);
  const at = clock.now();
  try {
    const bytes = await fleet.snapshot(target, SNAPSHOT_SECONDS);
    return lookOf(target, await recorded(target, bytes, clock));
  } catch (thrown) {
    // That we end is nothing of the host's.
    if (fleet.isStopping) throw thrown;
    const { kind, code, message } = asFault(thrown);
    const isReach = (UNREACHABLE as readonly string[]).includes(code);
    if (!isReach && kind !== 'unavailable' && code !== 'snapshot-malformed') throw thrown;
    const why = isReach ? code : `${code}: ${message}`;
    return {
      ...lookOf(target, unreachableLook(target.id, COLLECTORS, why, at)),
      unreachable: why,
    };
  }
}

async function recorded(
  { id: target }: Target,
  bytes: Uint8Array,
  clock: Clock,
): Promise<readonly Observed[]> {
  const seen = await observeSnapshot({ target, bytes, collectors: COLLECTORS, clock });
  return [...seen, reachFacts(target, 'reachable', null, clock.now())];
}

function lookHere(
  clock: Clock,
  target: Target,
  progress: (note: string) => void,
): Promise<readonly Observed[]> {
  return observe({
    target: target.id,
    machine: { files: nodeMachineFiles(), programs: nodePrograms(), clock },
    collectors: COLLECTORS.map((collector) => ({
      ...collector,
      look: (session) => {
        progress(`looking: ${collector.name}`);
        return collector.look(session);
      },
    })),
    clock,
  });
}

function lookOf(target: Target, observed: readonly Observed[]): TargetLook {
  return {
    target,
    unreachable: null,
    looks: observed.map(({ tookMs, ...one }) => ({ ...one, durationMs: tookMs })),
  };
}

export function targetUnreachable(id: string, why: string): Fault {
  return new Fault(
    'unavailable',
    'target-unreachable',
    `the target could not be looked at: ${id}: ${why}. See that it runs and is enrolled, and ask again`,
  );
}
