import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { fitting } from './budget.ts';
import { readFilter } from './filters.ts';
import { isPageKey, readCursor, readMoment, writeCursor } from './moments.ts';
import { look } from './operation.ts';
import { factFilterInput } from './query-facts.ts';
import { cursorInput, limitInput, nextCursor, scopeInput, timeText } from './shapes.ts';

const moment = z.strictObject({
  asOf: timeText('when it was true, default now').optional(),
  knownAt: timeText('as believed then, default now').optional(),
});

const differenceShape = z.object({
  entity: z.string(),
  attribute: z.string(),
  target: z.string(),
  source: z.string(),
  before: z.unknown().optional().describe('absent when nothing was there'),
  after: z.unknown().optional().describe('absent when nothing is there any more'),
  scope: z.string(),
});

/** What differs between two moments of the fleet, or between two beliefs about one moment. */
export const compareFacts = look({
  name: 'compare_facts',
  title: 'Compare two moments',
  summary:
    'Answers what changed between two moments: facts added, removed and changed. Give knownAt on both sides to compare two beliefs about one moment.',
  capability: 'facts.read',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    from: moment,
    to: moment,
    ...factFilterInput,
    limit: limitInput,
    cursor: cursorInput,
    scope: scopeInput,
  }),
  output: z.object({
    added: z.array(differenceShape),
    removed: z.array(differenceShape),
    changed: z.array(differenceShape),
    nextCursor,
  }),
  run(input, { facts }, asking) {
    const { cursor, limit, ...question } = input;
    const filter = readFilter(input, asking, facts);
    const pinned = cursor === undefined ? undefined : readCursor(cursor, question, 2, isPageKey);
    const from = pinned?.moments[0] ?? readMoment(input.from, asking.now, facts);
    const to = pinned?.moments[1] ?? readMoment(input.to, asking.now, facts);
    const page = facts.compare(filter, from, to, limit ?? LIMITS.queryDefault, pinned?.place);
    const kept = fitting(
      page.differences.map(({ before, after, ...rest }) => ({
        ...rest,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      })),
      asking.answerBytes - 512,
    );
    const last = kept.at(-1);
    const next =
      kept.length < page.differences.length && last !== undefined
        ? ([last.entity, last.attribute, last.target, last.source, last.scope] as const)
        : page.next;
    return {
      added: kept.filter((row) => !('before' in row)),
      removed: kept.filter((row) => !('after' in row)),
      changed: kept.filter((row) => 'before' in row && 'after' in row),
      nextCursor: next === null ? null : writeCursor(question, [from, to], next),
    };
  },
});
