/**
 * The tables of the change road, as they were released with migration 3.
 *
 * What is written stays: the database itself refuses to remove a row, to change one, or to move a
 * change anywhere but along the pairs listed here.
 */
const RELEASED_PAIRS = `'proposed>previewed', 'proposed>closed', 'proposed>refused', 'proposed>cancelled',
        'proposed>failed',
        'previewed>previewed', 'previewed>approved', 'previewed>closed', 'previewed>refused',
        'previewed>expired', 'previewed>cancelled',
        'approved>executing', 'approved>refused', 'approved>expired', 'approved>cancelled',
        'approved>failed',
        'executing>executing', 'executing>confirmed', 'executing>failed', 'executing>ambiguous',
        'executing>rolled-back',
        'confirmed>executing', 'failed>executing',
        'ambiguous>executing', 'ambiguous>confirmed', 'ambiguous>failed',
        'ambiguous>rolled-back', 'ambiguous>closed'`;

const movesForward = (
  pairs: string,
): string => `  CREATE TRIGGER change_moves_forward BEFORE UPDATE ON change
    WHEN NEW.rev IS NOT OLD.rev + 1 OR NEW.id IS NOT OLD.id OR NEW.action IS NOT OLD.action
      OR NEW.principal IS NOT OLD.principal OR NEW.session IS NOT OLD.session
      OR NEW.key IS NOT OLD.key OR NEW.created_at IS NOT OLD.created_at OR NEW.body IS NOT OLD.body
      OR (OLD.tier IS NOT NULL AND NEW.tier IS NOT OLD.tier)
      OR (OLD.digest IS NOT NULL AND NEW.digest IS NOT OLD.digest)
      OR (OLD.decide_by IS NOT NULL AND NEW.decide_by IS NOT OLD.decide_by)
      OR OLD.state || '>' || NEW.state NOT IN (
        ${pairs})
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
`;

export const CHANGE_TABLES = `
  CREATE TABLE change(
    id TEXT PRIMARY KEY, rev INTEGER NOT NULL, state TEXT NOT NULL, action TEXT NOT NULL,
    principal TEXT NOT NULL, session TEXT NOT NULL, key TEXT, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, body TEXT NOT NULL, tier TEXT, digest TEXT, decide_by INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX change_by_key ON change(principal, key) WHERE key IS NOT NULL;
  CREATE INDEX change_by_age ON change(created_at, id);
  CREATE INDEX change_by_state ON change(state, created_at);

  CREATE TABLE change_target(
    change TEXT NOT NULL, position INTEGER NOT NULL, target TEXT NOT NULL, scope TEXT NOT NULL,
    PRIMARY KEY(change, position)) WITHOUT ROWID, STRICT;
  CREATE INDEX change_of_target ON change_target(target, change);

  CREATE TABLE change_move(
    change TEXT NOT NULL, rev INTEGER NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL,
    actor TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY(change, rev)) STRICT;

  CREATE TABLE approval(
    change TEXT NOT NULL, operator TEXT NOT NULL, number INTEGER NOT NULL, assurance TEXT NOT NULL,
    at INTEGER NOT NULL, signature TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY(change, operator, number)) STRICT;

  CREATE TABLE change_order(
    change TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    parts TEXT NOT NULL, made_at INTEGER NOT NULL, run_by INTEGER NOT NULL, signature TEXT,
    PRIMARY KEY(change, number)) STRICT;

  CREATE TABLE attempt(
    id TEXT PRIMARY KEY, change TEXT NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL,
    step INTEGER NOT NULL, direction TEXT NOT NULL, target TEXT NOT NULL, scope TEXT NOT NULL,
    action TEXT NOT NULL, caller TEXT NOT NULL, groups TEXT NOT NULL, started_at INTEGER NOT NULL,
    ended_at INTEGER, outcome TEXT, detail TEXT, UNIQUE(change, number, part)) STRICT;
  CREATE INDEX attempt_by_start ON attempt(started_at);
  CREATE INDEX attempt_of_target ON attempt(target, started_at);

  CREATE TABLE standing(
    id TEXT PRIMARY KEY, action TEXT NOT NULL, text TEXT NOT NULL, signatures TEXT NOT NULL,
    expires_at INTEGER NOT NULL, added_at INTEGER NOT NULL, actor TEXT NOT NULL,
    detail TEXT NOT NULL) STRICT;
  CREATE TABLE standing_end(
    standing TEXT PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL) STRICT;

  CREATE TABLE taint(
    session TEXT NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL, operation TEXT NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY(session, position)) STRICT;
  CREATE INDEX taint_by_operation ON taint(session, operation);

  CREATE TABLE flap(
    id INTEGER PRIMARY KEY, action TEXT NOT NULL, target TEXT NOT NULL, marked INTEGER NOT NULL,
    at INTEGER NOT NULL, actor TEXT NOT NULL) STRICT;
  CREATE INDEX flap_of_action ON flap(action);

${movesForward(RELEASED_PAIRS)}
  CREATE TRIGGER attempt_ends_once BEFORE UPDATE ON attempt
    WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.outcome IS NULL
      OR NEW.detail IS NULL OR NEW.id IS NOT OLD.id OR NEW.change IS NOT OLD.change
      OR NEW.number IS NOT OLD.number OR NEW.part IS NOT OLD.part OR NEW.step IS NOT OLD.step
      OR NEW.direction IS NOT OLD.direction OR NEW.target IS NOT OLD.target
      OR NEW.scope IS NOT OLD.scope OR NEW.action IS NOT OLD.action
      OR NEW.caller IS NOT OLD.caller OR NEW.groups IS NOT OLD.groups
      OR NEW.started_at IS NOT OLD.started_at
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
`;

/** As released with migration 6: what was approved may wait again, where a signature is missing before anything ran. */
export const CHANGE_MAY_WAIT_AGAIN = `
  DROP TRIGGER change_moves_forward;
${movesForward(`${RELEASED_PAIRS},
        'approved>previewed'`)}`;

/** Written once, never changed. */
export const CHANGE_TABLES_UNCHANGING = [
  'change_target',
  'change_move',
  'approval',
  'change_order',
  'standing',
  'standing_end',
  'taint',
  'flap',
];
