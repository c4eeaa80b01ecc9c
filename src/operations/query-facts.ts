import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { type Coverage, kindOf } from '#model';
import type { FactFilter, FactReader } from '#store';
import { bareName } from './bare-name.ts';
import { fitting, rowBytes } from './budget.ts';
import { readCoverage } from './coverage.ts';
import { kindAsked, readFilter } from './filters.ts';
import { isPageKey, readCursor, readMoment, writeCursor } from './moments.ts';
import { look } from './operation.ts';
import {
  coverageShape,
  cursorInput,
  factShape,
  factTypeInput,
  limitInput,
  nextCursor,
  scopeInput,
  showCoverage,
  showFact,
  timeText,
} from './shapes.ts';

const COVERAGE_ROWS = 60;

export const factFilterInput = {
  entity: z
    .string()
    .min(1)
    .max(LIMITS.entityChars)
    .optional()
    .describe('kind:key, like package:*/openssl'),
  kind: z.string().max(40).optional().describe('like package'),
  target: z.string().max(LIMITS.nameChars).optional().describe('like host:web-1'),
};

/** Which facts held at a moment, as believed at a moment, with their age and how well they are known. */
export const queryFacts = look({
  name: 'query_facts',
  title: 'Query facts',
  summary:
    'Answers what is, or was, true of the fleet: packages, ports, users, services, files, settings. Use asOf for a past moment and knownAt for what was believed then.',
  capability: 'facts.read',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    ...factFilterInput,
    source: z.string().max(LIMITS.nameChars).optional(),
    attribute: z.string().min(1).max(LIMITS.attributeChars).optional(),
    text: z.string().min(1).max(200).optional().describe('part of anything, any case'),
    type: factTypeInput,
    asOf: timeText('when it was true, default now').optional(),
    knownAt: timeText('as believed then, default now').optional(),
    limit: limitInput,
    cursor: cursorInput,
    scope: scopeInput,
  }),
  output: z.object({
    facts: z.array(factShape),
    nextCursor,
    coverage: z.array(coverageShape),
    candidates: z
      .array(z.string())
      .optional()
      .describe('entities with a similar name, when nothing matched'),
    onRecord: z
      .array(z.string())
      .optional()
      .describe('what would have matched at another moment; fact_history tells when'),
    coverageOmitted: z
      .number()
      .optional()
      .describe('coverage rows left out; narrow by target or kind'),
  }),
  run(input, { facts }, asking) {
    const { cursor, limit, ...question } = input;
    const filter = readFilter(input, asking, facts);
    const pinned = cursor === undefined ? undefined : readCursor(cursor, question, 1, isPageKey);
    const at = pinned?.moments[0] ?? readMoment(input, asking.now, facts);
    const kind = kindAsked(filter);
    const rows = readCoverage(
      facts,
      {
        scopes: filter.scopes,
        ...(filter.target === undefined ? {} : { target: filter.target }),
        ...(filter.source === undefined ? {} : { source: filter.source }),
        ...(kind === undefined ? {} : { kind }),
      },
      at,
      asking.inventory,
      // Nobody looks at what is written here: that none of it is there says nothing of a target.
    ).filter(({ status }) => filter.type === 'observed' || status !== 'never');
    const page = facts.query(filter, at, limit ?? LIMITS.queryDefault, pinned?.place);
    const coverage = fitting(
      shownFirst(rows, page.facts).slice(0, COVERAGE_ROWS).map(showCoverage),
      asking.answerBytes / 3,
    );
    const shown = page.facts.map((fact) => showFact(fact, at.asOf));
    const kept = fitting(
      shown,
      asking.answerBytes - coverage.reduce((sum, row) => sum + rowBytes(row), 512),
    );
    const last = page.facts[kept.length - 1];
    const next =
      kept.length < shown.length && last !== undefined
        ? ([last.entity, last.attribute, last.target, last.source, last.scope] as const)
        : page.next;
    return {
      facts: [...kept],
      nextCursor: next === null ? null : writeCursor(question, [at], next),
      coverage: [...coverage],
      ...(kept.length === 0 && cursor === undefined && input.entity !== undefined
        ? {
            candidates: [...facts.suggest({ scopes: filter.scopes }, bareName(input.entity), 8)],
            ...atAnotherMoment(facts, filter),
          }
        : {}),
      ...(coverage.length < rows.length ? { coverageOmitted: rows.length - coverage.length } : {}),
    };
  },
});

/** What is gone by now, or was not there yet, must not read as a name that was never heard of. */
function atAnotherMoment(facts: FactReader, filter: FactFilter): { onRecord?: string[] } {
  const { versions } = facts.history(filter, 20);
  const entities = [...new Set(versions.map(({ entity }) => entity))].slice(0, 8);
  return entities.length === 0 ? {} : { onRecord: entities };
}

/** What covers the facts of this page comes before what is left out first. */
function shownFirst(
  rows: readonly Coverage[],
  facts: readonly { readonly target: string; readonly source: string; readonly entity: string }[],
): readonly Coverage[] {
  const key = (target: string, source: string, kind: string): string =>
    JSON.stringify([target, source, kind]);
  const shown = new Set(facts.map((fact) => key(fact.target, fact.source, kindOf(fact.entity))));
  const isShown = (row: Coverage): boolean => shown.has(key(row.target, row.source, row.kind));
  return [...rows.filter(isShown), ...rows.filter((row) => !isShown(row))];
}
