/**
 * A look at a stack: a full plan, saved, and a plan that only refreshes. What is, as facts of resources; what would
 * be changed, as facts of the plan; and the file itself, which is what a person approves and what is applied.
 *
 * While a plan would do the same, the one that was saved before stays the plan: an approval outlives looks.
 */
import { digestOf } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import type { Clock, Files, MachineFiles, Programs, Random } from '#base/ports';
import { formatInstant } from '#base/time';
import { keyOf, TOFU_SOURCE } from '#model';
import { resourceEntity } from '../fields.ts';
import { maskingKey } from '../masking-key.ts';
import type { Stack } from '../settings.ts';
import { nothingSeen, type ToolFact, type ToolLook, type ToolShortfall } from '../tool-look.ts';
import { type KeptPlan, keepPlan, keptPlans } from './plan-files.ts';
import { type Bench, CLI_SETTINGS, makePlan, pullState, showPlan } from './program.ts';
import { type PlanSeen, type ResourceChange, readPlan } from './read-plan.ts';
import { requireConfined } from './root.ts';

export const TOFU_KINDS = ['plan', 'resource', 'stack'] as const;

export type TofuLookRequest = {
  readonly programs: Programs;
  readonly files: Files;
  readonly machineFiles: Pick<MachineFiles, 'list' | 'stat'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly stack: Stack;
  /** Ours alone: plans and what they hold lie below it. */
  readonly stateDirectory: string;
  readonly planTimeoutMs?: number;
};

const PLAN_MS = 300_000;
const MOST_FACTS = 30_000;
const CHANGES_BYTES = 524_288;

/** Never rejects for what the program or the configuration does: then nothing counts as seen. */
export async function tofuLook(request: TofuLookRequest): Promise<ToolLook> {
  try {
    return await look(request);
  } catch (thrown) {
    return nothingSeen(TOFU_SOURCE, TOFU_KINDS, thrown);
  }
}

async function look(request: TofuLookRequest): Promise<ToolLook> {
  const { files, machineFiles, clock, stack } = request;
  const place = await placeOf(request);
  const us = (await machineFiles.stat(place.directory))?.uid ?? 0;
  await requireConfined(machineFiles, stack.root, us);
  // Before the plan: when it moves in between, the plan is not the one for this state.
  const state = readState(await pullState(place));
  const temporary = `${place.directory}/.${Buffer.from(request.random.bytes(8)).toString('hex')}`;
  try {
    await makePlan(place, temporary, true);
    const refreshed = readPlan(await showPlan(place, temporary), place.key);
    await makePlan(place, temporary, false);
    const seen = readPlan(await showPlan(place, temporary), place.key);
    const basis = digestOf({ plan: seen.basis, ...state });
    const before = await keptPlans(files, place.directory);
    const same = before.find((each) => each.basis === basis);
    const bytes = seen.isApplyable && same === undefined ? await files.read(temporary) : undefined;
    const made =
      bytes === undefined
        ? same
        : await keepPlan(files, place.directory, bytes, {
            basis,
            madeAt: formatInstant(clock.now()),
            program: stack.program,
            version: seen.version,
            counts: countsOf(seen.changes),
            changes: told(seen.changes),
          });
    const kept = bytes === undefined ? before : await keptPlans(files, place.directory);
    return tell(stack, place, state, seen, refreshed, kept, seen.isApplyable ? made : undefined);
  } finally {
    await files.remove(temporary);
  }
}

type Place = Bench & { readonly directory: string; readonly key: string };

async function placeOf(request: TofuLookRequest): Promise<Place> {
  const { files, programs, stack } = request;
  const base = `${request.stateDirectory}/tofu`;
  const directory = `${base}/${keyOf(stack.target)}`;
  const home = `${base}/home`;
  for (const each of [base, directory, home]) await files.makeDirectory(each);
  const cli = `${base}/cli.tfrc`;
  const settings = await files.read(cli);
  if (settings === undefined || Buffer.from(settings).toString() !== CLI_SETTINGS)
    await files.replace(cli, Buffer.from(CLI_SETTINGS));
  const key = await maskingKey(files, request.random, request.stateDirectory);
  return {
    programs,
    stack,
    cli,
    home,
    planMs: request.planTimeoutMs ?? PLAN_MS,
    directory,
    key,
  };
}

type State = { readonly serial: number; readonly lineage: string | null };

/** Only which state it is; the rest of it is secrets. */
function readState(text: string): State {
  if (text.trim() === '') return { serial: 0, lineage: null };
  const { serial, lineage } = JSON.parse(text) as { serial?: unknown; lineage?: unknown };
  return {
    serial: typeof serial === 'number' && Number.isSafeInteger(serial) ? serial : -1,
    lineage: typeof lineage === 'string' ? lineage.slice(0, 128) : null,
  };
}

function countsOf(changes: readonly ResourceChange[]): KeptPlan['counts'] {
  const counts = { create: 0, update: 0, delete: 0, replace: 0 };
  for (const { action } of changes) counts[action]++;
  return counts;
}

/** Field by field, or, where that is too much to keep, by resource. */
function told(changes: readonly ResourceChange[]): Json {
  const whole = changes as unknown as Json;
  if (canonicalJson(whole).length <= CHANGES_BYTES) return whole;
  return changes.map((each) => ({ ...each, fields: [] })) as unknown as Json;
}

function tell(
  stack: Stack,
  place: Place,
  state: State,
  seen: PlanSeen,
  refreshed: PlanSeen,
  kept: readonly KeptPlan[],
  current: KeptPlan | undefined,
): ToolLook {
  const key = keyOf(stack.target);
  const of = (entity: string, attributes: Readonly<Record<string, Json>>): ToolFact[] =>
    Object.entries(attributes).map(([attribute, value]) => ({ entity, attribute, value }));
  const resources = seen.resources.flatMap(({ address, fields }) => {
    const entity = resourceEntity(key, address);
    return fields.map(({ attribute, value }) => ({ entity, attribute, value }));
  });
  const shortfalls: ToolShortfall[] =
    resources.length <= MOST_FACTS
      ? []
      : [
          {
            kind: 'resource',
            status: 'partial',
            reason: `the stack has ${resources.length} fields, kept are ${MOST_FACTS}: split it`,
          },
        ];
  return {
    source: TOFU_SOURCE,
    facts: [
      ...of(stack.target, {
        pending: seen.changes.length,
        drifted: refreshed.drift.length,
        plan: current?.name ?? null,
        resources: seen.resources.length,
        root: stack.root,
        program: stack.program,
        cli: place.cli,
        home: place.home,
        serial: state.serial,
        lineage: state.lineage,
        drift: told(refreshed.drift),
      }),
      ...kept.flatMap((plan) =>
        of(`plan:${key}/${plan.name}`, {
          path: plan.path,
          sha256: plan.sha256,
          current: plan.name === current?.name,
          creates: plan.counts.create,
          updates: plan.counts.update,
          deletes: plan.counts.delete,
          replaces: plan.counts.replace,
          destroys: plan.counts.delete + plan.counts.replace,
          madeAt: plan.madeAt,
          program: plan.program,
          version: plan.version,
          changes: plan.changes,
        }),
      ),
      ...resources.slice(0, MOST_FACTS),
    ],
    complete: TOFU_KINDS.filter((kind) => !shortfalls.some((each) => each.kind === kind)),
    shortfalls,
  };
}
