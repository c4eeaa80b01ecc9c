/**
 * What is remembered of refused commands: a row for each shape, and sums of everything. Pure and bounded:
 * what is beyond the bounds is counted, and nothing else of it is kept.
 */
import type { Instant } from '#base/time';
import type { CommandClass, CommandCode } from '../entry.ts';
import { type Shape, showShape } from './shape.ts';

export const LEARNING_LIMITS = {
  perSessionAndDay: 100,
  shapesPerSessionAndDay: 20,
  perDay: 5_000,
  /** Of each row: sessions, people, targets. Beyond them they are not told apart. */
  kept: 32,
  samples: 3,
  sampleChars: 300,
  /** Sessions whose day is counted at once. */
  sessions: 256,
} as const;

export type Block = {
  readonly at: Instant;
  /** A digest of it: what a session is called may be worth something. */
  readonly session: string;
  readonly person: string;
  readonly target: string | null;
  readonly code: CommandCode | null;
  readonly class: CommandClass;
  readonly tier: string;
  readonly label: string;
  /** Cleaned of secrets by whoever made it. */
  readonly sample: string | null;
  readonly shape: Shape | null;
  /** An entry can say exactly this; else why not. */
  readonly noDraft: string | null;
};

/** A shape that was refused, as it is kept. */
export type Learnt = {
  readonly id: string;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly body: LearntBody;
};
export type LearntBody = {
  readonly shape: Shape;
  readonly tier: string;
  readonly label: string;
  readonly noDraft: string | null;
  readonly sessions: readonly string[];
  readonly people: readonly string[];
  readonly targets: readonly string[];
  readonly days: number;
  readonly samples: readonly string[];
};

export type Tally = {
  readonly since: Instant | null;
  readonly total: number;
  readonly byCode: Readonly<Record<string, number>>;
  readonly byClass: Readonly<Record<string, number>>;
  readonly byLabel: Readonly<Record<string, number>>;
  /** Refused and not remembered: beyond what one session, or one day, is given. */
  readonly beyond: number;
  /** Pushed out by others: shapes, and how often they had been asked. */
  readonly pushedOut: { readonly shapes: number; readonly blocks: number };
  readonly day: number;
  readonly today: number;
  /** Sessions of the day, each with how often it was refused and how many shapes it began. */
  readonly sessions: Readonly<Record<string, readonly [number, number]>>;
  /** Sessions ever; one that comes back on another day counts again. */
  readonly sessionDays: number;
};

export const NO_TALLY: Tally = {
  since: null,
  total: 0,
  byCode: {},
  byClass: {},
  byLabel: {},
  beyond: 0,
  pushedOut: { shapes: 0, blocks: 0 },
  day: 0,
  today: 0,
  sessions: {},
  sessionDays: 0,
};

export const dayOf = (at: Instant): number => Math.floor(at / 86_400_000_000);

/** Whether a further block of this session is remembered today; else it is only counted. */
export function isWithin(tally: Tally, session: string, at: Instant): boolean {
  if (tally.day !== dayOf(at)) return true;
  const [count = 0] = tally.sessions[session] ?? [];
  const isNew = tally.sessions[session] === undefined;
  return (
    tally.today < LEARNING_LIMITS.perDay &&
    count < LEARNING_LIMITS.perSessionAndDay &&
    !(isNew && Object.keys(tally.sessions).length >= LEARNING_LIMITS.sessions)
  );
}

/** `id` and `row`: of its shape, and what is kept of it so far. */
export function noted(
  block: Block,
  tally: Tally,
  id: string | null,
  row: Learnt | undefined,
): { readonly tally: Tally; readonly row: Learnt | null } {
  const { at, session, shape } = block;
  const day = dayOf(at);
  const isToday = tally.day === day;
  const sessions = isToday ? tally.sessions : {};
  const [count = 0, begun = 0] = sessions[session] ?? [];
  const isFresh = shape !== null && id !== null && row === undefined;
  const mayBegin = begun < LEARNING_LIMITS.shapesPerSessionAndDay;
  const next: Tally = {
    ...tally,
    since: tally.since ?? at,
    total: tally.total + 1,
    byCode: plusOne(tally.byCode, block.code ?? 'none'),
    byClass: plusOne(tally.byClass, block.class),
    byLabel: plusOne(tally.byLabel, block.label),
    beyond: tally.beyond + (isFresh && !mayBegin ? 1 : 0),
    day,
    today: (isToday ? tally.today : 0) + 1,
    sessions: { ...sessions, [session]: [count + 1, begun + (isFresh && mayBegin ? 1 : 0)] },
    sessionDays: tally.sessionDays + (count === 0 ? 1 : 0),
  };
  if (shape === null || id === null || (isFresh && !mayBegin)) return { tally: next, row: null };
  return { tally: next, row: row === undefined ? begin(block, id, shape) : grow(row, block) };
}

/** What was refused and, being beyond the bounds, not even counted in its own transaction. */
export function beyond(tally: Tally, count: number): Tally {
  return { ...tally, total: tally.total + count, beyond: tally.beyond + count };
}

export function pushedOut(tally: Tally, count: number): Tally {
  const { shapes, blocks } = tally.pushedOut;
  return { ...tally, pushedOut: { shapes: shapes + 1, blocks: blocks + count } };
}

function begin(block: Block, id: string, shape: Shape): Learnt {
  const { at, session, person, target, tier, label, noDraft, sample } = block;
  const body: LearntBody = {
    shape,
    tier,
    label,
    noDraft,
    sessions: [session],
    people: [person],
    targets: target === null ? [] : [target],
    days: 1,
    samples: sample === null ? [] : [sample],
  };
  return { id, count: 1, firstAt: at, lastAt: at, body };
}

/** A clock that was set back moves nothing: the last moment stays the last. */
function grow(row: Learnt, block: Block): Learnt {
  const { body } = row;
  const lastAt = Math.max(row.lastAt, block.at) as Instant;
  return {
    ...row,
    count: row.count + 1,
    lastAt,
    body: {
      ...body,
      noDraft: block.noDraft,
      sessions: withOne(body.sessions, block.session, LEARNING_LIMITS.kept),
      people: withOne(body.people, block.person, LEARNING_LIMITS.kept),
      targets: withOne(body.targets, block.target, LEARNING_LIMITS.kept),
      days: body.days + (dayOf(lastAt) > dayOf(row.lastAt) ? 1 : 0),
      samples: withOne(body.samples, block.sample, LEARNING_LIMITS.samples),
    },
  };
}

function withOne(all: readonly string[], one: string | null, most: number): readonly string[] {
  return one === null || all.includes(one) || all.length >= most ? all : [...all, one];
}

function plusOne(
  counts: Readonly<Record<string, number>>,
  key: string,
): Readonly<Record<string, number>> {
  return { ...counts, [key]: (counts[key] ?? 0) + 1 };
}

/** What operators are told: sums, and what is asked for most. */
export function statisticsOf(rows: readonly Learnt[], tally: Tally): BlockedStatistics {
  const { since, total, byCode, byClass, byLabel, beyond: notKept, pushedOut: gone } = tally;
  return {
    since,
    total,
    byCode,
    byClass,
    byLabel,
    shapes: rows.length,
    sessionDays: tally.sessionDays,
    beyond: notKept,
    pushedOut: gone,
    top: rows
      .toSorted((a, b) => b.count - a.count || b.lastAt - a.lastAt || (a.id < b.id ? -1 : 1))
      .slice(0, TOP)
      .map(({ id, count, firstAt, lastAt, body }) => ({
        id,
        command: showShape(body.shape),
        code: body.shape.code,
        label: body.label,
        count,
        sessions: body.sessions.length,
        people: body.people.length,
        targets: body.targets.length,
        firstAt,
        lastAt,
        noDraft: body.noDraft,
      })),
  };
}
const TOP = 10;

export type BlockedStatistics = Pick<
  Tally,
  'since' | 'total' | 'byCode' | 'byClass' | 'byLabel' | 'sessionDays' | 'beyond' | 'pushedOut'
> & {
  readonly shapes: number;
  readonly top: readonly {
    readonly id: string;
    readonly command: string;
    readonly code: string;
    readonly label: string;
    readonly count: number;
    readonly sessions: number;
    readonly people: number;
    readonly targets: number;
    readonly firstAt: Instant;
    readonly lastAt: Instant;
    readonly noDraft: string | null;
  }[];
};
