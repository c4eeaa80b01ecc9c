/** Targets that a tool keeps by files: which one and where stands in `automation.yaml`, read again for each look. */

import { type AutomationSettings, readAutomation, type ToolLook, tofuLook } from '#automation';
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
};

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

async function lookByTool(
  needs: ToolLooksNeeds,
  target: Target,
  progress: LookHow['progress'],
): Promise<TargetLook> {
  const { files, clock, random, paths } = needs;
  const settings = await settingsOf(files, paths.automation);
  const observedAt = clock.now();
  const begun = clock.monotonicMs();
  const stack = settings.stacks.find((each) => each.target === target.id);
  if (target.transport !== 'tofu' || stack === undefined) throw notSet(target);
  progress(`planning: ${target.id}`);
  const look = await tofuLook({
    programs: nodePrograms(),
    files,
    machineFiles: nodeMachineFiles(),
    clock,
    random,
    stack,
    stateDirectory: paths.tools,
  });
  const durationMs = clock.monotonicMs() - begun;
  return {
    target,
    unreachable: whyNot(look),
    looks: [{ collector: target.transport, observedAt, durationMs, ...look }],
  };
}

/** What was known stays as it was when nothing could be seen: nobody may take it for what is. */
function whyNot({ complete, shortfalls }: ToolLook): string | null {
  return complete.length > 0 ? null : (shortfalls[0]?.reason ?? 'nothing was seen');
}

async function settingsOf(files: Files, path: string): Promise<AutomationSettings> {
  const bytes = await files.read(path);
  if (bytes === undefined) return { ansible: [], stacks: [], talos: [] };
  return readAutomation(Buffer.from(bytes).toString('utf8'), 'automation.yaml');
}

function notSet({ id, transport }: Target): Fault {
  return new Fault(
    'missing',
    'no-automation-root',
    `nothing says where this target is kept: ${id} has the transport ${transport}. Name it in automation.yaml, then look again`,
  );
}
