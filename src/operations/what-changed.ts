import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant, parseInstant, shift } from '#base/time';
import { resolveTarget } from '#inventory';
import { fitting } from './budget.ts';
import { trailsShape } from './cause-shapes.ts';
import { factChanges } from './fact-changes.ts';
import { readScopes } from './filters.ts';
import { look } from './operation.ts';
import { scopeInput, timeText } from './shapes.ts';

const DAY_SECONDS = 86_400;
const MOST_ROWS = 300;

const rowShape = z.object({
  at: z.string().describe('of a fact: when it was first seen so; of a log: when it happened'),
  what: z.enum(['fact', 'change', 'log']),
  entity: z.string().optional(),
  attribute: z.string().optional(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  changeId: z.string().optional(),
  action: z.string().optional(),
  approvedBy: z.array(z.string()).optional(),
  account: z.string().nullable().optional(),
  source: z.string().optional(),
  says: z.string().optional().describe('a claim of the target'),
});
type Row = z.input<typeof rowShape>;

/** The first question when something degraded. Reads audit trails on the target; changes nothing. */
export const whatChanged = look({
  name: 'what_changed',
  title: 'What changed before',
  summary:
    'Answers what changed on a target before it degraded, in order of time: facts, our own changes, its audit trails.',
  capability: 'drift.read',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    target: z.string().min(1).max(LIMITS.nameChars),
    entity: z.string().min(1).max(LIMITS.entityChars).optional().describe('only this one'),
    before: timeText('when it was noticed; default now').optional(),
    window: z
      .number()
      .int()
      .min(1)
      .max(7 * DAY_SECONDS)
      .optional()
      .describe('seconds to look back, default a day'),
    scope: scopeInput,
  }),
  output: z.object({
    target: z.string(),
    from: z.string(),
    until: z.string(),
    changes: z.array(rowShape),
    more: z
      .boolean()
      .describe('there was more than is told: ask for a shorter window or one entity'),
    trails: trailsShape,
    next: z.string().optional(),
  }),
  async run(input, { facts, trails }, asking) {
    const target = resolveTarget(asking.inventory, input.target, readScopes(input.scope, asking));
    const before = input.before === undefined ? asking.now : parseInstant(input.before);
    const until = Math.min(before, asking.now) as Instant;
    const window = { from: shift(until, -(input.window ?? DAY_SECONDS) * 1_000_000), until };
    const told = await trails.read(target, window);
    const { entity } = input;
    const { touchesEntity } = await import('#attribution');
    const seen = factChanges(facts, target, entity, window, MOST_ROWS);
    const events = told.events.filter(
      (event) => entity === undefined || entity.includes('*') || touchesEntity(entity, event),
    );
    const rows: readonly { readonly at: Instant; readonly row: Row }[] = [
      ...seen.changes.map(({ at, before: was, after, entity: about, attribute, source }) => ({
        at,
        row: {
          at: formatInstant(at),
          what: 'fact' as const,
          entity: about,
          attribute,
          source,
          ...(was === undefined ? {} : { before: was }),
          ...(after === undefined ? {} : { after }),
        },
      })),
      ...trails.changes(target, window).map(({ id, action, approvedBy, ran }) => {
        const at = ran[0]?.from ?? until;
        return {
          at,
          row: {
            at: formatInstant(at),
            what: 'change' as const,
            changeId: id,
            action,
            approvedBy: [...approvedBy],
          },
        };
      }),
      ...events.slice(-MOST_ROWS).map(({ at, source, account, says }) => ({
        at,
        row: { at: formatInstant(at), what: 'log' as const, source, account, says },
      })),
    ];
    // What was last before it was noticed is nearest to it.
    const newest = rows
      .toSorted((a, b) => a.at - b.at)
      .toReversed()
      .map(({ row }) => row);
    const shown = fitting(newest.slice(0, MOST_ROWS), asking.answerBytes - 4_096);
    return {
      target: target.id,
      from: formatInstant(window.from),
      until: formatInstant(until),
      changes: shown.toReversed(),
      more: seen.isMore || shown.length < rows.length || events.length > MOST_ROWS,
      trails: [...told.trails],
      ...(told.why === null ? {} : { next: told.why }),
    };
  },
});
