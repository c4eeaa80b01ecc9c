/** What was asked of this service, newest first: all of it, or what a person wants to see of it. */
import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import type { EventLog, EventRecord } from '#evidence';
import { fitting } from './budget.ts';
import { callerOf, EVENT_CALLERS, EVENT_SHOWS, isShown } from './event-classes.ts';
import { look } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const PAGE = 256;
/** Read in one asking: what is rarer is found by asking on from `next`. */
const MOST_READ = 20_000;

const input = z.strictObject({
  operation: z.string().max(64).optional(),
  principal: z.string().max(200).optional(),
  target: z.string().max(200).optional(),
  outcome: z.enum(['done', 'failed', 'refused', 'started']).optional(),
  requestId: z.string().max(64).optional(),
  traceId: z.string().max(64).optional(),
  show: z
    .enum(EVENT_SHOWS)
    .optional()
    .describe('matters: done, decided or refused, told once; without it all events'),
  by: z.enum(EVENT_CALLERS).optional(),
  who: z.string().max(200).optional().describe('part of who asked or for whom, any case'),
  about: z.string().max(200).optional().describe('part of a target or a change id, any case'),
  limit: z.number().int().min(1).max(LIMITS.queryMax).optional(),
  before: z.number().int().min(0).optional().describe('sequence number; only older events'),
});

export const eventsList = look({
  name: 'events_list',
  title: 'List events',
  summary: 'Lists what was asked of this service, newest first: who, what, decision and outcome.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  mends: true,
  input,
  output: z.object({
    events: z.array(anything),
    next: z.number().nullable().describe('give as before for older events'),
    passedOver: z.number().describe('records between these that were not asked for'),
  }),
  async run(asked, { events }, asking) {
    const [newest] = await events.read({}, 1, asked.before);
    const from = newest === undefined ? 0 : newest.seq + 1;
    const wanted = asked.limit ?? LIMITS.queryDefault;
    const { found, reached } = await search(events, asked, wanted, from);
    const kept = fitting(found, asking.answerBytes - 512);
    const last = kept.at(-1);
    const to = kept.length < found.length && last !== undefined ? last.seq : reached;
    return {
      events: kept.map((event) => ({ ...event }) as Record<string, unknown>),
      next: to > 0 ? to : null,
      passedOver: Math.max(0, from - to - kept.length),
    };
  },
});

type Asked = z.infer<typeof input>;

/** As many as are wanted; everything from `reached` on was read. */
async function search(
  events: Pick<EventLog, 'read'>,
  asked: Asked,
  wanted: number,
  from: number,
): Promise<{ readonly found: readonly EventRecord[]; readonly reached: number }> {
  const { limit: _limit, before: _before, show, by, who, about, ...filter } = asked;
  const isPlain = [show, by, who, about].every((one) => one === undefined);
  if (isPlain) {
    const found = await events.read(filter as Parameters<EventLog['read']>[0], wanted, from);
    return { found, reached: found.length === wanted ? (found.at(-1)?.seq ?? 0) : 0 };
  }
  const found: EventRecord[] = [];
  const until = Math.max(0, from - MOST_READ);
  for (let before = from; before > until; ) {
    const page = await events.read({}, Math.min(PAGE, before - until), before);
    if (page.length === 0) break;
    for (const event of page) {
      before = event.seq;
      if (fits(event, asked)) found.push(event);
      if (found.length === wanted) return { found, reached: before };
    }
  }
  return { found, reached: until };
}

function fits(event: EventRecord, asked: Asked): boolean {
  const { show, by, who, about, operation, principal, target, outcome, requestId, traceId } = asked;
  const exact: readonly (readonly [string | undefined, string | null])[] = [
    [operation, event.operation],
    [principal, event.principal],
    [outcome, event.outcome],
    [requestId, event.requestId],
    [traceId, event.traceId],
  ];
  return (
    exact.every(([wanted, has]) => wanted === undefined || wanted === has) &&
    (target === undefined || event.targets.includes(target)) &&
    (show === undefined || isShown(event, show)) &&
    (by === undefined || callerOf(event) === by) &&
    hasPart([event.principal, event.onBehalfOf], who) &&
    hasPart([...event.targets, changeOf(event)], about)
  );
}

const hasPart = (texts: readonly (string | null)[], part = ''): boolean =>
  part === '' || texts.some((text) => text?.toLowerCase().includes(part.toLowerCase()) === true);

function changeOf({ more, arguments: asked }: EventRecord): string | null {
  const [own, named] = [more?.['change'], isObject(asked) ? asked['changeId'] : undefined];
  return typeof own === 'string' ? own : typeof named === 'string' ? named : null;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
