/**
 * The tables, as numbered migrations that only go forward. A migration that was released is never
 * edited; the next one gets the next number.
 *
 * Names, scopes, actors and reasons are stored once and referred to by number. `fact` holds one
 * row for each breakpoint at which a believed value changes; what repeats a value is only in the
 * observation's shape. See docs/decisions/0002-breakpoints-and-stored-sets.md.
 */
import { BLOCKED_TABLES } from './blocked.ts';
import { CHANGE_MAY_WAIT_AGAIN, CHANGE_TABLES, CHANGE_TABLES_UNCHANGING } from './change-tables.ts';

export const APPLICATION_ID = 0x48_6f_6c_64;

const REFUSED = (table: string): string => `
  CREATE TRIGGER ${table}_keeps_rows BEFORE DELETE ON ${table}
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;`;

const UNCHANGING = (table: string): string => `${REFUSED(table)}
  CREATE TRIGGER ${table}_keeps_values BEFORE UPDATE ON ${table}
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;`;

export const MIGRATIONS: readonly { readonly number: number; readonly sql: string }[] = [
  {
    number: 1,
    sql: `
  CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE origin(
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, target TEXT NOT NULL, source TEXT NOT NULL,
    UNIQUE(target, source, scope)) STRICT;
  CREATE TABLE entity(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE attribute(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- type: index into the model's list of fact types
  CREATE TABLE stream(
    id INTEGER PRIMARY KEY, origin INTEGER NOT NULL, type INTEGER NOT NULL,
    entity INTEGER NOT NULL, attribute INTEGER NOT NULL,
    UNIQUE(entity, attribute, origin, type)) STRICT;
  CREATE INDEX stream_of_origin ON stream(origin, type, entity);
  -- streams that an operation with explicit times ever touched
  CREATE TABLE timed_stream(stream INTEGER PRIMARY KEY) STRICT;

  -- What an observation lists, by content. more: JSON
  -- {claims: [[kind, status, reason]], kinds: [kind], timed: [[stream, validFrom, validTo]]}
  CREATE TABLE shape(
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, streams BLOB NOT NULL, more TEXT NOT NULL
  ) STRICT;

  -- op counts observations; facts: rows of fact so far. Counts are those of the receipt.
  CREATE TABLE observation(
    op INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, origin INTEGER NOT NULL,
    type INTEGER NOT NULL, observed_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL UNIQUE,
    shape INTEGER NOT NULL, actor INTEGER NOT NULL, reason INTEGER, sha256 BLOB NOT NULL,
    key TEXT, written INTEGER NOT NULL, unchanged INTEGER NOT NULL, superseded INTEGER NOT NULL,
    retired INTEGER NOT NULL, facts INTEGER NOT NULL) STRICT;
  CREATE INDEX observation_of_origin ON observation(origin, observed_at);
  CREATE UNIQUE INDEX observation_by_key ON observation(origin, key) WHERE key IS NOT NULL;

  -- kinds an origin ever listed (claimed 0) or spoke of as a whole (claimed 1), since when
  CREATE TABLE origin_kind(
    origin INTEGER NOT NULL, kind INTEGER NOT NULL, claimed INTEGER NOT NULL, op INTEGER NOT NULL,
    PRIMARY KEY(origin, kind, claimed)) WITHOUT ROWID, STRICT;

  -- Believed from op seen_from until op seen_to; set by op seen_from - lag. value: JSON text,
  -- with a leading ~ when altered, NULL when absent. The value holds until the stream's next row.
  CREATE TABLE fact(
    stream INTEGER NOT NULL, valid_from INTEGER NOT NULL, seen_from INTEGER NOT NULL,
    lag INTEGER NOT NULL, seen_to INTEGER, value TEXT,
    PRIMARY KEY(stream, valid_from, seen_from)) WITHOUT ROWID, STRICT;
  CREATE TRIGGER fact_closes_once BEFORE UPDATE ON fact
    WHEN OLD.seen_to IS NOT NULL OR NEW.seen_to IS NULL OR NEW.seen_to <= OLD.seen_from
      OR NEW.stream IS NOT OLD.stream OR NEW.valid_from IS NOT OLD.valid_from
      OR NEW.seen_from IS NOT OLD.seen_from OR NEW.lag IS NOT OLD.lag
      OR NEW.value IS NOT OLD.value
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
  ${REFUSED('fact')}
  ${['word', 'origin', 'entity', 'attribute', 'stream', 'timed_stream', 'shape', 'observation', 'origin_kind'].map(UNCHANGING).join('')}
`,
  },
  {
    number: 2,
    sql: `
  -- Rows of fact at a time later than the moment from which they were believed. All others that were
  -- believed at a moment stand at or before it, which bounds the search for them.
  CREATE TABLE ahead(
    stream INTEGER NOT NULL, valid_from INTEGER NOT NULL, PRIMARY KEY(stream, valid_from)
  ) WITHOUT ROWID, STRICT;
  INSERT INTO ahead SELECT DISTINCT f.stream, f.valid_from FROM fact f
    JOIN observation o ON o.op = f.seen_from WHERE f.valid_from > o.recorded_at;
  ${UNCHANGING('ahead')}
`,
  },
  {
    number: 3,
    sql: `${CHANGE_TABLES}
  ${REFUSED('change')} ${REFUSED('attempt')}
  ${CHANGE_TABLES_UNCHANGING.map(UNCHANGING).join('')}
`,
  },
  {
    number: 4,
    sql: `${BLOCKED_TABLES}
  ${REFUSED('blocked')} ${REFUSED('blocked_note')}
`,
  },
  {
    number: 5,
    sql: `
  -- streams that ever held a reference to an entity
  CREATE TABLE edge_stream(stream INTEGER PRIMARY KEY) STRICT;
  INSERT INTO edge_stream SELECT DISTINCT stream FROM fact WHERE instr(value, '{"ref":') > 0;
  -- How many streams of an origin and type an operation set otherwise, from which moment on. What moves by
  -- itself is left out, but for what was recorded before this table was there.
  CREATE TABLE stir(
    op INTEGER NOT NULL, at INTEGER NOT NULL, origin INTEGER NOT NULL, type INTEGER NOT NULL,
    streams INTEGER NOT NULL, PRIMARY KEY(op, at)) WITHOUT ROWID, STRICT;
  CREATE INDEX stir_at ON stir(type, at, op, origin, streams);
  INSERT INTO stir SELECT f.seen_from, f.valid_from, s.origin, s.type, count(*)
    FROM fact f JOIN stream s ON s.id = f.stream WHERE f.lag = 0 GROUP BY 1, 2;
  ${UNCHANGING('edge_stream')} ${UNCHANGING('stir')}
`,
  },
  { number: 6, sql: CHANGE_MAY_WAIT_AGAIN },
];
