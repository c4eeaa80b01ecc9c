import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeFiles } from '#machine';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { identityContract } from './identity.contract.ts';
import { openIdentity } from './open.ts';
import type { Identity } from './protocol.ts';
import { aNewLease, anInvitation, anOpening, aPasskeyOf, MINUTE, SetClock } from './samples.ts';
import { newCode, readCode } from './secret.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-identity-'));
after(() => rmSync(directory, { recursive: true }));
let made = 0;
const newPath = (): string => join(directory, `${made++}.sqlite`);
const openAt = (path: string, clock = new SetClock(), seed = made): Promise<Identity> =>
  openIdentity({ path, files: nodeFiles(), clock, random: seededRandom(seed + 1) });

identityContract('in memory', (clock) => openAt(':memory:', clock));
identityContract('on disk', (clock) => openAt(newPath(), clock));

describe('the file of people who sign in', () => {
  it('can be read by nobody but its owner, from its first moment on', async () => {
    const path = newPath();
    await using _ = await openAt(path);
    for (const name of readdirSync(directory).filter((one) =>
      join(directory, one).startsWith(path),
    ))
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
  });

  it('holds no secret that was answered', async () => {
    const path = newPath();
    const identity = await openAt(path);
    const { secret } = identity.sessions.open(anOpening());
    const { code } = identity.invitations.make(anInvitation());
    const { bearer } = identity.leases.issue(aNewLease());
    const codes = identity.recovery.make('ada');
    const challenge = identity.challenges.make('sign-in', '');
    const bytes = (): string =>
      readdirSync(directory)
        .filter((name) => join(directory, name).startsWith(path))
        .map((name) => readFileSync(join(directory, name), 'latin1'))
        .join('\n');
    const open = bytes();
    await identity[Symbol.asyncDispose]();
    for (const each of [secret, code, bearer, challenge, ...codes]) {
      assert.equal(open.includes(each), false);
      assert.equal(bytes().includes(each), false);
      assert.equal(bytes().includes(each.replaceAll('-', '')), false);
    }
  });

  it('says the same when it is opened again, but for challenges', async () => {
    const path = newPath();
    const clock = new SetClock();
    const first = await openAt(path, clock);
    const { secret, session } = first.sessions.open(anOpening());
    const { code } = first.invitations.make(anInvitation('bea'));
    const { bearer, lease } = first.leases.issue(aNewLease());
    first.leases.used(lease.id, 'query_facts', clock.now(), true);
    const [spare = ''] = first.recovery.make('ada');
    first.passkeys.add(aPasskeyOf('ada'));
    const challenge = first.challenges.make('sign-in', '');
    await first[Symbol.asyncDispose]();
    await using second = await openAt(path, clock, 99);
    assert.deepEqual(second.sessions.find(secret), session);
    assert.equal(second.invitations.find(code)?.operator, 'bea');
    assert.deepEqual(
      [second.leases.find(bearer)?.uses, second.leases.find(bearer)?.failures],
      [1, 1],
    );
    assert.equal(second.recovery.spend('ada', spare), true);
    assert.equal(second.passkeys.of('ada').length, 1);
    assert.equal(second.challenges.take('sign-in', challenge), undefined);
  });

  it('of another program, of a newer one, or of no database at all is refused untouched', async () => {
    const foreign = newPath();
    new DatabaseSync(foreign).exec('CREATE TABLE theirs(x)');
    await throwsFault(() => openAt(foreign), 'identity-unreadable');
    const newer = newPath();
    await (await openAt(newer))[Symbol.asyncDispose]();
    new DatabaseSync(newer).exec('INSERT INTO migration VALUES (999)');
    await throwsFault(() => openAt(newer), 'identity-unreadable');
    const noise = newPath();
    await nodeFiles().replace(
      noise,
      Buffer.from('this is no database, and is longer than a header of one'.repeat(20)),
    );
    await throwsFault(() => openAt(noise), 'identity-unreadable');
  });

  it('does not let a row become what it was not', async () => {
    const path = newPath();
    const identity = await openAt(path);
    const { lease } = identity.leases.issue(aNewLease());
    identity.leases.revoke(lease.id, 'ada', 'lost', new SetClock().now());
    identity.passkeys.add({ ...aPasskeyOf('ada'), counter: 5 });
    const { invitation } = identity.invitations.make(anInvitation());
    identity.invitations.spend(invitation.id);
    await identity[Symbol.asyncDispose]();
    const db = new DatabaseSync(path);
    for (const sql of [
      'UPDATE lease SET revoked_at = NULL',
      "UPDATE lease SET body = '{}'",
      'DELETE FROM lease',
      'UPDATE passkey SET counter = 4',
      "UPDATE passkey SET operator = 'bea'",
      'UPDATE invitation SET spent = 0',
      'UPDATE invitation SET expires_at = expires_at + 1',
    ])
      assert.throws(() => db.exec(sql), /stay|once|kept/, sql);
    db.close();
  });
});

describe('a recovery code', () => {
  it('is read back from what was written, for any bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10, maxLength: 10 }), (bytes) => {
        const code = newCode({ bytes: () => bytes });
        assert.equal(readCode(code), code);
        assert.equal(readCode(code.toLowerCase().replaceAll('-', '')), code);
      }),
    );
  });

  it('tells any two of 80 bits apart', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10, maxLength: 10 }), fc.nat(79), (bytes, bit) => {
        const other = Uint8Array.from(bytes);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.notEqual(newCode({ bytes: () => bytes }), newCode({ bytes: () => other }));
      }),
    );
  });
});

describe('sessions under any history', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('open' as const), who: fc.constantFrom('ada', 'bea') }),
    fc.record({ do: fc.constant('end' as const), which: fc.nat(15) }),
    fc.record({ do: fc.constant('endAll' as const), who: fc.constantFrom('ada', 'bea') }),
    fc.record({ do: fc.constant('find' as const), which: fc.nat(15) }),
    fc.record({ do: fc.constant('pass' as const), minutes: fc.integer({ min: 1, max: 40 }) }),
  );

  it('an ended session is never found again, and no operator has more than ten', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new SetClock();
        await using identity = await openAt(':memory:', clock);
        const opened: { id: string; secret: string; who: string; seen: number; born: number }[] =
          [];
        const ended = new Set<string>();
        for (const one of steps) {
          if (one.do === 'open') {
            const { session, secret } = identity.sessions.open(anOpening(one.who));
            opened.push({
              id: session.id,
              secret,
              who: one.who,
              seen: clock.now(),
              born: clock.now(),
            });
          } else if (one.do === 'pass') clock.pass(one.minutes * MINUTE);
          else if (one.do === 'endAll') {
            identity.sessions.endAll(one.who);
            for (const { id, who } of opened) if (who === one.who) ended.add(id);
          } else {
            const it = opened[one.which];
            if (it === undefined) continue;
            if (one.do === 'end') {
              identity.sessions.end(it.id);
              ended.add(it.id);
              continue;
            }
            const found = identity.sessions.find(it.secret);
            const late =
              clock.now() - it.seen >= 30 * MINUTE || clock.now() - it.born >= 720 * MINUTE;
            if (found !== undefined) {
              assert.ok(!ended.has(it.id) && !late);
              it.seen = clock.now();
            }
          }
          for (const who of ['ada', 'bea']) assert.ok(identity.sessions.list(who).length <= 10);
          for (const id of ended) assert.equal(identity.sessions.isOpen(id), false);
        }
      }),
      { numRuns: 60 },
    );
  });
});
