/** Targets that a tool keeps by files: which one and where stands in `automation.yaml`, read again for each look. */

import { readAutomation, type ToolLook, talosLook, tofuLook } from '#automation';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Clock, Files, Random } from '#base/ports';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { Target } from '#model';
import type { LookHow, TargetLook } from '#operations';
import type { Paths } from './data-directory.ts';

export type ToolLooksNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: Pick<Paths, 'automation' | 'tools'>;
  /** Whether what stands in `automation.yaml` now is in force. */
  readonly isSigned: () => Promise<boolean>;
};

const EMPTY = Buffer.from('version: 1\n');

/** One look at a stack at a time: the state has one lock, and a plan that waits for it is slow and no newer. */
export function toolLooks(
  needs: ToolLooksNeeds,
): (target: Target, progress: LookHow['progress']) => Promise<TargetLook> {
  const last = new Map<string, Promise<unknown>>();
  return (target, progress) => {
    const before = last.get(target.id) ?? Promise.resolve();
    const look = before.then(() => lookByTool(needs, target, progress));
    last.set(
      target.id,
      look.catch(() => {}),
    );
    return look;
  };
}

/** Targets that such a look is set for; none while the file does not hold. */
export async function toolTargets(
  files: Files,
  { automation }: Pick<Paths, 'automation'>,
): Promise<ReadonlySet<string>> {
  const bytes = await files.read(automation);
  if (bytes === undefined) return new Set();
  try {
    const { stacks, talos } = readAutomation(
      Buffer.from(bytes).toString('utf8'),
      'automation.yaml',
    );
    return new Set([...stacks, ...talos].map(({ target }) => target));
  } catch {
    return new Set();
  }
}

async function lookByTool(
  needs: ToolLooksNeeds,
  target: Target,
  progress: LookHow['progress'],
): Promise<TargetLook> {
  const { clock } = needs;
  const observedAt = clock.now();
  const begun = clock.monotonicMs();
  const look = await lookOf(needs, target, progress);
  const durationMs = Math.round(clock.monotonicMs() - begun);
  return {
    target,
    unreachable: whyNot(look),
    looks: [{ collector: target.transport, observedAt, durationMs, ...look }],
  };
}

async function lookOf(
  needs: ToolLooksNeeds,
  target: Target,
  progress: LookHow['progress'],
): Promise<ToolLook> {
  const { files, clock, random, paths } = needs;
  const bytes = (await files.read(paths.automation)) ?? EMPTY;
  const settings = readAutomation(Buffer.from(bytes).toString('utf8'), 'automation.yaml');
  const common = {
    programs: nodePrograms(),
    files,
    machineFiles: nodeMachineFiles(),
    clock,
    random,
    stateDirectory: paths.tools,
  };
  const stack = settings.stacks.find((each) => each.target === target.id);
  const talos = settings.talos.find((each) => each.target === target.id);
  const isTofu = target.transport === 'tofu' && stack !== undefined;
  const isTalos = target.transport === 'talos' && talos !== undefined;
  if (!isTofu && !isTalos) throw notSet(target);
  await requireInForce(needs, bytes);
  if (isTofu) {
    progress(`planning: ${target.id}`);
    return tofuLook({ ...common, stack });
  }
  if (!isTalos) throw notSet(target);
  progress(`asking talosctl: ${target.id}`);
  return talosLook({ ...common, talos, target });
}

/** A plan runs what its configuration names, and credentials go to whoever is asked: only as it was signed. */
async function requireInForce(
  { files, paths, isSigned }: ToolLooksNeeds,
  read: Uint8Array,
): Promise<void> {
  const isInForce = await isSigned();
  const again = (await files.read(paths.automation)) ?? EMPTY;
  if (isInForce && sha256(again) === sha256(read)) return;
  throw new Fault(
    'refused',
    'content-not-in-force',
    'automation.yaml is not what an operator signed: look at what changed, then holdfast config sign',
  );
}

/** What was known stays as it was when nothing could be seen: nobody may take it for what is. */
function whyNot({ complete, shortfalls }: ToolLook): string | null {
  return complete.length > 0 ? null : (shortfalls[0]?.reason ?? 'nothing was seen');
}

function notSet({ id, transport }: Target): Fault {
  return new Fault(
    'missing',
    'no-automation-root',
    `nothing says where this target is kept: ${id} has the transport ${transport}. Name it in automation.yaml, then look again`,
  );
}
