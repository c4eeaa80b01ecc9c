/**
 * Runs a diagnosis: its commands, a few at once on each target and all within one limit, over the look
 * road. What does not answer leaves its own part unknown; nothing here can change a target.
 */
import type { Looked } from '#adapters';
import { asFault } from '#base/fault';
import type { Instant } from '#base/time';
import { nameOf } from '#catalogue';
import {
  type Arguments,
  type Ask,
  type DiagnosisName,
  type DiagnosisPlan,
  type Heard,
  isDiagnosis,
  type KnownFacts,
  planDiagnosis,
  readDiagnosis,
  type TargetHeard,
} from '#diagnostics';
import { type Inventory, isTrusted } from '#inventory';
import type { Coverage, Plan, PlanStep, Target } from '#model';
import { planDigest } from '#planning';
import { decode } from '#redaction';
import type { FactReader, Moment } from '#store';
import type { Road } from './context.ts';
import type { Made } from './make-plan.ts';
import { refuse } from './refuse.ts';
import type { Scene } from './scene.ts';

/** Commands on one target, and the whole of a diagnosis. */
const AT_ONCE = 4;
export const WHOLE_SECONDS = 45;
/** Over the limit that the host keeps itself, for the way there and back. */
const GRACE_SECONDS = 5;
const MOST_FACTS = 50_000;
/** One connection broke or had no room; the next command may have better luck. */
const PASSING: readonly string[] = ['busy', 'connection-lost'];

type Diagnosing = {
  readonly plan: Plan;
  readonly digest: string;
  /** `null` where the plan's own steps are what is read. */
  readonly read: ((road: Road, maxBytes: number) => Promise<string>) | null;
};

/** A plan of a diagnosis names every command that it asks, so that what was read is on record. */
export function diagnosing(scene: Scene, { plan, digest }: Made): Diagnosing {
  const { runnable, targets } = scene;
  const name = runnable.diagnosis;
  if (name === undefined) return { plan, digest, read: null };
  if (!isDiagnosis(name))
    return refuse('unknown-action', `there is no such diagnosis: ${name}. Use another action`);
  const args = plan.arguments as Arguments;
  const { asks, kinds } = planDiagnosis(name, args, targets.length, plan.madeAt);
  const steps = targets.flatMap((target) =>
    asks.map(
      ({ argv, seconds, reads }, i): PlanStep => ({
        target: target.id,
        step: i + 1,
        of: asks.length,
        direction: 'forward',
        action: nameOf(runnable),
        argv,
        runAs: READER,
        stdin: null,
        files: [],
        conditions: [],
        timeoutSeconds: seconds,
        atomic: false,
        effect: `Reads ${reads}`,
      }),
    ),
  );
  const whole = { ...plan, steps };
  return {
    plan: whole,
    digest: planDigest(whole),
    read: (road, maxBytes) => answer(road, scene, name, args, { asks, kinds }, maxBytes),
  };
}

const READER = 'holdfast-reader';

async function answer(
  road: Road,
  { inventory, targets }: Scene,
  name: DiagnosisName,
  args: Arguments,
  { asks, kinds }: DiagnosisPlan,
  maxBytes: number,
): Promise<string> {
  const until = road.clock.monotonicMs() + WHOLE_SECONDS * 1_000;
  const at = road.clock.now();
  const moment: Moment = {
    asOf: at,
    knownAt: Math.max(at, road.store.read.lastRecordedAt() ?? at) as Instant,
  };
  const views = await Promise.all(
    targets.map(
      async (target): Promise<TargetHeard> => ({
        target: target.id,
        known: knownOf(road.store.read, inventory, target, kinds, moment),
        heard: await hearAll(road, target, asks, until),
      }),
    ),
  );
  return readDiagnosis(name, args, views, at, maxBytes);
}

async function hearAll(
  road: Road,
  target: Target,
  asks: readonly Ask[],
  until: number,
): Promise<ReadonlyMap<string, Heard>> {
  const heard = new Map<string, Heard>();
  const waiting = [...asks];
  let gone: string | undefined;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const left = Math.floor((until - road.clock.monotonicMs()) / 1_000);
      if (gone !== undefined) heard.set(next.key, { kind: 'unknown', why: gone });
      else if (left < 1)
        heard.set(next.key, { kind: 'unknown', why: 'the time for the whole diagnosis was over' });
      else {
        const told = await hear(road, target, next, Math.min(next.seconds, left));
        heard.set(next.key, told.heard);
        gone ??= told.gone;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return heard;
}

/** One command. A host that cannot be reached is not asked again. */
async function hear(
  road: Road,
  target: Target,
  { argv }: Ask,
  seconds: number,
): Promise<{ readonly heard: Heard; readonly gone?: string }> {
  const askedAt = road.clock.now();
  try {
    const looked = await within(
      road,
      road.readOn(target, argv, seconds),
      (seconds + GRACE_SECONDS) * 1_000,
    );
    if (looked === undefined)
      return { heard: { kind: 'unknown', why: 'no answer came in the time it has' } };
    const stdout = decode(looked.stdout);
    if (looked.cut || looked.exit === null) return { heard: { kind: 'cut', stdout } };
    const stderr = decode(looked.stderr);
    const { exit } = looked;
    return {
      heard: { kind: 'ended', exit, stdout, stderr, askedAt, answeredAt: road.clock.now() },
    };
  } catch (thrown) {
    const { kind, code } = asFault(thrown);
    if (kind === 'broken') throw thrown;
    if (code === 'host-refused')
      return { heard: { kind: 'unknown', why: 'the host does not let it be read' } };
    const why = `the host could not be asked (${code})`;
    const heard = { kind: 'unknown', why } as const;
    return PASSING.includes(code) ? { heard } : { heard, gone: why };
  }
}

/** What `act` answers, or `undefined` when it takes longer; then it is left to its own limit on the host. */
async function within(road: Road, act: Promise<Looked>, ms: number): Promise<Looked | undefined> {
  const stop = new AbortController();
  try {
    return await Promise.race([act, road.clock.sleep(ms, stop.signal).then(() => undefined)]);
  } finally {
    stop.abort();
    act.catch(() => undefined);
  }
}

/** Facts of trusted sources, and how well their kinds are known. */
function knownOf(
  facts: FactReader,
  inventory: Inventory,
  { id, scope, staleAfterSeconds }: Target,
  kinds: readonly string[],
  moment: Moment,
): KnownFacts {
  const found: KnownFacts['facts'][number][] = [];
  const coverage: Coverage[] = [];
  for (const kind of kinds) {
    const filter = { scopes: [scope], target: id, kind };
    for (const each of facts.coverage(filter, moment)) {
      if (!isTrusted(inventory, id, each.source, kind)) continue;
      const isStale = (each.ageSeconds ?? 0) > staleAfterSeconds && each.status === 'complete';
      coverage.push(isStale ? { ...each, status: 'stale' } : each);
    }
    for (const { source, entity, attribute, value } of facts.each(
      { ...filter, type: 'observed' },
      moment,
    )) {
      if (found.length >= MOST_FACTS) {
        // What was not read must not look as if it were not there.
        for (const [i, row] of coverage.entries())
          if (row.kind === kind) coverage[i] = { ...row, status: 'partial', reason: 'too many' };
        break;
      }
      if (isTrusted(inventory, id, source, kind)) found.push({ entity, attribute, value });
    }
  }
  return { target: id, facts: found, coverage };
}
