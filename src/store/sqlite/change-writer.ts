/**
 * Writes of the change road's tables, inside one transaction.
 *
 * Whatever can be refused is refused before the first row is written, so a fault thrown here leaves
 * the transaction as it was; only the database itself can break it.
 */
import { invariant } from '#base/fault';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import {
  type ApprovalRow,
  type AttemptOutcome,
  CHANGE_MOVES,
  type ChangeRow,
  type ChangeWriter,
  type FlapRow,
  type Move,
  type NewAttempt,
  type NewChange,
  type OrderRow,
  type StandingRow,
  TAINT_EXCERPT_BYTES,
  TAINT_EXCERPTS,
  type TaintRow,
} from '../changes.ts';
import { storeFault } from '../faults.ts';
import { SqliteChangeReader } from './change-reader.ts';
import type { Statements } from './connection.ts';

/** Runs the writes of one call; from the first written row on, a throw breaks the transaction. */
type Writing = <T>(write: () => T) => T;

export class SqliteChangeWriter extends SqliteChangeReader implements ChangeWriter {
  readonly #writing: Writing;

  constructor(sql: Statements, writing: Writing) {
    super(sql);
    this.#writing = writing;
  }

  propose(change: NewChange, detail: JsonObject): ChangeRow {
    const { id, action, principal, session, idempotencyKey, createdAt, targets, body } = change;
    if (this.sql.row('SELECT 1 FROM change WHERE id = ?', id) !== undefined) {
      throw storeFault('change-exists', `a change has this id already: ${id}`);
    }
    if (idempotencyKey !== null && this.byKey(principal, idempotencyKey) !== undefined) {
      throw storeFault(
        'idempotency-key-reused',
        'the idempotency key was used by this caller: read that change, or use a new key',
      );
    }
    this.#writing(() => {
      this.sql.run(
        `INSERT INTO change VALUES (?, 1, 'proposed', ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)`,
        id,
        action,
        principal,
        session,
        idempotencyKey,
        createdAt,
        createdAt,
        canonicalJson(body),
      );
      for (const [position, { id: target, scope }] of targets.entries()) {
        this.sql.run('INSERT INTO change_target VALUES (?, ?, ?, ?)', id, position, target, scope);
      }
      this.#moved(id, 1, 'proposed', createdAt, principal, detail);
    });
    return this.#mustHave(id);
  }

  advance(move: Move): ChangeRow {
    const { id, fromRev, to, at, actor, detail, planned } = move;
    const before = this.change(id);
    if (before === undefined) {
      throw storeFault('no-such-change', `no such change: ${id.slice(0, 80)}. List them first`);
    }
    if (before.rev !== fromRev) {
      throw storeFault(
        'change-moved',
        `someone else moved the change first: it is ${before.state} now. Read it again`,
        { facts: { state: before.state } },
      );
    }
    if (!CHANGE_MOVES[before.state].includes(to)) {
      throw storeFault(
        'change-moved',
        `the change cannot become ${to}: it is ${before.state}. Read it again`,
        { facts: { state: before.state } },
      );
    }
    invariant(planned === undefined || before.digest === null, 'a change is planned once');
    this.#writing(() => {
      this.sql.run(
        `UPDATE change SET rev = rev + 1, state = ?, updated_at = ?, tier = coalesce(tier, ?),
           digest = coalesce(digest, ?), decide_by = coalesce(decide_by, ?)
         WHERE id = ? AND rev = ?`,
        to,
        at,
        planned?.tier ?? null,
        planned?.digest ?? null,
        planned?.decideBy ?? null,
        id,
        fromRev,
      );
      this.#moved(id, fromRev + 1, to, at, actor, detail);
    });
    return {
      ...before,
      rev: fromRev + 1,
      state: to,
      updatedAt: at,
      tier: before.tier ?? planned?.tier ?? null,
      digest: before.digest ?? planned?.digest ?? null,
      decideBy: before.decideBy ?? planned?.decideBy ?? null,
    };
  }

  approve(approval: ApprovalRow): void {
    const { change, operator, order, assurance, at, signature, detail } = approval;
    this.#mustHave(change);
    const has = this.sql.row(
      'SELECT 1 FROM approval WHERE change = ? AND operator = ? AND number = ?',
      change,
      operator,
      order,
    );
    if (has !== undefined) {
      throw storeFault(
        'already-approved',
        `this operator has approved the change already: ${operator}. Someone else's signature is missing`,
      );
    }
    this.#writing(() => {
      this.sql.run(
        'INSERT INTO approval VALUES (?, ?, ?, ?, ?, ?, ?)',
        change,
        operator,
        order,
        assurance,
        at,
        signature,
        canonicalJson(detail),
      );
    });
  }

  keepOrder(order: OrderRow): void {
    const { change, number, kind, text, parts, signature, madeAt, runBy } = order;
    this.#mustHave(change);
    const last = this.sql.number('SELECT max(number) FROM change_order WHERE change = ?', change);
    if (number !== (last ?? 0) + 1) {
      throw storeFault('change-moved', 'someone else made the order first: read it again');
    }
    this.#writing(() => {
      this.sql.run(
        'INSERT INTO change_order VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        change,
        number,
        kind,
        text,
        canonicalJson(parts as Json),
        madeAt,
        runBy,
        signature,
      );
    });
  }

  begin(attempts: readonly NewAttempt[]): void {
    for (const { id, change, order, part } of attempts) {
      this.#mustHave(change);
      const taken = this.sql.row(
        'SELECT 1 FROM attempt WHERE id = ? OR (change = ? AND number = ? AND part = ?)',
        id,
        change,
        order,
        part,
      );
      if (taken !== undefined) {
        throw storeFault('attempt-exists', 'this part was begun already: it is never begun twice');
      }
    }
    this.#writing(() => {
      for (const attempt of attempts) {
        this.sql.run(
          'INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)',
          attempt.id,
          attempt.change,
          attempt.order,
          attempt.part,
          attempt.step,
          attempt.direction,
          attempt.target,
          attempt.scope,
          attempt.action,
          attempt.caller,
          canonicalJson(attempt.groups as Json),
          attempt.startedAt,
        );
      }
    });
  }

  end(
    id: string,
    ended: { readonly at: Instant; readonly outcome: AttemptOutcome; readonly detail: JsonObject },
  ): void {
    const row = this.sql.row('SELECT ended_at FROM attempt WHERE id = ?', id);
    if (row === undefined) throw storeFault('no-such-change', 'no such attempt: list them first');
    if (row[0] !== null) {
      throw storeFault('attempt-ended', 'the attempt has ended already: read its outcome');
    }
    this.#writing(() => {
      this.sql.run(
        'UPDATE attempt SET ended_at = ?, outcome = ?, detail = ? WHERE id = ?',
        ended.at,
        ended.outcome,
        canonicalJson(ended.detail),
        id,
      );
    });
  }

  addStanding(standing: Omit<StandingRow, 'revokedAt'>): void {
    const { id, action, text, signatures, expiresAt, addedAt, actor, detail } = standing;
    if (this.sql.row('SELECT 1 FROM standing WHERE id = ?', id) !== undefined) {
      throw storeFault('change-exists', `a standing approval has this id already: ${id}`);
    }
    this.#writing(() => {
      this.sql.run(
        'INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        id,
        action,
        text,
        canonicalJson(signatures as Json),
        expiresAt,
        addedAt,
        actor,
        canonicalJson(detail),
      );
    });
  }

  revokeStanding(id: string, at: Instant, actor: string): void {
    const row = this.sql.row(
      `SELECT EXISTS (SELECT 1 FROM standing_end e WHERE e.standing = s.id)
       FROM standing s WHERE s.id = ?`,
      id,
    );
    if (row === undefined) {
      throw storeFault('no-such-change', `no such standing approval: ${id.slice(0, 80)}`);
    }
    if (row[0] === 1) return;
    this.#writing(() => {
      this.sql.run('INSERT INTO standing_end VALUES (?, ?, ?)', id, at, actor);
    });
  }

  addTaint(taint: TaintRow): void {
    const { session, at, operation } = taint;
    const text = cutBytes(taint.text, TAINT_EXCERPT_BYTES);
    const newest = this.sql.rows(
      `SELECT position, operation, text FROM taint WHERE session = ?
       ORDER BY position DESC LIMIT ? + 0`,
      session,
      TAINT_EXCERPTS,
    );
    if (newest.some(([, known, same]) => known === operation && same === text)) return;
    const position = newest[0] === undefined ? 0 : Number(newest[0][0]) + 1;
    this.#writing(() => {
      this.sql.run(
        'INSERT INTO taint VALUES (?, ?, ?, ?, ?)',
        session,
        position,
        at,
        operation,
        text,
      );
    });
  }

  noteFlap(flap: FlapRow): void {
    this.#writing(() => {
      this.sql.run(
        'INSERT INTO flap(action, target, marked, at, actor) VALUES (?, ?, ?, ?, ?)',
        flap.action,
        flap.target,
        flap.marked ? 1 : 0,
        flap.at,
        flap.actor,
      );
    });
  }

  #moved(
    id: string,
    rev: number,
    state: string,
    at: Instant,
    actor: string,
    detail: JsonObject,
  ): void {
    this.sql.run(
      'INSERT INTO change_move VALUES (?, ?, ?, ?, ?, ?)',
      id,
      rev,
      state,
      at,
      actor,
      canonicalJson(detail),
    );
  }

  #mustHave(id: string): ChangeRow {
    const row = this.change(id);
    if (row === undefined) {
      throw storeFault('no-such-change', `no such change: ${id.slice(0, 80)}. List them first`);
    }
    return row;
  }
}

/** The longest beginning of whole characters that takes at most `most` bytes. */
function cutBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
}
