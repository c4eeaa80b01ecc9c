/** Streams and bearers end at once because they are told: whatever may take something away says so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shift } from '#base/time';
import { seededRandom } from '#test/simulated-log';
import { openDatabase } from './database.ts';
import { openIdentity } from './open.ts';
import type { Identity } from './protocol.ts';
import {
  aNewLease,
  anInvitation,
  anOpening,
  aPasskeyOf,
  MINUTE,
  NOON,
  SetClock,
} from './samples.ts';

const ISSUER = 'https://id.example';
const PAIR = { issuer: ISSUER, subject: '123', client: 'agent-7' };
const BY = ['operator:ada@console', 'lost'] as const;

async function anIdentity(): Promise<Identity> {
  const random = seededRandom(7);
  return openIdentity({
    path: ':memory:',
    files: undefined as never,
    clock: new SetClock(),
    random,
  });
}

describe('what takes something away', () => {
  it('is told each time, and is told to nobody where there was nothing', async () => {
    await using identity = await anIdentity();
    const told: string[] = [];
    identity.onChange((topic) => void told.push(topic));
    const { sessions, passkeys, invitations, recovery, leases, attested, breakGlass } = identity;
    const { external } = leases;
    const { session } = sessions.open(anOpening());
    const { lease } = leases.issue(aNewLease());
    const key = passkeys.add(aPasskeyOf('ada'));
    attested.keep('ada', ISSUER, ['sre']);
    const openedAt = NOON;
    const glass = { reason: 'the site is down', openedAt, expiresAt: shift(NOON, MINUTE) };
    breakGlass.open({ operator: 'ada', ...glass });
    breakGlass.open({ operator: 'bea', ...glass });
    const once: readonly (readonly ['sessions' | 'leases', () => unknown])[] = [
      ['sessions', () => breakGlass.close('ada')],
      ['sessions', () => breakGlass.takeOver(shift(NOON, MINUTE))],
      ['sessions', () => passkeys.remove(key.credentialId)],
      ['sessions', () => sessions.end(session.id)],
      ['leases', () => leases.revoke(lease.id, ...BY, NOON)],
      ['leases', () => attested.forget('ada')],
    ];
    const always: typeof once = [
      ['leases', () => external.revoke(PAIR, ...BY, NOON)],
      ['leases', () => external.bar({ ...PAIR, jti: 'token-1' }, ...BY, NOON)],
      ['leases', () => external.barBefore(ISSUER, ...BY, NOON)],
      ['leases', () => attested.keep('ada', ISSUER, [])],
      ['sessions', () => recovery.make('ada')],
      ['sessions', () => invitations.make(anInvitation())],
    ];
    for (const [topic, act] of [...once, ...always]) {
      told.length = 0;
      act();
      assert.deepEqual(told, [topic], act.toString());
      if (!once.some(([, each]) => each === act)) continue;
      act();
      assert.equal(told.length, 1, act.toString());
    }
    sessions.open(anOpening());
    told.length = 0;
    sessions.endAll('ada');
    assert.deepEqual(told, ['sessions']);
  });

  it('is listed for the one who was asked about', async () => {
    await using identity = await anIdentity();
    identity.sessions.open({ ...anOpening(), operator: 'ada' });
    identity.sessions.open({ ...anOpening(), operator: 'bea' });
    const listed = (operator?: string) => identity.sessions.list(operator).length;
    assert.deepEqual([listed(), listed('bea'), listed('eve')], [2, 1, 0]);
  });
});

describe('the database of people who sign in', () => {
  it('holds rows and never becomes another one', async () => {
    const db = await openDatabase(':memory:', undefined);
    try {
      for (const sql of [
        'DROP TABLE session',
        'DROP TRIGGER lease_kept',
        'CREATE TABLE more(x)',
        "ATTACH DATABASE ':memory:' AS other",
        'PRAGMA writable_schema = ON',
        'PRAGMA foreign_keys = OFF',
        'INSERT INTO migration VALUES (99)',
        'DELETE FROM migration',
        "UPDATE sqlite_master SET sql = ''",
      ])
        assert.throws(() => db.run(sql), /not authorized|prohibited|may not be/, sql);
      assert.equal(db.run('DELETE FROM session'), 0);
    } finally {
      db.close();
    }
  });
});
