import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { LATEST } from '#base/time';
import { nodeFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { changesContract, everyTable } from '../changes.contract.ts';
import type { ObservationInput, Store } from '../protocol.ts';
import { at, fact, observation, storeContract } from '../store.contract.ts';
import { openDatabase } from './connection.ts';
import { openMemoryStore, openSqliteStore } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;
const newPath = (): string => join(directory, `${files++}.db`);
const openAt = (path: string): Promise<Store> => openSqliteStore({ path, files: nodeFiles() });

storeContract('SQLite on disk', () => openAt(newPath()));
storeContract('SQLite in memory', async () => openMemoryStore());
changesContract('SQLite on disk', () => openAt(newPath()));
changesContract('SQLite in memory', async () => openMemoryStore());

const everything = { scopes: ['main/main'], type: 'observed' as const };
const now = { asOf: at(1_000), knownAt: LATEST };
const answers = (store: Store): unknown => [
  store.read.query(everything, now, 100),
  store.read.history(everything, 100),
  store.read.coverage(everything, now),
  store.read.lastRecordedAt(),
];

/** A store with runs, confirmations, a late report, explicit times and an absence. */
const history = (): ObservationInput[] => [
  observation(10, [fact('disk:a', 1), fact('disk:b', 'x')], { complete: ['disk'] }),
  observation(20, [fact('disk:a', 1), fact('disk:b', 'x')], { complete: ['disk'] }),
  observation(15, [fact('disk:a', 2)], { recordedAt: at(25) }),
  observation(30, [fact('disk:a', 1, { validFrom: at(12), validTo: at(18) })], { reason: 'fix' }),
  observation(40, [fact('port:c', null, { altered: true })], { complete: ['disk'] }),
];

describe('a SQLite store on disk', () => {
  it('answers the same when it is opened again', async () => {
    const path = newPath();
    const before = await openAt(path);
    for (const one of history()) await before.write((transaction) => transaction.record(one));
    const told = answers(before);
    await before[Symbol.asyncDispose]();
    await using store = await openAt(path);
    assert.deepEqual(answers(store), told);
    assert.deepEqual(store.check(), []);
    await throwsFault(
      () => store.write((transaction) => transaction.record(observation(1, []))),
      'recorded-at-not-later',
    );
  });

  it('belongs to its owner alone, its log and its backup too', async () => {
    const path = newPath();
    await using store = await openAt(path);
    await store.write((transaction) => transaction.record(observation(10, [fact('disk:a', 1)])));
    await store.backup(`${path}.copy`);
    for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.copy`]) {
      assert.equal(statSync(file).mode & 0o777, 0o600, file);
    }
  });

  it('is copied while others write, to a file that was not there', async () => {
    const path = newPath();
    await using store = await openAt(path);
    await store.write((transaction) => history().map((one) => transaction.record(one)));
    const told = answers(store);
    const copied = store.backup(`${path}.copy`);
    await store.write((transaction) => transaction.record(observation(50, [fact('disk:a', 9)])));
    await copied;
    await throwsFault(() => store.backup(`${path}.copy`), 'backup-target-exists');
    await using copy = await openAt(`${path}.copy`);
    assert.deepEqual(copy.check(), []);
    const { observations } = copy.read.counts();
    assert.ok(observations === 5 || observations === 6);
    if (observations === 5) assert.deepEqual(answers(copy), told);
  });

  it('refuses a file of another program and one of a newer schema, untouched', async () => {
    const foreign = newPath();
    using other = new DatabaseSync(foreign);
    other.exec('CREATE TABLE t(x)');
    await throwsFault(() => openAt(foreign), 'store-unreadable');
    const path = newPath();
    await (await openAt(path))[Symbol.asyncDispose]();
    using newer = new DatabaseSync(path);
    newer.exec('INSERT INTO migration VALUES (999)');
    await throwsFault(() => openAt(path), 'store-unreadable');
  });

  it('refuses what is not a database', async () => {
    const path = newPath();
    await nodeFiles().replace(path, Buffer.from('not a database at all, but long enough to look'));
    await throwsFault(() => openAt(path), 'store-unreadable');
  });

  it('cannot change or remove what it holds, even through the database itself', async () => {
    const path = newPath();
    const opened: DatabaseSync[] = [];
    await using store = await openSqliteStore({
      path,
      files: nodeFiles(),
      open: (file, readOnly) => {
        const db = openDatabase(file, readOnly);
        opened.push(db);
        return db;
      },
    });
    await store.write((transaction) => history().map((one) => transaction.record(one)));
    const ahead = observation(50, [fact('disk:a', { ref: 'disk:b' }, { validTo: at(900) })]);
    await store.write((transaction) => transaction.record(ahead));
    await store.write((transaction) => {
      everyTable(transaction.changes);
      transaction.blocked.keep({ id: 'a', count: 2, firstAt: at(1), lastAt: at(2), body: {} });
      transaction.blocked.keepNote('tally', {});
    });
    const attempts = [
      'DELETE FROM fact',
      'UPDATE fact SET value = 1',
      'UPDATE observation SET actor = 1',
      'DELETE FROM change',
      `UPDATE change SET principal = 'operator:me'`,
      `UPDATE change_move SET detail = '{}'`,
      `UPDATE approval SET operator = 'me'`,
      `UPDATE attempt SET target = 'host:b'`,
      'DROP TRIGGER fact_closes_once',
      'DELETE FROM blocked',
      'UPDATE blocked SET slot = 9',
      'DROP TABLE fact',
      `ATTACH '${path}.other' AS other`,
      'PRAGMA writable_schema = 1',
      'CREATE TABLE t(x)',
    ];
    for (const db of opened) for (const sql of attempts) assert.throws(() => db.exec(sql), sql);
    // Without the authorizer the triggers still hold.
    using raw = new DatabaseSync(path);
    const tables = raw
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migration'`)
      .all()
      .map(({ name }) => String(name));
    assert.ok(tables.length >= 10);
    for (const table of tables) {
      assert.throws(() => raw.exec(`DELETE FROM ${table}`), /append-only/, table);
    }
    assert.throws(() => raw.exec('UPDATE fact SET seen_to = NULL'), /append-only/);
    assert.throws(() => raw.exec('UPDATE fact SET seen_to = 9 WHERE seen_to IS NOT NULL'));
    assert.throws(() => raw.exec(`UPDATE fact SET seen_to = 99, value = '7'`), /append-only/);
    assert.throws(() => raw.exec('UPDATE observation SET recorded_at = 1'), /append-only/);
    assert.throws(() => raw.exec('UPDATE blocked SET count = 1'), /append-only/);
    for (const sql of [
      `UPDATE change SET state = 'confirmed'`,
      `UPDATE change SET rev = rev + 1, state = 'proposed'`,
      `UPDATE change SET rev = rev + 2, state = 'confirmed'`,
      `UPDATE change SET rev = rev + 1, digest = 'x'`,
      `UPDATE change SET rev = rev + 1, tier = NULL`,
      `UPDATE change SET rev = rev + 1, decide_by = decide_by + 1`,
      `UPDATE change SET rev = rev + 1, body = '{}'`,
      `UPDATE attempt SET ended_at = 1`,
      `UPDATE attempt SET ended_at = 1, outcome = 'failed', detail = '{}', id = 'n7'`,
      `UPDATE approval SET signature = 'x'`,
      `UPDATE change_order SET text = 'x'`,
      'UPDATE change_order SET run_by = run_by + 1',
      'UPDATE standing SET expires_at = expires_at + 1',
    ]) {
      assert.throws(() => raw.exec(sql), /append-only/, sql);
    }
  });

  it('names what is wrong with what it holds', async () => {
    const damages: [sql: string, problem: RegExp][] = [
      ['UPDATE observation SET recorded_at = 1 WHERE op = 3', /not recorded later .* op 3/],
      ['UPDATE observation SET origin = 77 WHERE op = 2', /observation names a origin .* 77/],
      ['DELETE FROM observation WHERE op = 2', /operations are missing before: op 3/],
      ['DELETE FROM fact WHERE seen_to IS NOT NULL', /count of facts/],
      [`UPDATE shape SET more = '{}' WHERE id = 1`, /shape differs from its digest: 1/],
      [`UPDATE fact SET value = 'x' WHERE value = '2'`, /not JSON: stream 1/],
      [
        'INSERT INTO fact SELECT stream, valid_from, 4, 0, NULL, 7 FROM fact WHERE seen_from = 1',
        /believed at once/,
      ],
      [`UPDATE fact SET value = '1' WHERE stream = 1`, /not maximal.* stream 1/],
      ['UPDATE fact SET seen_to = seen_from WHERE stream = 2', /closed before .* stream 2/],
      [`UPDATE change SET state = 'approved'`, /stand where its last move left it: chg_1/],
      ['UPDATE change SET rev = rev - 1', /stand where its last move left it: chg_1/],
      ['DELETE FROM change_move WHERE rev = 2', /move of a change is missing: chg_1/],
      [
        `UPDATE change_move SET state = 'confirmed' WHERE rev = 2`,
        /moved where none may go: chg_1/,
      ],
      ['UPDATE change SET digest = NULL', /without a plan: chg_1/],
      ['DELETE FROM attempt', /without an attempt: chg_1/],
      [
        `UPDATE change SET state = 'confirmed'; UPDATE change_move SET state = 'confirmed' WHERE rev = 4`,
        /attempt is open and nothing runs: n1/,
      ],
      ['UPDATE attempt SET ended_at = 5', /half an end: n1/],
      [`UPDATE change SET body = '{'`, /not JSON: chg_1/],
      ['DELETE FROM change', /approval names a change that is not there: chg_1/],
    ];
    for (const [sql, problem] of damages) {
      const path = newPath();
      const before = await openAt(path);
      await before.write((transaction) => history().map((one) => transaction.record(one)));
      await before.write((transaction) => everyTable(transaction.changes));
      await before[Symbol.asyncDispose]();
      using raw = new DatabaseSync(path);
      for (const { name } of raw
        .prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`)
        .all()) {
        raw.exec(`DROP TRIGGER ${String(name)}`);
      }
      raw.exec(sql);
      raw.close();
      await using store = await openAt(path);
      assert.match(store.check().join('\n'), problem, sql);
    }
    const path = newPath();
    await (await openAt(path))[Symbol.asyncDispose]();
    const bytes = await nodeFiles().read(path);
    bytes?.fill(0xff, 5_000, 9_000);
    await nodeFiles().replace(path, bytes as Uint8Array);
    const problems = await openAt(path).then(
      async (store) => {
        await using opened = store;
        return opened.check();
      },
      (thrown: unknown) => [String(thrown)],
    );
    assert.notDeepEqual(problems, []);
  });
});

/** A database whose n-th statement or commit fails, before or after it took effect. */
class FailingDatabase extends DatabaseSync {
  calls = 0;
  failAt = Infinity;
  /** How many calls in a row fail. */
  failures = 1;
  afterwards = false;

  #attempt<T>(act: () => T): T {
    this.calls++;
    if (this.calls < this.failAt || this.calls >= this.failAt + this.failures) return act();
    if (this.afterwards) act();
    throw Object.assign(new Error('simulated: disk I/O error'), { code: 'ERR_SQLITE_ERROR' });
  }

  override exec(sql: string): void {
    this.#attempt(() => super.exec(sql));
  }

  override prepare(sql: string): ReturnType<DatabaseSync['prepare']> {
    const statement = super.prepare(sql);
    for (const name of ['run', 'get', 'all'] as const) {
      const original = statement[name].bind(statement) as (...values: unknown[]) => unknown;
      Object.assign(statement, {
        [name]: (...values: unknown[]) => this.#attempt(() => original(...values)),
      });
    }
    return statement;
  }
}

describe('a write that fails at its n-th step', () => {
  for (const afterwards of [false, true]) {
    it(`leaves all or nothing, ${afterwards ? 'though the step took effect' : 'whichever it is'}`, async () => {
      const steps = history();
      const last = steps.pop() as ObservationInput;
      let n = 0;
      for (let passed = false; !passed; ) {
        n++;
        const path = newPath();
        let writer: FailingDatabase | undefined;
        const failing = await openSqliteStore({
          path,
          files: nodeFiles(),
          open: (file, readOnly) => {
            if (readOnly) return openDatabase(file, readOnly);
            writer = new FailingDatabase(file, { limits: { attach: 0 } });
            return writer;
          },
        });
        await failing.write((t) => steps.slice(0, 3).map((one) => t.record(one)));
        assert.ok(writer !== undefined);
        writer.calls = 0;
        writer.failAt = n;
        writer.afterwards = afterwards;
        const both = (): Promise<unknown> =>
          failing.write((t) => [t.record(steps[3] as ObservationInput), t.record(last)]);
        const outcome = await both().catch((thrown: unknown) => thrown);
        passed = writer.calls < n;
        const told = answers(failing);
        const { observations } = failing.read.counts();
        if (passed) assert.equal(observations, 5);
        else {
          assert.ok(outcome instanceof Fault, String(outcome));
          const uncertain = outcome.kind === 'uncertain';
          assert.ok(uncertain || outcome.kind === 'unavailable', outcome.code);
          assert.equal(observations, uncertain ? 5 : 3, `step ${n}: ${outcome.code}`);
        }
        assert.deepEqual(failing.check(), []);
        await failing[Symbol.asyncDispose]();
        await using again = await openAt(path);
        assert.deepEqual(answers(again), told);
        assert.deepEqual(again.check(), []);
        if (observations === 3)
          await again.write((t) => [t.record(steps[3] as ObservationInput), t.record(last)]);
        assert.equal(again.read.counts().observations, 5);
      }
      assert.ok(n > 10, `only ${n} steps`);
    });
  }

  for (const failures of [1, 4])
    it(`goes on in the same process after ${failures} failures in a row`, async () => {
      let writer: FailingDatabase | undefined;
      await using store = openMemoryStore((path) => {
        writer = new FailingDatabase(path);
        return writer;
      });
      const reference = openMemoryStore();
      for (const one of history()) {
        await reference.write((t) => t.record(one));
        for (let n = 1; ; n++) {
          assert.ok(writer !== undefined);
          writer.calls = 0;
          writer.failAt = n;
          writer.failures = failures;
          const failed = await store
            .write((t) => t.record(one))
            .then(
              () => false,
              () => true,
            );
          if (!failed) break;
          writer.failAt = Infinity;
          assert.deepEqual(store.check(), []);
        }
        writer.failAt = Infinity;
        assert.deepEqual(answers(store), answers(reference));
      }
    });

  for (const afterwards of [false, true])
    it(`leaves all or nothing of a change, ${afterwards ? 'though the step took effect' : 'whichever it is'}`, async () => {
      const told = (store: Store): unknown => [
        store.changes.change('chg_1'),
        store.changes.transitions('chg_1'),
        store.changes.approvals('chg_1'),
        store.changes.orders('chg_1'),
        store.changes.attempts('chg_1'),
        store.changes.standings(),
        store.changes.taint('ses_1'),
        store.changes.flaps('service.restart'),
      ];
      const whole = openMemoryStore();
      await whole.write((t) => everyTable(t.changes));
      let n = 0;
      for (let passed = false; !passed; ) {
        n++;
        const path = newPath();
        let writer: FailingDatabase | undefined;
        const failing = await openSqliteStore({
          path,
          files: nodeFiles(),
          open: (file, readOnly) => {
            if (readOnly) return openDatabase(file, readOnly);
            writer = new FailingDatabase(file, { limits: { attach: 0 } });
            return writer;
          },
        });
        assert.ok(writer !== undefined);
        writer.calls = 0;
        writer.failAt = n;
        writer.afterwards = afterwards;
        const outcome = await failing
          .write((t) => everyTable(t.changes))
          .catch((thrown: unknown) => thrown);
        passed = writer.calls < n;
        const isWhole = failing.changes.change('chg_1') !== undefined;
        if (!passed) {
          assert.ok(outcome instanceof Fault, String(outcome));
          assert.equal(isWhole, outcome.kind === 'uncertain', `step ${n}: ${outcome.code}`);
        }
        assert.deepEqual(told(failing), told(isWhole ? whole : openMemoryStore()), `step ${n}`);
        assert.deepEqual(failing.check(), []);
        if (!isWhole) await failing.write((t) => everyTable(t.changes));
        assert.deepEqual(told(failing), told(whole));
        await failing[Symbol.asyncDispose]();
        // What is on disk is what was told; tried where it costs least.
        if (n % 8 !== 0) continue;
        await using again = await openAt(path);
        assert.deepEqual(told(again), told(whole));
        assert.deepEqual(again.check(), []);
      }
      assert.ok(n > 10, `only ${n} steps`);
    });

  it('keeps what was acknowledged when the disk is full', async () => {
    const path = newPath();
    let writer: DatabaseSync | undefined;
    await using store = await openSqliteStore({
      path,
      files: nodeFiles(),
      open: (file, readOnly) => {
        const db = openDatabase(file, readOnly);
        if (!readOnly) writer = db;
        return db;
      },
    });
    await store.write((t) => t.record(observation(10, [fact('disk:a', 1)])));
    assert.ok(writer !== undefined);
    const pages = Number(writer.prepare('PRAGMA page_count').get()?.['page_count']);
    writer.setAuthorizer(null);
    writer.exec(`PRAGMA max_page_count = ${pages + 1}`);
    const big = observation(20, [fact('disk:a', 'x'.repeat(100_000))]);
    await throwsFault(() => store.write((t) => t.record(big)), 'store-unwritable');
    assert.equal(store.read.hasObservation('obs_20'), false);
    writer.exec('PRAGMA max_page_count = 100000');
    await store.write((t) => t.record(big));
    assert.deepEqual(store.check(), []);
  });
});
