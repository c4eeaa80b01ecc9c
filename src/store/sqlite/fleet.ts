/**
 * Facts of whole entities in page order: streams and what held in them come from one statement, which
 * is cheaper than two where every stream of an entity may answer.
 */
import { FACT_TYPES } from '#model';
import { compareText } from '../order.ts';
import type { FactFilter } from '../protocol.ts';
import type { Candidate, Candidates, EntityName } from './candidates.ts';
import type { Row, Statements } from './connection.ts';
import type { Names } from './names.ts';
import { packedRun, type Run, type RunStatements } from './run-statements.ts';

/** About how many rows are held at once. */
const ROWS = 1_000;
const FIRST_ENTITIES = 4;
const MOST_ENTITIES = 1_024;

const ENTITY = 4;
const ATTRIBUTE = 5;
const ORIGIN = 6;

/** What the statements are asked about: `asOf`, `op` and when that operation was recorded. */
export type RunMoment = readonly [asOf: number, op: number, recordedAt: number];

/** A candidate and what held in it. */
export type Found = Omit<Candidate, 'stream'> & { readonly run: Run };

export function* factsOfEntities(
  sql: Statements,
  names: Names,
  statements: () => RunStatements,
  entities: ReturnType<Candidates['wholeEntities']>,
  filter: FactFilter,
  [asOf, op, recordedAt]: RunMoment,
): Generator<readonly Found[]> {
  const { type } = filter;
  const attribute =
    filter.attribute === undefined ? null : names.idOf('attribute', filter.attribute);
  if (entities === undefined || attribute === undefined) return;
  const typeId = FACT_TYPES.indexOf(type);
  let size = FIRST_ENTITIES;
  for (let next = entities.next(size); !next.done; next = entities.next(size)) {
    const batch = next.value;
    const { entities: all, entitiesOne: one } = statements();
    const ids = JSON.stringify(batch.map(([id]) => id));
    const sent = attribute === null ? all : one;
    const rows = sql.rows(sent, asOf, op, ids, attribute, typeId, recordedAt);
    const entityNames = new Map(batch);
    const found: Found[] = [];
    for (const row of inPageOrder(rows, batch, names)) {
      const run = packedRun(row);
      if (run === undefined) continue;
      found.push({
        run,
        origin: names.origin(row[ORIGIN] as number),
        entity: entityNames.get(row[ENTITY] as number) as string,
        attribute: names.attribute(row[ATTRIBUTE] as number),
        type,
      });
    }
    yield found;
    const room = Math.floor((batch.length * ROWS) / Math.max(1, rows.length));
    size = Math.max(1, Math.min(room, batch.length * 4, MOST_ENTITIES));
  }
}

/**
 * By entity, attribute and origin. Few names stand in many rows, so the names are put in order once, and the
 * rows dealt out to them, least significant name first.
 */
function inPageOrder(
  rows: readonly Row[],
  batch: readonly EntityName[],
  names: Names,
): readonly Row[] {
  const byOrigin = dealt(rows, ORIGIN, (ids) => {
    const origins = ids.map((id) => names.origin(id));
    origins.sort(
      (a, b) =>
        compareText(a.target, b.target) ||
        compareText(a.source, b.source) ||
        compareText(a.scope, b.scope),
    );
    return origins.map(({ id }) => id);
  });
  const byAttribute = dealt(byOrigin, ATTRIBUTE, (ids) => {
    const attributes = ids.map((id) => ({ id, name: names.attribute(id) }));
    attributes.sort((a, b) => compareText(a.name, b.name));
    return attributes.map(({ id }) => id);
  });
  return dealt(byAttribute, ENTITY, () => batch.map(([id]) => id));
}

/** Rows by the order of the ids in one column; rows of the same id stay in the order they were in. */
function dealt(
  rows: readonly Row[],
  column: number,
  order: (ids: number[]) => readonly number[],
): readonly Row[] {
  const piles = new Map<number, Row[]>();
  for (const row of rows) {
    const id = row[column] as number;
    const pile = piles.get(id);
    if (pile === undefined) piles.set(id, [row]);
    else pile.push(row);
  }
  if (piles.size < 2) return rows;
  const sorted: Row[] = [];
  for (const id of order([...piles.keys()])) {
    const pile = piles.get(id);
    if (pile !== undefined) for (const row of pile) sorted.push(row);
  }
  return sorted;
}
