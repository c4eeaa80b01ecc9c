import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { resolveTarget } from '#inventory';
import { isVolatile, kindOf } from '#model';
import type { Difference, PageKey } from '#store';
import { fitting } from './budget.ts';
import { readScopes } from './filters.ts';
import { momentInput, momentShape, showMoment } from './fleet-shapes.ts';
import { isPageKey, readCursor, readMoment, writeCursor } from './moments.ts';
import { look } from './operation.ts';
import { cursorInput, limitInput, nextCursor, scopeInput } from './shapes.ts';

const PAGE = 1_000;
/** How many differences are looked through for one answer: most of a fleet's move by themselves. */
const MOST_LOOKED = 4_000;

const moment = z.strictObject(momentInput);

/** `compare_facts` without what moves by itself, in the order of the facts. */
export const factDifferences = look({
  name: 'fact_differences',
  title: 'What became otherwise',
  summary:
    'Answers which facts differ between two moments, by either clock, without those that move by themselves.',
  capability: 'facts.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    from: moment,
    to: moment,
    target: z.string().min(1).max(LIMITS.nameChars).optional(),
    scope: scopeInput,
    limit: limitInput,
    cursor: cursorInput,
  }),
  output: z.object({
    from: momentShape,
    to: momentShape,
    differences: z.array(
      z.object({
        entity: z.string(),
        attribute: z.string(),
        target: z.string(),
        source: z.string(),
        scope: z.string(),
        before: z.unknown().optional().describe('absent when nothing was there'),
        after: z.unknown().optional().describe('absent when nothing is there any more'),
      }),
    ),
    nextCursor: nextCursor.describe(
      'not null: not all was looked through yet, also where nothing is told',
    ),
  }),
  run(input, { facts }, asking) {
    const { cursor, limit, ...question } = input;
    const scopes = readScopes(input.scope, asking);
    const pinned = cursor === undefined ? undefined : readCursor(cursor, question, 2, isPageKey);
    const from = pinned?.moments[0] ?? readMoment(input.from, asking.now, facts);
    const to = pinned?.moments[1] ?? readMoment(input.to, asking.now, facts);
    const target =
      input.target === undefined
        ? {}
        : { target: resolveTarget(asking.inventory, input.target, scopes).id };
    const filter = { scopes, type: 'observed' as const, ...target };
    const found: Difference[] = [];
    const most = limit ?? LIMITS.queryDefault;
    let next: PageKey | null | undefined = pinned?.place;
    for (
      let looked = 0;
      looked < MOST_LOOKED && found.length < most && next !== null;
      looked += PAGE
    ) {
      const page = facts.compare(filter, from, to, PAGE, next);
      next = page.next;
      for (const each of page.differences) {
        if (isVolatile(kindOf(each.entity), each.attribute)) continue;
        if (found.length === most) {
          next = keyOf(found.at(-1) as Difference);
          break;
        }
        found.push(each);
      }
    }
    const kept = fitting(
      found.map(({ before, after, ...rest }) => ({
        ...rest,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      })),
      asking.answerBytes - 1_024,
    );
    const last =
      kept.length < found.length ? keyOf(found[kept.length - 1] as Difference) : (next ?? null);
    return {
      from: showMoment(from),
      to: showMoment(to),
      differences: [...kept],
      nextCursor: last === null ? null : writeCursor(question, [from, to], last),
    };
  },
});

function keyOf({ entity, attribute, target, source, scope }: Difference): PageKey {
  return [entity, attribute, target, source, scope];
}
