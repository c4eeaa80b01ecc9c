/**
 * Three-way: what was before a change, what the change made of it, and what is now. Whatever is not as the change left
 * it was moved by somebody else since, and taking the change back would take that away with it.
 */
import { canonicalJson, type Json } from '#base/json';
import type { HostCondition, Plan } from '#model';
import type { FileSeen } from '#planning';
import type { Road } from './context.ts';
import type { UndoLook } from './protocol.ts';
import { type Bound, type Known, last } from './record.ts';
import { refuse } from './refuse.ts';
import type { Scene } from './scene.ts';
import { runsOn } from './settle.ts';
import { trustedFacts } from './trusted-facts.ts';
import { inverseOfWhatRan, keyOf, wasCutShort } from './undo-plan.ts';
import { said } from './view.ts';

export type Compared = UndoLook['compared'][number];

const NOT_REPORTED = 'not reported';
const NOT_THERE = 'not there';
const SHOWN = 20;
const VALUE_CHARS = 200;

/** Of the scene's targets: every fact and file that the way back rests on. */
export async function compareWorld(
  road: Road,
  scene: Pick<Scene, 'inventory' | 'targets'>,
  known: Known,
): Promise<readonly Compared[]> {
  const { plan } = known;
  if (plan === null) return [];
  return [...facts(road, scene, known, plan), ...(await files(road, scene, known, plan))];
}

function facts(
  road: Road,
  { inventory, targets }: Pick<Scene, 'inventory' | 'targets'>,
  known: Known,
  plan: Plan,
): readonly Compared[] {
  const here = new Set(targets.map(({ id }) => id));
  const now = trustedFacts(road.store.read, inventory, targets, road.clock.now());
  const then = trustedFacts(road.store.read, inventory, targets, plan.madeAt);
  const textOf = (value: Json | undefined): string =>
    value === undefined ? NOT_REPORTED : said(canonicalJson(value), VALUE_CHARS);
  return (last(known.moves, 'bound') ?? [])
    .filter(({ target }) => here.has(target))
    .map((bound: Bound): Compared => {
      const { target, entity, attribute, value, absent } = bound;
      const relied = plan.preconditions.find(
        (each) => each.target === target && each.entity === entity && each.attribute === attribute,
      );
      const before =
        relied === undefined
          ? safely(() => then.value(target, entity, attribute))
          : relied.absent
            ? undefined
            : (relied.value as Json);
      const is = now.value(target, entity, attribute);
      const made = absent ? undefined : value;
      return {
        target,
        what: said(`${entity} ${attribute}`, 300),
        before: textOf(before),
        made: textOf(made),
        now: textOf(is),
        moved:
          canonicalJson(is ?? null) !== canonicalJson(made ?? null) ||
          (is === undefined) !== absent,
      };
    });
}

/** Two sources that disagree about the past are no reason not to look at the present. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** What the way back asks of a file is what the change made of it; of what was cut short nobody knows what it made. */
async function files(
  road: Road,
  { targets }: Pick<Scene, 'targets'>,
  known: Known,
  plan: Plan,
): Promise<readonly Compared[]> {
  const cut = new Set(known.attempts.filter(wasCutShort).map(keyOf));
  const here = new Set(targets.map(({ id }) => id));
  const all: Compared[] = [];
  for (const step of inverseOfWhatRan(known)) {
    if (!here.has(step.target) || cut.has(keyOf(step))) continue;
    const forward = plan.steps.find(
      (each) => each.direction === 'forward' && keyOf(each) === keyOf(step),
    );
    for (const condition of step.conditions) {
      const { path } = condition;
      const place = await runsOn(road, plan, step.target);
      if (place === undefined) continue;
      const seen = await road.fileOf(place, path);
      const relied = forward?.conditions.find((each) => each.path === path);
      all.push({
        target: step.target,
        what: said(`file ${path}`, 300),
        before: relied === undefined ? 'not known' : wanted(relied),
        made: wanted(condition),
        now: found(seen),
        // What cannot be read from here, its host tests by itself.
        moved: seen !== undefined && found(seen) !== wanted(condition),
      });
    }
  }
  return all;
}

function wanted(condition: HostCondition): string {
  return condition.kind === 'file-absent' ? NOT_THERE : `sha256 ${condition.sha256}`;
}

function found(seen: FileSeen): string {
  if (seen === undefined) return 'cannot be read';
  return seen === 'absent' ? NOT_THERE : `sha256 ${seen.sha256}`;
}

/** What the change left, as far as it was seen then, is what there is now. */
export async function requireWorldAsLeft(
  road: Road,
  scene: Pick<Scene, 'inventory' | 'targets'>,
  known: Known,
): Promise<void> {
  const moved = (await compareWorld(road, scene, known)).filter((each) => each.moved);
  if (moved.length === 0) return;
  const gone = new Set(moved.map(({ target }) => target));
  const still = new Set(
    inverseOfWhatRan(known)
      .map(({ target }) => target)
      .filter((id) => !gone.has(id) && scene.targets.some((target) => target.id === id)),
  );
  const lines = moved.slice(0, SHOWN).map(lineOf);
  const narrower =
    still.size === 0
      ? ''
      : `, or take back only what did not move: ${[...still].slice(0, SHOWN).join(',')}`;
  refuse(
    'world-moved',
    `the target is not as the change left it: ${lines.join('; ')}. Look at it, and propose what fits${narrower}`,
    { differences: lines, moved: [...gone], unmoved: [...still] },
  );
}

function lineOf({ target, what, before, made, now }: Compared): string {
  return said(`${what} on ${target} was ${before}, the change made it ${made}, is ${now}`, 600);
}
