/**
 * One round: every collector looks once, a few at a time, each with its own time and size. A
 * collector that fails, is late or says too much leaves only its own kinds partial, with a reason.
 */
import { asFault } from '#base/fault';
import { jsonProblem } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import { attributeProblem, checkValue, entityProblem, keyOf, kindOf, LOCAL_SOURCE } from '#model';
import {
  type Collector,
  type Look,
  type LookFact,
  type LookShortfall,
  lookSession,
  type Machine,
} from './look-session.ts';

/** `collector.local`, `collector.ssh`, `collector.reach`, and one for each tool: names that only we may use. */
export type CollectorSource = `collector.${string}`;

/** What one collector saw, ready to be recorded as one observation. */
export type Observed = {
  readonly collector: string;
  readonly source: CollectorSource;
  readonly target: string;
  readonly observedAt: Instant;
  readonly tookMs: number;
  readonly facts: readonly LookFact[];
  readonly complete: readonly string[];
  readonly shortfalls: readonly ObservedShortfall[];
};

export type ObservedShortfall = Omit<LookShortfall, 'status'> & {
  readonly status: LookShortfall['status'] | 'unreachable';
};

export type ObserveRequest = {
  readonly target: string;
  readonly machine: Machine;
  readonly collectors: readonly Collector[];
  readonly clock: Clock;
  /** Collectors that look at the same time. */
  readonly parallel?: number;
  /** Whose word it is. Default: the local collector's. */
  readonly source?: CollectorSource;
  readonly signal?: AbortSignal;
};

/** One result per collector, in the order of `collectors`. Never rejects for what a collector does. */
export async function observe(request: ObserveRequest): Promise<readonly Observed[]> {
  const results: Observed[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const at = next++;
      const collector = request.collectors[at];
      if (collector === undefined) return;
      results[at] = await lookWith(collector, request);
    }
  };
  await Promise.all(Array.from({ length: request.parallel ?? 3 }, worker));
  return results;
}

async function lookWith(collector: Collector, request: ObserveRequest): Promise<Observed> {
  const { clock, target } = request;
  const observedAt = clock.now();
  const startedMs = clock.monotonicMs();
  const look = await boundedLook(collector, request);
  return {
    collector: collector.name,
    source: request.source ?? LOCAL_SOURCE,
    target,
    observedAt,
    tookMs: Math.round(clock.monotonicMs() - startedMs),
    ...soundPart(look, collector, target),
  };
}

async function boundedLook(collector: Collector, request: ObserveRequest): Promise<Look> {
  const { clock, machine, target } = request;
  const timeoutMs = Math.min(collector.timeoutMs ?? Infinity, LIMITS.collectorTimeoutMs);
  const over = new AbortController();
  const timer = new AbortController();
  const stopped = request.signal;
  const budget = { timeoutMs, bytes: LIMITS.collectorBytes };
  const session = lookSession(machine, target, budget, over.signal);
  const looking = Promise.resolve()
    .then(() => collector.look(session))
    .catch((error: unknown) => failedLook(collector, reasonFor(error)));
  const late = clock.sleep(timeoutMs, timer.signal).then(() => {
    over.abort();
    return failedLook(collector, `took longer than ${timeoutMs} ms`);
  });
  const stop = Promise.withResolvers<Look>();
  const onStop = (): void => {
    over.abort();
    stop.resolve(failedLook(collector, 'the round was stopped'));
  };
  if (stopped?.aborted === true) onStop();
  stopped?.addEventListener('abort', onStop, { once: true });
  try {
    return await Promise.race([looking, late, stop.promise]);
  } finally {
    timer.abort();
    stopped?.removeEventListener('abort', onStop);
  }
}

function reasonFor(error: unknown): string {
  const fault = asFault(error);
  if (fault.code !== 'internal') return fault.message.slice(0, 300);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? `failed: ${code}` : 'failed';
}

function failedLook(collector: Collector, reason: string): Look {
  const short = collector.kinds.map((kind) => ({ kind, status: 'partial', reason }) as const);
  return { facts: [], complete: [], shortfalls: short };
}

/** Keeps what may be recorded. A kind of which something had to be left out is not complete. */
export function soundPart(look: Look, collector: Pick<Collector, 'kinds'>, target: string): Look {
  const short = new Map<string, LookShortfall>();
  for (const shortfall of look.shortfalls) short.set(shortfall.kind, shortfall);
  const leaveOut = (kind: string, reason: string): void => {
    if (!short.has(kind)) short.set(kind, { kind, status: 'partial', reason });
  };
  let facts = look.facts;
  if (facts.length > LIMITS.collectorFacts) {
    facts = facts.slice(0, LIMITS.collectorFacts);
    for (const kind of collector.kinds) leaveOut(kind, `more than ${LIMITS.collectorFacts} facts`);
  }
  const prefix = `${keyOf(target)}/`;
  // Facts of one entity stand together, and attributes are few: each is looked at once.
  let last: { entity: string; kind: string; own: boolean; problem: string | undefined } | undefined;
  const ofEntity = (entity: string): NonNullable<typeof last> => {
    if (last?.entity === entity) return last;
    const kind = kindOf(entity);
    const own = collector.kinds.includes(kind);
    const isOwn = own && (entity === target || keyOf(entity).startsWith(prefix));
    const problem = entityProblem(entity) ?? (isOwn ? undefined : 'not its own');
    last = { entity, kind, own, problem };
    return last;
  };
  const attributes = new Map<string, string | undefined>();
  const ofAttribute = (attribute: string): string | undefined => {
    if (!attributes.has(attribute)) attributes.set(attribute, attributeProblem(attribute));
    return attributes.get(attribute);
  };
  const sound = facts.filter(({ entity, attribute, value }) => {
    const { kind, own, problem: ofIts } = ofEntity(entity);
    const problem =
      ofIts ??
      ofAttribute(attribute) ??
      jsonProblem(value)?.problem ??
      checkValue(kind, attribute, value);
    if (problem === undefined) return true;
    for (const each of own ? [kind] : collector.kinds)
      leaveOut(each, `a fact was left out: ${problem}`);
    return false;
  });
  const complete = look.complete.filter(
    (kind) => collector.kinds.includes(kind) && !short.has(kind),
  );
  return { facts: sound, complete, shortfalls: [...short.values()] };
}
