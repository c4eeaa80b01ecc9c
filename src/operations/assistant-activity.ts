/**
 * What assistants asked for over a span of time, told from the event log alone: how often, with what outcome, and when
 * last. The log is read once; what was read is kept in a short form, so that asking again costs only what is new.
 */
import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant, MICROS_PER_SECOND, parseInstant } from '#base/time';
import type { EventLog, EventRecord } from '#evidence';
import { type Asking, look } from './operation.ts';

const ASSISTANTS: ReadonlySet<string> = new Set(['mcp-stdio', 'mcp-http', 'api']);
const PAGE = 256;
/** Of the log, read at the first asking. */
const MOST_READ = 50_000;
/** Of assistants' calls, kept. */
const MOST_KEPT = 50_000;
const MOST_CALLERS = 200;
const MOST_FAULTS = 20;
const HOUR = 3_600 * MICROS_PER_SECOND;

type Called = {
  readonly at: Instant;
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly surface: string;
  readonly operation: string;
  readonly outcome: EventRecord['outcome'];
  readonly verdict: EventRecord['decision']['verdict'];
  readonly fault: string | null;
};

type Events = Pick<EventLog, 'read' | 'size'>;

/** The newest calls of assistants, oldest first, and from when on none is missing. */
class Recent {
  #calls: readonly Called[] = [];
  #read = 0;
  #since: Instant | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  upTo(
    events: Events,
  ): Promise<{ readonly calls: readonly Called[]; readonly since: Instant | null }> {
    const turn = this.#turn.then(() => this.#upTo(events));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #upTo(
    events: Events,
  ): Promise<{ readonly calls: readonly Called[]; readonly since: Instant | null }> {
    const { size } = events;
    const until = Math.max(this.#read, size - MOST_READ);
    const found: Called[] = [];
    let oldest: Instant | null = null;
    for (let before = size; before > until; ) {
      const page = await events.read({}, Math.min(PAGE, before - until), before);
      for (const event of page) {
        if (event.kind.startsWith('operation') && ASSISTANTS.has(event.surface))
          found.push(called(event));
      }
      const last = page.at(-1);
      oldest = last === undefined ? oldest : parseInstant(last.time);
      before = last?.seq ?? 0;
    }
    if (until > this.#read) {
      this.#calls = [];
      this.#since = oldest;
    }
    this.#calls = [...this.#calls, ...found.toReversed()];
    this.#read = size;
    const over = this.#calls.length - MOST_KEPT;
    if (over > 0) {
      this.#calls = this.#calls.slice(over);
      this.#since = this.#calls[0]?.at ?? this.#since;
    }
    return { calls: this.#calls, since: this.#since };
  }
}

const memories = new WeakMap<Events, Recent>();

function recentOf(events: Events): Recent {
  const known = memories.get(events) ?? new Recent();
  memories.set(events, known);
  return known;
}

const operationShape = z.object({
  operation: z.string(),
  calls: z.number(),
  done: z.number(),
  failed: z.number(),
  refused: z.number(),
  denied: z.number().describe('refused by a decision, not for how it was asked'),
  lastAt: z.string(),
});

export const assistantActivity = look({
  name: 'assistant_activity',
  title: 'What assistants asked for',
  summary:
    'Calls of assistants over a span of time: by lease and operation, with outcome, refusals and last use.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  narrows: true,
  ownEvents: true,
  mends: true,
  input: z.strictObject({
    principal: z.string().max(LIMITS.nameChars).optional().describe('like lease:<id>'),
    hours: z.number().int().min(1).max(720).optional().describe('default 24'),
  }),
  output: z.object({
    from: z.string(),
    until: z.string(),
    /** What is older was not read. */
    complete: z.boolean(),
    calls: z.number(),
    buckets: z.array(
      z.object({ at: z.string(), done: z.number(), failed: z.number(), refused: z.number() }),
    ),
    callers: z.array(
      z.object({
        principal: z.string(),
        onBehalfOf: z.string().nullable(),
        surface: z.string(),
        calls: z.number(),
        done: z.number(),
        failed: z.number(),
        refused: z.number(),
        denied: z.number(),
        lastAt: z.string(),
        lastOperation: z.string(),
        operations: z.array(operationShape),
        faults: z.array(z.object({ fault: z.string(), count: z.number(), lastAt: z.string() })),
      }),
    ),
  }),
  async run({ principal, hours = 24 }, { events }, asking) {
    const { calls, since } = await recentOf(events).upTo(events);
    const from = (asking.now - hours * HOUR) as Instant;
    const mine = calls.filter(
      (call) =>
        call.at >= from &&
        (principal === undefined || call.principal === principal) &&
        maySee(call, asking),
    );
    const callers = [...Map.groupBy(mine, ({ principal: who }) => who).values()]
      .map(callerOf)
      .toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1));
    return {
      from: formatInstant(from),
      until: formatInstant(asking.now),
      complete: (since === null || since <= from) && callers.length <= MOST_CALLERS,
      calls: mine.length,
      buckets: bucketsOf(mine, from, asking.now),
      callers: callers.slice(0, MOST_CALLERS),
    };
  },
});

function called(event: EventRecord): Called {
  const { principal, onBehalfOf, surface, operation, outcome, decision, fault } = event;
  const at = parseInstant(event.time);
  return {
    at,
    principal,
    onBehalfOf,
    surface,
    operation,
    outcome,
    verdict: decision.verdict,
    fault,
  };
}

/** Who reaches less than everything sees what was done in their own name. */
function maySee({ principal, onBehalfOf }: Called, { caller }: Asking): boolean {
  const whole = caller.reach.some(
    ({ capabilities, scopes, targets }) =>
      capabilities.includes('events.read') && scopes === 'all' && targets === 'all',
  );
  if (whole) return true;
  const own = personOf(caller.principal);
  return principal === caller.principal || (own !== undefined && personOf(onBehalfOf) === own);
}

/** An account of a machine that is called like an operator is somebody else. */
function personOf(principal: string | null): string | undefined {
  return /^operator:([^@]+)(?:@console)?$/.exec(principal ?? '')?.[1];
}

function callerOf(calls: readonly Called[]): {
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly surface: string;
  readonly lastAt: string;
  readonly lastOperation: string;
  readonly operations: ReturnType<typeof operationOf>[];
  readonly faults: { readonly fault: string; readonly count: number; readonly lastAt: string }[];
} & Counts {
  const last = calls.at(-1) as Called;
  const failing = calls.filter(({ fault }) => fault !== null);
  return {
    principal: last.principal,
    onBehalfOf: last.onBehalfOf,
    surface: last.surface,
    ...countsOf(calls),
    lastAt: formatInstant(last.at),
    lastOperation: last.operation,
    operations: [...Map.groupBy(calls, ({ operation }) => operation).values()]
      .map(operationOf)
      .toSorted((a, b) => b.calls - a.calls),
    faults: [...Map.groupBy(failing, ({ fault }) => fault ?? '')]
      .map(([fault, those]) => ({
        fault,
        count: those.length,
        lastAt: formatInstant((those.at(-1) as Called).at),
      }))
      .toSorted((a, b) => b.count - a.count)
      .slice(0, MOST_FAULTS),
  };
}

function operationOf(
  calls: readonly Called[],
): { readonly operation: string; readonly lastAt: string } & Counts {
  const last = calls.at(-1) as Called;
  return { operation: last.operation, ...countsOf(calls), lastAt: formatInstant(last.at) };
}

type Counts = {
  readonly calls: number;
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
  readonly denied: number;
};

function countsOf(calls: readonly Called[]): Counts {
  const count = (is: (call: Called) => boolean): number => calls.filter(is).length;
  return {
    calls: calls.length,
    done: count(({ outcome }) => outcome === 'done'),
    failed: count(({ outcome }) => outcome === 'failed'),
    refused: count(({ outcome }) => outcome === 'refused'),
    denied: count(({ verdict }) => verdict === 'deny'),
  };
}

const BUCKETS = 48;

/** Equal pieces of the span, for a line over time. */
function bucketsOf(
  calls: readonly Called[],
  from: Instant,
  until: Instant,
): {
  readonly at: string;
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
}[] {
  const width = (until - from) / BUCKETS;
  const buckets = Array.from({ length: BUCKETS }, () => ({ done: 0, failed: 0, refused: 0 }));
  for (const { at, outcome } of calls) {
    const bucket = buckets[Math.min(BUCKETS - 1, Math.floor((at - from) / width))];
    if (bucket !== undefined && outcome !== 'started') bucket[outcome] += 1;
  }
  return buckets.map((bucket, i) => ({
    at: formatInstant(Math.round(from + i * width) as Instant),
    ...bucket,
  }));
}
