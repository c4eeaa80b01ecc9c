/**
 * The statements that find what held at a moment (?1), as believed right after an operation (?2)
 * that was recorded at ?6: one seek to the run, one to its end.
 */
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
const AHEAD = (stream: string, side: '<=' | '>', order: 'DESC' | 'ASC'): string => `
  (SELECT a.valid_from FROM ahead a CROSS JOIN fact h ON h.stream = a.stream
     AND h.valid_from = a.valid_from AND ${BELIEVED('h')}
   WHERE a.stream = ${stream} AND a.valid_from ${side} ?1 ORDER BY a.valid_from ${order} LIMIT 1)`;
const RUN = (stream: string, ahead: boolean): string => {
  const later = AHEAD(stream, '>', 'ASC');
  const next = ahead ? `coalesce(${NEXT(stream)}, ${later})` : NEXT(stream);
  return `${stream}, f.valid_from, f.seen_from - f.lag, f.value, ${next},
    (SELECT 1 FROM timed_stream t WHERE t.stream = ${stream})`;
};
const FACT_OF = (stream: string, ahead: boolean): string => {
  const last = ahead
    ? `max(coalesce(${LAST(stream)}, ${OUTSIDE}), coalesce(${AHEAD(stream, '<=', 'DESC')}, ${OUTSIDE}))`
    : LAST(stream);
  return `f.stream = ${stream} AND f.valid_from = ${last} AND ${BELIEVED('f')}
    AND f.value IS NOT NULL`;
};

/** Facts of many streams. */
const RUNS = (ahead: boolean): string => `SELECT ${RUN('j.value', ahead)}
  FROM json_each(?3) j CROSS JOIN fact f ON ${FACT_OF('j.value', ahead)} WHERE ?4 IS ?5`;
/** Facts of one entity's attribute, whoever says so. */
const POINT = (ahead: boolean): string => `SELECT ${RUN('s.id', ahead)}, s.origin
  FROM stream s CROSS JOIN fact f ON ${FACT_OF('s.id', ahead)}
  WHERE s.entity = ?3 AND s.attribute = ?4 AND s.type = ?5`;
export const RUN_STATEMENTS = {
  plain: { runs: RUNS(false), point: POINT(false) },
  ahead: { runs: RUNS(true), point: POINT(true) },
};
