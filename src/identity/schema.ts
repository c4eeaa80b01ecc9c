/** The tables, as migrations that only go forward: one that was released is never edited. Moments are microseconds. */
export const APPLICATION_ID = 0x48_66_49_64;

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE session(
    id TEXT PRIMARY KEY, secret BLOB NOT NULL UNIQUE, operator TEXT NOT NULL, method TEXT NOT NULL,
    groups TEXT NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, user_agent TEXT NOT NULL, address TEXT NOT NULL,
    credential TEXT) STRICT;
  CREATE INDEX session_of ON session(operator, created_at);

  CREATE TABLE passkey(
    credential TEXT PRIMARY KEY, operator TEXT NOT NULL, key TEXT NOT NULL UNIQUE, cose BLOB NOT NULL,
    rp_id TEXT NOT NULL, counter INTEGER NOT NULL, transports TEXT NOT NULL, label TEXT NOT NULL,
    backed_up INTEGER NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER) STRICT;
  CREATE INDEX passkey_of ON passkey(operator, created_at);
  CREATE TRIGGER passkey_stays BEFORE UPDATE ON passkey
    WHEN NEW.credential IS NOT OLD.credential OR NEW.operator IS NOT OLD.operator
      OR NEW.key IS NOT OLD.key OR NEW.cose IS NOT OLD.cose OR NEW.rp_id IS NOT OLD.rp_id
      OR NEW.counter < OLD.counter
    BEGIN SELECT RAISE(ABORT, 'a passkey stays what it is'); END;

  CREATE TABLE invitation(
    id TEXT PRIMARY KEY, code BLOB NOT NULL UNIQUE, operator TEXT NOT NULL, name TEXT NOT NULL,
    accounts TEXT NOT NULL, invited_by TEXT NOT NULL, expires_at INTEGER NOT NULL,
    pending_key TEXT, spent INTEGER NOT NULL) STRICT;
  CREATE TRIGGER invitation_once BEFORE UPDATE ON invitation
    WHEN NEW.spent < OLD.spent OR NEW.operator IS NOT OLD.operator OR NEW.code IS NOT OLD.code
      OR NEW.expires_at IS NOT OLD.expires_at
      OR (OLD.pending_key IS NOT NULL AND NEW.pending_key IS NOT OLD.pending_key)
    BEGIN SELECT RAISE(ABORT, 'an invitation is used once'); END;

  CREATE TABLE recovery(
    operator TEXT NOT NULL, code BLOB NOT NULL, PRIMARY KEY(operator, code)) WITHOUT ROWID, STRICT;
  CREATE TABLE attempt(operator TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX attempt_of ON attempt(operator, at);

  -- body: JSON of what was issued, which nothing changes
  CREATE TABLE lease(
    id TEXT PRIMARY KEY, bearer BLOB NOT NULL UNIQUE, body TEXT NOT NULL, issued_at INTEGER NOT NULL,
    revoked_at INTEGER, revoked_by TEXT, revoked_why TEXT, uses INTEGER NOT NULL,
    failures INTEGER NOT NULL, used_at INTEGER, last_operation TEXT) STRICT;
  CREATE TRIGGER lease_stays BEFORE UPDATE ON lease
    WHEN NEW.id IS NOT OLD.id OR NEW.bearer IS NOT OLD.bearer OR NEW.body IS NOT OLD.body
      OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at)
    BEGIN SELECT RAISE(ABORT, 'a lease stays what was issued, and revoked'); END;
  CREATE TRIGGER lease_kept BEFORE DELETE ON lease
    BEGIN SELECT RAISE(ABORT, 'leases are kept'); END;

  CREATE TABLE glass(
    operator TEXT PRIMARY KEY, reason TEXT NOT NULL, opened_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL) STRICT;
`,
  `
  CREATE TABLE born(at INTEGER NOT NULL) STRICT;
  CREATE TRIGGER born_once BEFORE UPDATE ON born
    BEGIN SELECT RAISE(ABORT, 'a file begins once'); END;
  CREATE TRIGGER born_stays BEFORE DELETE ON born
    BEGIN SELECT RAISE(ABORT, 'a file begins once'); END;

  -- who asks with tokens of an identity provider: one row for each subject and client
  CREATE TABLE external(
    id TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, client TEXT NOT NULL,
    operator TEXT NOT NULL, profile TEXT NOT NULL, first_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, revoked_at INTEGER, revoked_by TEXT, revoked_why TEXT,
    uses INTEGER NOT NULL, failures INTEGER NOT NULL, used_at INTEGER,
    last_operation TEXT) STRICT;
  CREATE TABLE barred(
    issuer TEXT NOT NULL, jti TEXT NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL,
    by TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY(issuer, jti)) WITHOUT ROWID, STRICT;
  CREATE TABLE issuer_floor(
    issuer TEXT PRIMARY KEY, not_before INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    why TEXT NOT NULL) STRICT;
  CREATE TRIGGER floor_rises BEFORE UPDATE ON issuer_floor WHEN NEW.not_before < OLD.not_before
    BEGIN SELECT RAISE(ABORT, 'what was barred stays barred'); END;
  CREATE TRIGGER floor_kept BEFORE DELETE ON issuer_floor
    BEGIN SELECT RAISE(ABORT, 'what was barred stays barred'); END;

  CREATE TABLE attested(
    operator TEXT PRIMARY KEY, issuer TEXT NOT NULL, groups TEXT NOT NULL,
    at INTEGER NOT NULL) STRICT;
`,
  // Sessions from before were worth their cookie alone: everybody signs in once more.
  `
  DELETE FROM session;
  ALTER TABLE session ADD COLUMN page_key TEXT NOT NULL DEFAULT '';
`,
];
