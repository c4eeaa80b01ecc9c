/** Looks at a target by whatever way the inventory says; one that is out of reach is seen to be so. */
import { UNREACHABLE } from '#adapters';
import { asFault, Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import {
  COLLECTORS,
  type Observed,
  observe,
  observeSnapshot,
  observeWindows,
  reachFacts,
  unreachableLook,
  WINDOWS_COLLECTORS,
} from '#collectors';
import { nodeMachineFiles, nodePrograms } from '#machine';
import { type Target, WINRM_SOURCE } from '#model';
import type { LookHow, TargetLook } from '#operations';
import type { Fleet } from './fleet.ts';
import type { ReportLooks } from './report-looks.ts';

const SNAPSHOT_SECONDS = 60;

export async function lookAtTarget(
  fleet: Pick<Fleet, 'snapshot' | 'isStopping'>,
  clock: Clock,
  target: Target,
  { progress, kinds, brought, signal }: LookHow,
  lookByTool: (target: Target, progress: LookHow['progress']) => Promise<TargetLook>,
  reports: Pick<ReportLooks, 'look' | 'tellOf' | 'winrm'>,
): Promise<TargetLook> {
  // What an operator brought stands for itself.
  if (brought !== undefined) return lookOf(target, await recorded(target, brought, clock));
  const own = await lookByItsWay(fleet, clock, target, progress, lookByTool, reports, signal);
  signal?.throwIfAborted();
  const { unreachable, looks: seen } = own;
  const more = lookOf(target, await reports.look(target, { seen, unreachable, kinds }));
  return { ...own, looks: [...seen, ...more.looks] };
}

async function lookByItsWay(
  fleet: Pick<Fleet, 'snapshot' | 'isStopping'>,
  clock: Clock,
  target: Target,
  progress: LookHow['progress'],
  lookByTool: (target: Target, progress: LookHow['progress']) => Promise<TargetLook>,
  reports: Pick<ReportLooks, 'tellOf' | 'winrm'>,
  signal: AbortSignal | undefined,
): Promise<TargetLook> {
  switch (target.transport) {
    case 'local':
      return lookOf(target, await lookHere(clock, target, progress, signal));
    case 'ssh':
      return lookOverSsh(fleet, clock, target, progress, signal);
    case 'tofu':
    case 'talos':
      return lookByTool(target, progress);
    case 'winrm':
      return lookAtWindows(fleet, clock, target, reports, progress);
    case 'none':
      // Nothing of ours reaches it, but reports of it are read.
      if (await reports.tellOf(target)) return lookOf(target, []);
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
  signal: AbortSignal | undefined,
): Promise<TargetLook> {
  progress(`looking: ${target.id}`);
  const at = clock.now();
  try {
    const bytes = await fleet.snapshot(target, SNAPSHOT_SECONDS, signal);
    return lookOf(target, await recorded(target, bytes, clock));
  } catch (thrown) {
    // That nobody waits any more says nothing of the host.
    signal?.throwIfAborted();
    const why = whyNotReached(fleet, thrown);
    return {
      ...lookOf(target, unreachableLook(target.id, COLLECTORS, why, at)),
      unreachable: why,
    };
  }
}

async function lookAtWindows(
  fleet: Pick<Fleet, 'isStopping'>,
  clock: Clock,
  target: Target,
  reports: Pick<ReportLooks, 'winrm'>,
  progress: (note: string) => void,
): Promise<TargetLook> {
  progress(`looking: ${target.id}`);
  const at = clock.now();
  try {
    const bytes = await reports.winrm(target);
    const seen = await observeWindows({ target: target.id, bytes, clock, source: WINRM_SOURCE });
    return lookOf(target, [...seen, reachFacts(target.id, 'reachable', null, clock.now())]);
  } catch (thrown) {
    const why = whyNotReached(fleet, thrown);
    const none = unreachableLook(target.id, WINDOWS_COLLECTORS, why, at, WINRM_SOURCE);
    return { ...lookOf(target, none), unreachable: why };
  }
}

const MALFORMED: ReadonlySet<string> = new Set([
  'snapshot-malformed',
  'windows-malformed',
  'winrm-malformed',
  'xml-malformed',
]);

/** Throws what is nothing of the host's: that we end, and our own mistakes. */
function whyNotReached(fleet: Pick<Fleet, 'isStopping'>, thrown: unknown): string {
  if (fleet.isStopping) throw thrown;
  const { kind, code, message } = asFault(thrown);
  const isReach = (UNREACHABLE as readonly string[]).includes(code);
  if (!isReach && kind !== 'unavailable' && !MALFORMED.has(code)) throw thrown;
  return isReach ? code : `${code}: ${message}`;
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
  signal: AbortSignal | undefined,
): Promise<readonly Observed[]> {
  return observe({
    ...(signal === undefined ? {} : { signal }),
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
