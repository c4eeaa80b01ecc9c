import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { bareName } from './bare-name.ts';
import { fitting } from './budget.ts';
import { readFilter } from './filters.ts';
import { isText, readCursor, writeCursor } from './moments.ts';
import { look } from './operation.ts';
import { factFilterInput } from './query-facts.ts';
import {
  cursorInput,
  factTypeInput,
  limitInput,
  nextCursor,
  scopeInput,
  showVersion,
  versionShape,
} from './shapes.ts';

/** Everything ever believed about an entity: when it was true, when we believed it, who said so and why. */
export const factHistory = look({
  name: 'fact_history',
  title: 'History of a fact',
  summary:
    'Answers how a fact changed over time and who recorded it: every version with both clocks, actor and reason.',
  capability: 'facts.read',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    entity: z.string().min(1).max(LIMITS.entityChars).describe('kind:key, like package:*/openssl'),
    attribute: z.string().min(1).max(LIMITS.attributeChars).optional(),
    target: factFilterInput.target,
    source: z.string().max(LIMITS.nameChars).optional(),
    type: factTypeInput,
    limit: limitInput,
    cursor: cursorInput,
    scope: scopeInput,
  }),
  output: z.object({
    versions: z.array(versionShape),
    nextCursor,
    candidates: z
      .array(z.string())
      .optional()
      .describe('entities with a similar name, when nothing matched'),
  }),
  run(input, { facts }, asking) {
    const { cursor, limit, ...question } = input;
    const filter = readFilter(input, asking, facts);
    // The place inside a history is the store's own; a page cut short by the byte budget goes on by asking for fewer rows.
    const place = cursor === undefined ? undefined : readCursor(cursor, question, 0, isText).place;
    let wanted = limit ?? LIMITS.queryDefault;
    for (;;) {
      const page = facts.history(filter, wanted, place);
      const shown = page.versions.map(showVersion);
      const kept = fitting(shown, asking.answerBytes - 512);
      if (kept.length < shown.length) {
        wanted = kept.length;
        continue;
      }
      return {
        versions: shown,
        nextCursor: page.next === null ? null : writeCursor(question, [], page.next),
        ...(shown.length === 0 && place === undefined
          ? { candidates: [...facts.suggest({ scopes: filter.scopes }, bareName(input.entity), 8)] }
          : {}),
      };
    }
  },
});
