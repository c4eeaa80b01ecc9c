/** Everything that can be checked about the stored state, each problem with the row that has it. */
import { CHANGE_MOVES } from '../changes.ts';
import type { Statements } from './connection.ts';
import { decodeShape, shapeDigest } from './shapes.ts';

/** At most this many of one kind of problem are named. */
const NAMED = 5;

const REFERENCES: readonly [table: string, column: string, to: string][] = [
  ['stream', 'origin', 'origin'],
  ['stream', 'entity', 'entity'],
  ['stream', 'attribute', 'attribute'],
  ['timed_stream', 'stream', 'stream'],
  ['observation', 'origin', 'origin'],
  ['observation', 'shape', 'shape'],
  ['observation', 'actor', 'word'],
  ['observation', 'reason', 'word'],
  ['origin_kind', 'origin', 'origin'],
  ['origin_kind', 'kind', 'word'],
  ['fact', 'stream', 'stream'],
  ['ahead', 'stream', 'stream'],
  ['edge_stream', 'stream', 'stream'],
  ['stir', 'origin', 'origin'],
  ['change_target', 'change', 'change'],
  ['change_move', 'change', 'change'],
  ['approval', 'change', 'change'],
  ['change_order', 'change', 'change'],
  ['attempt', 'change', 'change'],
  ['standing_end', 'standing', 'standing'],
];

const MOVES = Object.entries(CHANGE_MOVES)
  .flatMap(([from, all]) => all.map((to) => `'${from}>${to}'`))
  .join(', ');

const QUESTIONS: readonly [problem: string, sql: string][] = [
  [
    'an observation is not recorded later than the one before it: op',
    `SELECT op FROM (SELECT op, recorded_at, lag(recorded_at) OVER (ORDER BY op) AS before
       FROM observation) WHERE recorded_at <= before`,
  ],
  [
    'operations are missing before: op',
    `SELECT op FROM (SELECT op, coalesce(lag(op) OVER (ORDER BY op), 0) AS before
       FROM observation) WHERE op <> before + 1`,
  ],
  [
    'a fact was set or believed by an observation that is not there: stream',
    `SELECT stream FROM fact f WHERE lag < 0
       OR NOT EXISTS (SELECT 1 FROM observation o WHERE o.op = f.seen_from)
       OR NOT EXISTS (SELECT 1 FROM observation o WHERE o.op = f.seen_from - f.lag)
       OR (seen_to IS NOT NULL AND NOT EXISTS (SELECT 1 FROM observation o WHERE o.op = f.seen_to))`,
  ],
  [
    'a fact was closed before it was believed: stream',
    'SELECT stream FROM fact WHERE seen_to <= seen_from',
  ],
  [
    'two facts of one stream and moment are believed at once: stream',
    `SELECT stream FROM (SELECT stream, valid_from, seen_from,
       lag(coalesce(seen_to, 9007199254740991))
         OVER (PARTITION BY stream, valid_from ORDER BY seen_from) AS before FROM fact)
     WHERE before > seen_from`,
  ],
  [
    'a run is not maximal, its value repeats: stream',
    `SELECT stream FROM (SELECT stream, value, lag(value) OVER w AS before,
       row_number() OVER w AS n FROM fact WHERE seen_to IS NULL
       WINDOW w AS (PARTITION BY stream ORDER BY valid_from))
     WHERE value IS before`,
  ],
  [
    'a fact is ahead of its time and not named so: stream',
    `SELECT f.stream FROM fact f JOIN observation o ON o.op = f.seen_from
     WHERE f.valid_from > o.recorded_at AND NOT EXISTS
       (SELECT 1 FROM ahead a WHERE a.stream = f.stream AND a.valid_from = f.valid_from)`,
  ],
  [
    'a fact refers to an entity and is not named so: stream',
    `SELECT stream FROM fact f WHERE instr(value, '{"ref":') > 0
       AND NOT EXISTS (SELECT 1 FROM edge_stream e WHERE e.stream = f.stream)`,
  ],
  [
    'a value is not JSON: stream',
    `SELECT stream FROM fact WHERE value IS NOT NULL AND NOT json_valid(ltrim(value, '~'))`,
  ],
  [
    'the count of facts does not hold at: op',
    `SELECT o.op FROM observation o WHERE o.op = (SELECT max(op) FROM observation)
       AND o.facts <> (SELECT count(*) FROM fact)`,
  ],
];

const CHANGE_QUESTIONS: readonly [problem: string, sql: string][] = [
  [
    'a change does not stand where its last move left it:',
    `SELECT id FROM change c WHERE NOT EXISTS (SELECT 1 FROM change_move m
       WHERE m.change = c.id AND m.rev = c.rev AND m.state = c.state AND m.at = c.updated_at)
       OR EXISTS (SELECT 1 FROM change_move m WHERE m.change = c.id AND m.rev > c.rev)`,
  ],
  [
    'a move of a change is missing:',
    `SELECT change FROM (SELECT change, rev, row_number() OVER (PARTITION BY change ORDER BY rev)
       AS n FROM change_move) WHERE rev <> n`,
  ],
  [
    'a change moved where none may go:',
    `SELECT change FROM (SELECT change, state, lag(state) OVER (PARTITION BY change ORDER BY rev)
       AS before FROM change_move) WHERE before IS NOT NULL
       AND before || '>' || state NOT IN (${MOVES})`,
  ],
  [
    'a change waits or ran without a plan:',
    `SELECT id FROM change WHERE (digest IS NULL OR tier IS NULL OR decide_by IS NULL)
       AND state NOT IN ('proposed', 'refused', 'cancelled', 'failed')`,
  ],
  [
    'a change runs or ran without an attempt:',
    `SELECT id FROM change c WHERE state IN ('executing', 'confirmed', 'ambiguous', 'rolled-back')
       AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.change = c.id)`,
  ],
  [
    'an attempt is open and nothing runs:',
    `SELECT a.id FROM attempt a JOIN change c ON c.id = a.change WHERE a.ended_at IS NULL
       AND c.state NOT IN ('executing', 'ambiguous')`,
  ],
  [
    'an attempt has half an end:',
    `SELECT id FROM attempt WHERE (ended_at IS NULL) <> (outcome IS NULL)
       OR (ended_at IS NULL) <> (detail IS NULL)`,
  ],
  [
    'a record of a change is not JSON:',
    `SELECT id FROM change WHERE NOT json_valid(body)
       UNION ALL SELECT change FROM change_move WHERE NOT json_valid(detail)
       UNION ALL SELECT change FROM approval WHERE NOT json_valid(detail)
       UNION ALL SELECT change FROM change_order WHERE NOT json_valid(parts)
       UNION ALL SELECT id FROM attempt WHERE NOT json_valid(groups)
         OR (detail IS NOT NULL AND NOT json_valid(detail))
       UNION ALL SELECT id FROM standing WHERE NOT json_valid(signatures) OR NOT json_valid(detail)`,
  ],
  [
    'a record of refused commands is not JSON:',
    `SELECT id FROM blocked WHERE NOT json_valid(body)
       UNION ALL SELECT name FROM blocked_note WHERE NOT json_valid(body)`,
  ],
];

export function problemsOf(sql: Statements, lastOp: number): readonly string[] {
  const damage = sql.rows('PRAGMA integrity_check').map(([text]) => text as string);
  if (damage.length !== 1 || damage[0] !== 'ok') return damage.map((text) => `database: ${text}`);
  return [...references(sql), ...answers(sql), ...shapes(sql), ...lastOps(sql, lastOp)];
}

function references(sql: Statements): string[] {
  return REFERENCES.flatMap(([table, column, to]) =>
    sql
      .rows(
        `SELECT DISTINCT ${column} FROM ${table} t WHERE ${column} IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM "${to}" r WHERE r.id = t.${column}) LIMIT ${NAMED}`,
      )
      .map(([id]) => `${table} names a ${to} that is not there: ${String(id)}`),
  );
}

function answers(sql: Statements): string[] {
  return [...QUESTIONS, ...CHANGE_QUESTIONS].flatMap(([problem, question]) =>
    sql.rows(`${question} LIMIT ${NAMED}`).map(([id]) => `${problem} ${String(id)}`),
  );
}

function shapes(sql: Statements): string[] {
  const streams = sql.number('SELECT max(id) FROM stream') ?? 0;
  const problems: string[] = [];
  let after = 0;
  for (;;) {
    const rows = sql.rows(
      'SELECT id, digest, streams, more FROM shape WHERE id > ? ORDER BY id LIMIT 100',
      after,
    ) as unknown as [number, Uint8Array, Uint8Array, string][];
    for (const [id, digest, bytes, more] of rows) {
      after = id;
      if (problems.length >= NAMED) return problems;
      if (Buffer.compare(digest, shapeDigest(bytes, more)) !== 0) {
        problems.push(`a shape differs from its digest: ${id}`);
        continue;
      }
      const shape = decodeShape(bytes, more);
      if ([...shape.streams, ...shape.timed.keys()].some((stream) => stream > streams)) {
        problems.push(`a shape names a stream that is not there: ${id}`);
      }
    }
    if (rows.length === 0) return problems;
  }
}

function lastOps(sql: Statements, lastOp: number): string[] {
  const found = sql.number('SELECT max(op) FROM observation') ?? 0;
  return found === lastOp ? [] : [`the newest observation is ${found}, not ${lastOp}`];
}
