/** When anything changed, as counts over a window: what a time slider is drawn on. And one fact over time. */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant, parseInstant, shift } from '#base/time';
import { resolveTarget } from '#inventory';
import type { FactVersion } from '#model';
import type { FactReader } from '#store';
import { fitting } from './budget.ts';
import { readScopes } from './filters.ts';
import { readMoment } from './moments.ts';
import { look } from './operation.ts';
import { scopeInput, timeText } from './shapes.ts';

const DAY = 86_400_000_000;
const MOST_PARTS = 400;
const DEFAULT_PARTS = 96;

const windowInput = {
  from: timeText('default a day before until').optional(),
  until: timeText('default now').optional(),
};

export const fleetChanges = look({
  name: 'fleet_changes',
  title: 'When anything changed',
  summary:
    'Counts how many facts became otherwise in each part of a window, by what was true and by when it was recorded. What moves by itself does not count.',
  capability: 'facts.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    ...windowInput,
    parts: z.number().int().min(1).max(MOST_PARTS).optional().describe(`default ${DEFAULT_PARTS}`),
    knownAt: timeText('as believed then, default now').optional(),
    target: z.string().min(1).max(LIMITS.nameChars).optional(),
    scope: scopeInput,
  }),
  output: z.object({
    from: z.string(),
    until: z.string(),
    knownAt: z.string(),
    valid: z.array(z.number()).describe('by when it was so'),
    recorded: z.array(z.number()).describe('by when it was recorded'),
  }),
  run(input, { facts }, asking) {
    const scopes = readScopes(input.scope, asking);
    const { from, until } = windowOf(input, asking.now);
    const { knownAt } = readMoment(input, asking.now, facts);
    const target =
      input.target === undefined
        ? undefined
        : resolveTarget(asking.inventory, input.target, scopes);
    const seen =
      target === undefined
        ? { scopes }
        : { scopes: [], targets: [{ id: target.id, scope: target.scope }] };
    const window = { from, until, parts: input.parts ?? DEFAULT_PARTS };
    return {
      from: formatInstant(from),
      until: formatInstant(until),
      knownAt: formatInstant(knownAt),
      valid: [...facts.stirred(seen, { ...window, clock: 'valid' }, knownAt)],
      recorded: [...facts.stirred(seen, { ...window, clock: 'recorded' }, knownAt)],
    };
  },
});

function windowOf(
  input: { readonly from?: string | undefined; readonly until?: string | undefined },
  now: Instant,
): { from: Instant; until: Instant } {
  const until = input.until === undefined ? now : parseInstant(input.until);
  const from = input.from === undefined ? shift(until, -DAY) : parseInstant(input.from);
  if (from < until) return { from, until };
  throw new Fault('invalid', 'invalid-interval', 'from is not before until: give an earlier from');
}

const MOST_RUNS = 2_000;
const PAGE = 1_000;
const TEXT_CHARS = 200;

/** One attribute of one entity over a window: each value with since when and until when, as believed at one moment. */
export const factSparkline = look({
  name: 'fact_sparkline',
  title: 'One fact over time',
  summary: 'Answers the values one attribute of one entity had over a window, each with its time.',
  capability: 'facts.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    target: z.string().min(1).max(LIMITS.nameChars),
    entity: z.string().min(1).max(LIMITS.entityChars),
    attribute: z.string().min(1).max(LIMITS.attributeChars),
    source: z.string().max(LIMITS.nameChars).optional().describe('default: whoever tells of it'),
    ...windowInput,
    knownAt: timeText('as believed then, default now').optional(),
  }),
  output: z.object({
    from: z.string(),
    until: z.string(),
    runs: z
      .array(
        z.object({
          source: z.string(),
          from: z.string(),
          until: z.string(),
          value: z.unknown().describe('a long text is cut'),
        }),
      )
      .describe('in order of source and time; what lies between two was not there'),
    more: z.boolean().describe('there were more, and these are the last ones'),
  }),
  run(input, { facts }, asking) {
    const target = resolveTarget(asking.inventory, input.target, asking.scopes);
    const { from, until } = windowOf(input, asking.now);
    const { knownAt } = readMoment(input, asking.now, facts);
    const all = believed(facts, { ...input, target: target.id, scope: target.scope }, knownAt)
      .filter(({ validFrom, validTo }) => validFrom < until && (validTo === null || validTo > from))
      .toSorted((a, b) =>
        a.source === b.source ? a.validFrom - b.validFrom : a.source < b.source ? -1 : 1,
      )
      .map(({ source, validFrom, validTo, value }) => ({
        source,
        from: formatInstant(validFrom < from ? from : validFrom),
        until: formatInstant(validTo === null || validTo > until ? until : validTo),
        value: cut(value),
      }));
    const last = fitting(
      all.slice(-MOST_RUNS).toReversed(),
      asking.answerBytes - 1_024,
    ).toReversed();
    return {
      from: formatInstant(from),
      until: formatInstant(until),
      runs: last,
      more: last.length < all.length,
    };
  },
});

function believed(
  facts: FactReader,
  of: {
    readonly target: string;
    readonly scope: string;
    readonly entity: string;
    readonly attribute: string;
    readonly source?: string | undefined;
  },
  knownAt: Instant,
): readonly FactVersion[] {
  const { target, scope, entity, attribute, source } = of;
  const filter = {
    scopes: [scope],
    target,
    entity,
    attribute,
    type: 'observed' as const,
    ...(source === undefined ? {} : { source }),
  };
  const found: FactVersion[] = [];
  let after: string | undefined;
  do {
    const page = facts.history(filter, PAGE, after);
    for (const version of page.versions)
      if (
        version.entity === entity &&
        version.attribute === attribute &&
        version.recordedAt <= knownAt &&
        (version.supersededAt === null || version.supersededAt > knownAt)
      )
        found.push(version);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}

function cut(value: Json): Json {
  return typeof value === 'string' && value.length > TEXT_CHARS
    ? `${value.slice(0, TEXT_CHARS - 1)}…`
    : value;
}
