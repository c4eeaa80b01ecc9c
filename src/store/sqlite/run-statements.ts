/**
 * The statements that find what held at a moment (?1), as believed right after an operation (?2)
 * that was recorded at ?6. Times beyond that moment are looked for only where there are any, in `ahead`.
 */
import type { Row } from './connection.ts';

const BELIEVED = (row: string): string =>
  `${row}.seen_from <= ?2 AND (${row}.seen_to IS NULL OR ${row}.seen_to > ?2)`;

/** Earlier than every time. */
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
const END = (stream: string, ahead: boolean): string =>
  ahead ? `coalesce(${NEXT(stream)}, ${LATER(stream, '>', 'ASC')})` : NEXT(stream);
const TIMED = (stream: string, timed: boolean): string =>
  timed ? `(SELECT 1 FROM timed_stream t WHERE t.stream = ${stream})` : 'NULL';
const RUN = (stream: string, ahead: boolean, timed: boolean): string =>
  `${stream}, f.valid_from, f.seen_from - f.lag, f.value, ${END(stream, ahead)},
    ${TIMED(stream, timed)}`;
const FACT_OF = (stream: string, ahead: boolean): string => {
  const last = ahead
    ? `max(coalesce(${LAST(stream)}, ${OUTSIDE}), coalesce(${LATER(stream, '<=', 'DESC')}, ${OUTSIDE}))`
    : LAST(stream);
  return `f.stream = ${stream} AND f.valid_from = ${last} AND ${BELIEVED('f')}
    AND f.value IS NOT NULL`;
};

/** A run as one text, so that finding it and reading it are one seek. */
const PACKED = (stream: string, ahead: boolean): string => {
  const found = ahead
    ? FACT_OF(stream, true)
    : `f.stream = ${stream} AND f.valid_from <= min(?1, ?6) AND ${BELIEVED('f')}`;
  return `(SELECT f.valid_from || ' ' || (f.seen_from - f.lag) || ' ' || f.value FROM fact f
    WHERE ${found} ORDER BY f.valid_from DESC LIMIT 1)`;
};

/** Only the value. */
const HELD = (stream: string, ahead: boolean): string => {
  const found = ahead
    ? FACT_OF(stream, true)
    : `f.stream = ${stream} AND f.valid_from <= min(?1, ?6) AND ${BELIEVED('f')}`;
  return `(SELECT f.value FROM fact f WHERE ${found} ORDER BY f.valid_from DESC LIMIT 1)`;
};

export type RunStatements = {
  /** Facts of many streams (?3). */
  readonly runs: string;
  /** Facts of one entity's attribute (?3, ?4) of one type (?5), whoever says so; the origin last. */
  readonly point: string;
  /** Streams of many entities (?3) of one type (?5) with their packed runs; entity, attribute and origin last. */
  readonly entities: string;
  /** The same of one attribute (?4). */
  readonly entitiesOne: string;
  /** What an origin (?3) holds of one type (?4): entity, attribute and value; ?5 is nothing. */
  readonly held: string;
  /** One attribute (?3) of one type (?4) of many entities (?5): entity, origin and value. */
  readonly values: string;
  /** What refers to entities, of one type (?3): origin, attribute, entity and value; ?4 and ?5 are nothing. */
  readonly edges: string;
  /** As \`held\`, of some entities, which ?5 names; their places in that list instead of their names. */
  readonly heldOf: string;
};

function statements(ahead: boolean, timed: boolean): RunStatements {
  const run = (stream: string): string => RUN(stream, ahead, timed);
  const entities = (test: string): string =>
    `SELECT s.id, ${PACKED('s.id', ahead)}, ${END('s.id', ahead)}, ${TIMED('s.id', timed)},
       s.entity, s.attribute, s.origin
     FROM json_each(?3) j CROSS JOIN stream s ON s.entity = j.value WHERE s.type = ?5 AND ${test}`;
  return {
    runs: `SELECT ${run('j.value')} FROM json_each(?3) j
      CROSS JOIN fact f ON ${FACT_OF('j.value', ahead)} WHERE ?4 IS ?5`,
    point: `SELECT ${run('s.id')}, s.origin FROM stream s CROSS JOIN fact f ON ${FACT_OF('s.id', ahead)}
      WHERE s.entity = ?3 AND s.attribute = ?4 AND s.type = ?5`,
    entities: entities('?4 IS NULL'),
    entitiesOne: entities('s.attribute = ?4'),
    held: `SELECT e.name, s.attribute, ${HELD('s.id', ahead)} FROM stream s
      CROSS JOIN entity e ON e.id = s.entity WHERE s.origin = ?3 AND s.type = ?4 AND ?5 IS NULL`,
    values: `SELECT s.entity, s.origin, ${HELD('s.id', ahead)} FROM json_each(?5) j
      CROSS JOIN stream s ON s.entity = j.value AND s.attribute = ?3 AND s.type = ?4`,
    edges: `SELECT s.origin, s.attribute, e.name, ${HELD('s.id', ahead)} FROM edge_stream x
      CROSS JOIN stream s ON s.id = x.stream CROSS JOIN entity e ON e.id = s.entity
      WHERE s.type = ?3 AND ?4 IS ?5`,
    // By the origin's own index: an entity may be that of many origins.
    heldOf: `SELECT j.key, s.attribute, ${HELD('s.id', ahead)} FROM json_each(?5) j
      CROSS JOIN entity e ON e.name = j.value CROSS JOIN stream s INDEXED BY stream_of_origin
        ON s.origin = ?3 AND s.type = ?4 AND s.entity = e.id`,
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

/** What held in one stream at the moment asked about. */
export type Run = {
  readonly stream: number;
  readonly from: number;
  readonly to: number | null;
  readonly op: number;
  readonly held: string;
  readonly timed: boolean;
};

/** Reads what the rows of `runs` and `point` begin with. */
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

/** The run of a row of `entities`; `undefined` when nothing held. */
export function packedRun(row: Row): Run | undefined {
  const packed = row[1];
  if (typeof packed !== 'string') return undefined;
  const space = packed.indexOf(' ');
  const second = packed.indexOf(' ', space + 1);
  return {
    stream: row[0] as number,
    from: Number(packed.slice(0, space)),
    to: row[2] as number | null,
    op: Number(packed.slice(space + 1, second)),
    held: packed.slice(second + 1),
    timed: row[3] !== null,
  };
}
