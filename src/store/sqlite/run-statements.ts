/**
 * The statements that find what held at a moment (?1), as believed right after an operation (?2)
 * that was recorded at ?6: one seek to the run, one to its end.
 */
import type { Row } from './connection.ts';

const BELIEVED = (row: string): string =>
  `${row}.seen_from <= ?2 AND (${row}.seen_to IS NULL OR ${row}.seen_to > ?2)`;

/** Times beyond the moment of belief (?6) are looked for only where there are any, in `ahead`. */
const OUTSIDE = -(2 ** 53);
const LAST = (stream: string): string => `(SELECT g.valid_from FROM fact g
  WHERE g.stream = ${stream} AND g.valid_from <= min(?1, ?6) AND ${BELIEVED('g')}
  ORDER BY g.valid_from DESC LIMIT 1)`;
const NEXT = (stream: string): string => `(SELECT n.valid_from FROM fact n
  WHERE n.stream = ${stream} AND n.valid_from > ?1 AND n.valid_from <= ?6 AND ${BELIEVED('n')}
  ORDER BY n.valid_from LIMIT 1)`;
const LATER = (stream: string, side: '<=' | '>', order: 'DESC' | 'ASC'): string => `
  (SELECT a.valid_from FROM ahead a CROSS JOIN fact h ON h.stream = a.stream
     AND h.valid_from = a.valid_from AND ${BELIEVED('h')}
   WHERE a.stream = ${stream} AND a.valid_from ${side} ?1 ORDER BY a.valid_from ${order} LIMIT 1)`;
const RUN = (stream: string, ahead: boolean, timed: boolean): string => {
  const later = LATER(stream, '>', 'ASC');
  const next = ahead ? `coalesce(${NEXT(stream)}, ${later})` : NEXT(stream);
  return `${stream}, f.valid_from, f.seen_from - f.lag, f.value, ${next},
    ${timed ? `(SELECT 1 FROM timed_stream t WHERE t.stream = ${stream})` : 'NULL'}`;
};
const FACT_OF = (stream: string, ahead: boolean): string => {
  const last = ahead
    ? `max(coalesce(${LAST(stream)}, ${OUTSIDE}), coalesce(${LATER(stream, '<=', 'DESC')}, ${OUTSIDE}))`
    : LAST(stream);
  return `f.stream = ${stream} AND f.valid_from = ${last} AND ${BELIEVED('f')}
    AND f.value IS NOT NULL`;
};

/** What held in one stream at the moment asked about. */
export type Run = {
  readonly stream: number;
  readonly from: number;
  readonly to: number | null;
  readonly op: number;
  readonly held: string;
  readonly timed: boolean;
};

/** Reads what the rows of all these statements begin with. */
export function runOf(row: Row): Run {
  return {
    stream: row[0] as number,
    from: row[1] as number,
    to: row[4] as number | null,
    op: row[2] as number,
    held: row[3] as string,
    timed: row[5] !== null,
  };
}

export type RunStatements = {
  /** Facts of many streams (?3). */
  readonly runs: string;
  /** Facts of one entity's attribute (?3, ?4) of one type (?5), whoever says so; the origin last. */
  readonly point: string;
  /** Facts of many entities (?3) of one type (?5); entity, attribute and origin last. */
  readonly entities: string;
  /** The same of one attribute (?4). */
  readonly entitiesOne: string;
};

function statements(ahead: boolean, timed: boolean): RunStatements {
  const run = (stream: string): string => RUN(stream, ahead, timed);
  const entities = (test: string): string =>
    `SELECT ${run('s.id')}, s.entity, s.attribute, s.origin
     FROM json_each(?3) j CROSS JOIN stream s ON s.entity = j.value
     CROSS JOIN fact f ON ${FACT_OF('s.id', ahead)} WHERE s.type = ?5 AND ${test}`;
  return {
    runs: `SELECT ${run('j.value')} FROM json_each(?3) j
      CROSS JOIN fact f ON ${FACT_OF('j.value', ahead)} WHERE ?4 IS ?5`,
    point: `SELECT ${run('s.id')}, s.origin FROM stream s CROSS JOIN fact f ON ${FACT_OF('s.id', ahead)}
      WHERE s.entity = ?3 AND s.attribute = ?4 AND s.type = ?5`,
    entities: entities('?4 IS NULL'),
    entitiesOne: entities('s.attribute = ?4'),
  };
}

const PLAIN = { timed: statements(false, true), untimed: statements(false, false) };
const AHEAD = { timed: statements(true, true), untimed: statements(true, false) };

/** The cheapest that are right for what a store holds. */
export function runStatements(holds: {
  readonly hasAhead: boolean;
  readonly hasTimed: boolean;
}): RunStatements {
  const form = holds.hasAhead ? AHEAD : PLAIN;
  return holds.hasTimed ? form.timed : form.untimed;
}
