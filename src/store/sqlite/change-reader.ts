/** Reads of the change road's tables. Whether uncommitted writes are seen is the connection's matter. */
import type { JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import type { Assurance, ChangeState, Direction, Scope, Tier } from '#model';
import type {
  ApprovalRow,
  AttemptOutcome,
  AttemptRow,
  ChangeFilter,
  ChangePage,
  ChangeReader,
  ChangeRow,
  FlapRow,
  GuardedAttempt,
  OrderRow,
  StandingRow,
  Taint,
  TaintRow,
  Transition,
} from '../changes.ts';
import { TAINT_EXCERPTS } from '../changes.ts';
import { storeFault } from '../faults.ts';
import type { Row, Statements } from './connection.ts';

const CHANGE = `SELECT id, rev, state, action, principal, session, key, created_at, updated_at,
  body, tier, digest, decide_by FROM change`;
const ATTEMPT = `SELECT id, change, number, part, step, direction, target, scope, action, caller,
  groups, started_at, ended_at, outcome, detail FROM attempt`;

export class SqliteChangeReader implements ChangeReader {
  protected readonly sql: Statements;

  constructor(sql: Statements) {
    this.sql = sql;
  }

  change(id: string): ChangeRow | undefined {
    return this.#one(this.sql.row(`${CHANGE} WHERE id = ?`, id));
  }

  byKey(principal: string, key: string): ChangeRow | undefined {
    return this.#one(this.sql.row(`${CHANGE} WHERE principal = ? AND key = ?`, principal, key));
  }

  list(filter: ChangeFilter, limit: number, before?: string): ChangePage {
    const { scopes, states, target, seen = [] } = filter;
    const from = before === undefined ? undefined : this.change(before);
    if (before !== undefined && from === undefined) {
      throw storeFault('invalid-cursor', 'no such cursor: ask again without it');
    }
    const rows = this.sql.rows(
      `${CHANGE} AS c WHERE (? IS NULL OR (c.created_at, c.id) < (?, ?))
         AND (? IS NULL OR c.state IN (SELECT value FROM json_each(?)))
         AND (? IS NULL OR EXISTS
           (SELECT 1 FROM change_target t WHERE t.target = ? AND t.change = c.id))
         AND NOT EXISTS (SELECT 1 FROM change_target t WHERE t.change = c.id
           AND t.scope NOT IN (SELECT value FROM json_each(?))
           AND NOT EXISTS (SELECT 1 FROM json_each(?) s
             WHERE s.value ->> 'id' = t.target AND s.value ->> 'scope' = t.scope))
       ORDER BY c.created_at DESC, c.id DESC LIMIT ? + 0`,
      before ?? null,
      from?.createdAt ?? null,
      before ?? null,
      states === undefined ? null : 1,
      JSON.stringify(states ?? []),
      target ?? null,
      target ?? null,
      JSON.stringify(scopes),
      JSON.stringify(seen.map(({ id, scope }) => ({ id, scope }))),
      limit + 1,
    );
    const changes = rows.slice(0, limit).map((row) => this.#change(row));
    return { changes, next: rows.length > limit ? (changes.at(-1)?.id ?? null) : null };
  }

  inStates(states: readonly ChangeState[]): readonly ChangeRow[] {
    return this.sql
      .rows(
        `${CHANGE} WHERE state IN (SELECT value FROM json_each(?)) ORDER BY created_at, id`,
        JSON.stringify(states),
      )
      .map((row) => this.#change(row));
  }

  overdue(now: Instant): readonly ChangeRow[] {
    return this.sql
      .rows(`${CHANGE} WHERE state = 'previewed' AND decide_by <= ? ORDER BY created_at, id`, now)
      .map((row) => this.#change(row));
  }

  waiting(session?: string): number {
    return (
      this.sql.number(
        `SELECT count(*) FROM change
         WHERE state IN ('proposed', 'previewed') AND (?1 IS NULL OR session = ?1)`,
        session ?? null,
      ) ?? 0
    );
  }

  transitions(id: string): readonly Transition[] {
    return this.sql
      .rows(
        'SELECT change, rev, state, at, actor, detail FROM change_move WHERE change = ? ORDER BY rev',
        id,
      )
      .map(([change, rev, state, at, actor, detail]) => ({
        change: change as string,
        rev: rev as number,
        state: state as ChangeState,
        at: at as Instant,
        actor: actor as string,
        detail: jsonOf(detail),
      }));
  }

  approvals(id: string): readonly ApprovalRow[] {
    return this.sql
      .rows(
        `SELECT change, operator, number, assurance, at, signature, detail FROM approval
         WHERE change = ? ORDER BY rowid`,
        id,
      )
      .map(([change, operator, order, assurance, at, signature, detail]) => ({
        change: change as string,
        operator: operator as string,
        order: order as number,
        assurance: assurance as Assurance,
        at: at as Instant,
        signature: signature as string,
        detail: jsonOf(detail),
      }));
  }

  orders(id: string): readonly OrderRow[] {
    return this.sql
      .rows(
        `SELECT change, number, kind, text, parts, made_at, run_by, signature FROM change_order
         WHERE change = ? ORDER BY number`,
        id,
      )
      .map(([change, number, kind, text, parts, madeAt, runBy, signature]) => ({
        change: change as string,
        number: number as number,
        kind: kind as OrderRow['kind'],
        text: text as string,
        parts: jsonOf<readonly string[]>(parts),
        signature: signature as string | null,
        madeAt: madeAt as Instant,
        runBy: runBy as Instant,
      }));
  }

  attempts(id: string): readonly AttemptRow[] {
    return this.sql.rows(`${ATTEMPT} WHERE change = ? ORDER BY number, part`, id).map(attemptOf);
  }

  attemptsOn(target: string): readonly AttemptRow[] {
    return this.sql
      .rows(`${ATTEMPT} WHERE target = ? ORDER BY started_at DESC, id LIMIT 200`, target)
      .map(attemptOf);
  }

  attemptsSince(since: Instant): readonly GuardedAttempt[] {
    const states = new Map(
      this.sql
        .rows(
          `SELECT id, state FROM change WHERE state IN ('executing', 'ambiguous')
             OR id IN (SELECT change FROM attempt WHERE started_at >= ?)`,
          since,
        )
        .map(([id, state]) => [id as string, state as ChangeState]),
    );
    return this.sql
      .rows(
        `${ATTEMPT} WHERE started_at >= ? OR change IN
           (SELECT id FROM change WHERE state IN ('executing', 'ambiguous'))
         ORDER BY started_at, id`,
        since,
      )
      .map(attemptOf)
      .map((attempt) => ({ ...attempt, state: states.get(attempt.change) ?? 'executing' }));
  }

  standings(): readonly StandingRow[] {
    return this.sql
      .rows(
        `SELECT id, action, text, signatures, expires_at, added_at, s.actor, detail, e.at
         FROM standing s LEFT JOIN standing_end e ON e.standing = s.id ORDER BY added_at, id`,
      )
      .map(([id, action, text, signatures, expiresAt, addedAt, actor, detail, revokedAt]) => ({
        id: id as string,
        action: action as string,
        text: text as string,
        signatures: jsonOf<readonly string[]>(signatures),
        expiresAt: expiresAt as Instant,
        addedAt: addedAt as Instant,
        actor: actor as string,
        detail: jsonOf(detail),
        revokedAt: revokedAt as Instant | null,
      }));
  }

  taint(session: string, until?: Instant): Taint | undefined {
    const since = this.sql.number(
      'SELECT at FROM taint WHERE session = ? ORDER BY position LIMIT 1',
      session,
    );
    if (since === undefined) return undefined;
    const operations = this.sql
      .rows('SELECT DISTINCT operation FROM taint WHERE session = ?', session)
      .map(([operation]) => operation as string);
    const newest = this.sql
      .rows(
        `SELECT at, operation, text FROM taint WHERE session = ?1 AND (?2 IS NULL OR at <= ?2)
         ORDER BY position DESC LIMIT ?3 + 0`,
        session,
        until ?? null,
        TAINT_EXCERPTS,
      )
      .map(
        ([at, operation, text]): TaintRow => ({
          session,
          at: at as Instant,
          operation: operation as string,
          text: text as string,
        }),
      );
    return { since: since as Instant, operations, excerpts: newest.toReversed() };
  }

  flaps(action: string): readonly FlapRow[] {
    return this.sql
      .rows('SELECT target, marked, at, actor FROM flap WHERE action = ? ORDER BY id', action)
      .map(([target, marked, at, actor]) => ({
        target: target as string,
        action,
        marked: marked === 1,
        at: at as Instant,
        actor: actor as string,
      }));
  }

  #one(row: Row | undefined): ChangeRow | undefined {
    return row === undefined ? undefined : this.#change(row);
  }

  #change(row: Row): ChangeRow {
    const [id, rev, state, action, principal, session, key, createdAt, updatedAt] = row;
    const [body, tier, digest, decideBy] = row.slice(9);
    return {
      id: id as string,
      rev: rev as number,
      state: state as ChangeState,
      action: action as string,
      principal: principal as string,
      session: session as string,
      idempotencyKey: key as string | null,
      createdAt: createdAt as Instant,
      updatedAt: updatedAt as Instant,
      targets: this.sql
        .rows(
          'SELECT target, scope FROM change_target WHERE change = ? ORDER BY position',
          id as string,
        )
        .map(([target, scope]) => ({ id: target as string, scope: scope as Scope })),
      body: jsonOf(body),
      tier: tier as Tier | null,
      digest: digest as string | null,
      decideBy: decideBy as Instant | null,
    };
  }
}

function attemptOf(row: Row): AttemptRow {
  const [id, change, order, part, step, direction, target, scope, action, caller] = row;
  const [groups, startedAt, endedAt, outcome, detail] = row.slice(10);
  return {
    id: id as string,
    change: change as string,
    order: order as number,
    part: part as number,
    step: step as number,
    direction: direction as Direction,
    target: target as string,
    scope: scope as Scope,
    action: action as string,
    caller: caller as string,
    groups: jsonOf<readonly string[]>(groups),
    startedAt: startedAt as Instant,
    endedAt: endedAt as Instant | null,
    outcome: outcome as AttemptOutcome | null,
    detail: detail === null ? null : jsonOf(detail),
  };
}

function jsonOf<T = JsonObject>(text: unknown): T {
  try {
    return JSON.parse(text as string) as T;
  } catch (cause) {
    throw storeFault(
      'store-damaged',
      'a stored record of a change cannot be read: restore a backup, or ask holdfast verify',
      { cause },
    );
  }
}
