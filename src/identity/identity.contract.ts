/** What every implementation of the port owes: secrets once, codes once, ends that end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shift } from '#base/time';
import { throwsFault } from '#test/throws-fault';
import type { Identity } from './protocol.ts';
import {
  aNewLease,
  anInvitation,
  anOpening,
  aPasskeyOf,
  HOUR,
  MINUTE,
  NOON,
  SetClock,
} from './samples.ts';

export function identityContract(name: string, open: (clock: SetClock) => Promise<Identity>): void {
  const fresh = async (): Promise<{ identity: Identity; clock: SetClock }> => {
    const clock = new SetClock();
    return { identity: await open(clock), clock };
  };

  describe(`${name}: a session`, () => {
    it('is found by its secret and by nothing else', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const { session, secret } = identity.sessions.open(anOpening());
      assert.deepEqual(identity.sessions.find(secret), session);
      for (const wrong of [
        '',
        'x',
        session.id,
        `${secret}x`,
        secret.slice(1),
        secret.toLowerCase(),
      ])
        assert.equal(identity.sessions.find(wrong), undefined, wrong);
    });

    it('is not seen by a look that its judge did not let pass', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const { secret, session } = identity.sessions.open(anOpening());
      clock.pass(20 * MINUTE);
      const refuse = (): void => {
        throw new Error('no');
      };
      assert.throws(() => identity.sessions.find(secret, refuse), /no/);
      clock.pass(10 * MINUTE);
      assert.equal(identity.sessions.isOpen(session.id), false);
    });

    it('gets a new id and a new secret at every sign-in', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const one = identity.sessions.open(anOpening());
      const two = identity.sessions.open(anOpening());
      assert.notEqual(one.session.id, two.session.id);
      assert.notEqual(one.secret, two.secret);
      assert.equal(Buffer.from(one.secret, 'base64url').length, 32);
    });

    it('is over after half an hour without a request, and after twelve hours with them', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const idle = identity.sessions.open(anOpening('ada'));
      const busy = identity.sessions.open(anOpening('bea'));
      for (let passed = 0; passed + 20 * MINUTE < 12 * HOUR; passed += 20 * MINUTE) {
        clock.pass(20 * MINUTE);
        assert.ok(identity.sessions.find(busy.secret), `after ${passed}`);
      }
      assert.equal(identity.sessions.find(idle.secret), undefined);
      assert.equal(identity.sessions.isOpen(idle.session.id), false);
      clock.pass(20 * MINUTE);
      assert.equal(identity.sessions.find(busy.secret), undefined);
      assert.deepEqual(identity.sessions.list(), []);
    });

    it('does not begin again when the clock is put back', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const { secret } = identity.sessions.open(anOpening());
      clock.pass(-HOUR);
      assert.equal(identity.sessions.find(secret), undefined);
    });

    it('ends alone, or with every other of its operator', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const told: string[] = [];
      identity.onChange((topic) => told.push(topic));
      const [one, two, three] = ['ada', 'ada', 'ada'].map((id) =>
        identity.sessions.open(anOpening(id)),
      );
      const bea = identity.sessions.open(anOpening('bea'));
      assert.ok(one && two && three);
      assert.equal(identity.sessions.end(one.session.id), true);
      assert.equal(identity.sessions.end(one.session.id), false);
      assert.equal(identity.sessions.find(one.secret), undefined);
      assert.equal(identity.sessions.endAll('ada'), 2);
      assert.equal(identity.sessions.isOpen(three.session.id), false);
      assert.ok(identity.sessions.find(bea.secret));
      assert.deepEqual([...new Set(told)], ['sessions']);
      assert.equal(told.length, 6);
    });

    it('takes the place of the oldest where there are too many', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const secrets: string[] = [];
      for (let i = 0; i < 12; i++) {
        secrets.push(identity.sessions.open(anOpening()).secret);
        clock.pass(1_000);
      }
      assert.equal(identity.sessions.list('ada').length, 10);
      const alive = secrets.map((secret) => identity.sessions.find(secret) !== undefined);
      assert.deepEqual(alive, [false, false, ...Array(10).fill(true)]);
    });
  });

  describe(`${name}: a passkey`, () => {
    it('says of itself at each use whether it is copied to other devices, and that is kept', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const { credentialId } = identity.passkeys.add(aPasskeyOf('ada'));
      const isBackedUp = () => identity.passkeys.byCredential(credentialId)?.backedUp;
      assert.equal(identity.passkeys.used(credentialId, 1, true), true);
      assert.equal(isBackedUp(), true);
      identity.passkeys.used(credentialId, 2);
      assert.equal(isBackedUp(), true);
      assert.equal(identity.passkeys.used(credentialId, 2, false), false);
      assert.equal(isBackedUp(), true);
      identity.passkeys.used(credentialId, 3, false);
      assert.equal(isBackedUp(), false);
    });

    it('is registered once, by credential and by key', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const kept = identity.passkeys.add(aPasskeyOf('ada'));
      assert.deepEqual(
        { ...kept, cose: Buffer.from(kept.cose) },
        {
          ...aPasskeyOf('ada'),
          createdAt: NOON,
          lastUsedAt: null,
        },
      );
      await throwsFault(() => identity.passkeys.add(aPasskeyOf('ada')), 'passkey-known');
      await throwsFault(
        () => identity.passkeys.add({ ...aPasskeyOf('bea'), key: aPasskeyOf('ada').key }),
        'passkey-known',
      );
      assert.deepEqual(
        identity.passkeys.of('ada').map(({ credentialId }) => credentialId),
        ['credential-ada'],
      );
      assert.deepEqual(identity.passkeys.of('bea'), []);
    });

    it('is refused when its counter did not rise, unless it never counts', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      identity.passkeys.add(aPasskeyOf('ada'));
      identity.passkeys.add({ ...aPasskeyOf('bea'), counter: 7 });
      const used = (id: string, ...counters: number[]): boolean[] =>
        counters.map((counter) => identity.passkeys.used(`credential-${id}`, counter));
      assert.deepEqual(used('ada', 0, 0, 3, 3, 2, 0, 4), [
        true,
        true,
        true,
        false,
        false,
        false,
        true,
      ]);
      assert.deepEqual(used('bea', 0, 7, 8), [false, false, true]);
      assert.deepEqual(used('nobody', 1), [false]);
    });
  });

  describe(`${name}: a passkey that is removed`, () => {
    it('takes the sessions that it opened with it, and no other', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const { credentialId } = identity.passkeys.add(aPasskeyOf('ada'));
      assert.equal(identity.passkeys.rename(credentialId, 'tablet'), true);
      assert.equal(identity.passkeys.byCredential(credentialId)?.label, 'tablet');
      assert.equal(identity.passkeys.rename('credential-of-nobody', 'x'), false);
      const hers = identity.sessions.open({ ...anOpening(), credentialId });
      const other = identity.sessions.open(anOpening());
      assert.equal(identity.passkeys.remove(credentialId), true);
      assert.equal(identity.passkeys.remove(credentialId), false);
      assert.equal(identity.sessions.find(hers.secret), undefined);
      assert.ok(identity.sessions.find(other.secret));
    });
  });

  describe(`${name}: an invitation`, () => {
    it('is found by its code for a quarter of an hour', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const { invitation, code } = identity.invitations.make(anInvitation());
      assert.deepEqual(identity.invitations.find(code), invitation);
      assert.equal(identity.invitations.find(`${code} `), undefined);
      clock.pass(15 * MINUTE);
      assert.equal(identity.invitations.find(code), undefined);
      assert.deepEqual(identity.invitations.list(), []);
    });

    it('registers one passkey, of its own operator, and stays listed with it', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const { invitation, code } = identity.invitations.make(anInvitation());
      const { id } = invitation;
      await throwsFault(
        () => identity.invitations.register(id, aPasskeyOf('bea')),
        'invitation-over',
      );
      identity.invitations.register(id, aPasskeyOf('ada'));
      await throwsFault(
        () => identity.invitations.register(id, aPasskeyOf('ada', 'second')),
        'invitation-over',
      );
      assert.equal(identity.invitations.find(code)?.pendingKey, aPasskeyOf('ada').key);
      assert.equal(identity.invitations.spend(id), true);
      assert.equal(identity.invitations.spend(id), false);
      assert.equal(identity.invitations.find(code), undefined);
      clock.pass(HOUR);
      assert.deepEqual(
        identity.invitations.list().map((one) => one.pendingKey),
        [aPasskeyOf('ada').key],
      );
      assert.equal(identity.invitations.remove(id), true);
      assert.ok(identity.passkeys.byCredential('credential-ada'));
    });

    it('keeps nothing of a passkey that is known already', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      identity.passkeys.add(aPasskeyOf('ada'));
      const { invitation, code } = identity.invitations.make(anInvitation());
      await throwsFault(
        () => identity.invitations.register(invitation.id, aPasskeyOf('ada')),
        'passkey-known',
      );
      assert.equal(identity.invitations.find(code)?.pendingKey, null);
    });

    it('withdraws the one before it for the same person', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const first = identity.invitations.make(anInvitation());
      const second = identity.invitations.make(anInvitation());
      assert.equal(identity.invitations.find(first.code), undefined);
      assert.ok(identity.invitations.find(second.code));
    });
  });

  describe(`${name}: recovery codes`, () => {
    it('are ten, each good once, however they are typed', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const codes = identity.recovery.make('ada');
      assert.equal(new Set(codes).size, 10);
      for (const code of codes)
        assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
      const [one = '', two = ''] = codes;
      assert.equal(identity.recovery.spend('ada', one), true);
      assert.equal(identity.recovery.spend('ada', one), false);
      const typed = ` ${two.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`;
      assert.equal(identity.recovery.spend('ada', typed), true);
      assert.equal(identity.recovery.left('ada'), 8);
    });

    it('are of one person alone, and gone when new ones are made', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const [first = ''] = identity.recovery.make('ada');
      assert.equal(identity.recovery.spend('bea', first), false);
      const [second = ''] = identity.recovery.make('ada');
      assert.equal(identity.recovery.spend('ada', first), false);
      assert.equal(identity.recovery.spend('ada', second), true);
    });

    it('cannot be guessed: five wrong ones stop even the right one, for a while', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const [right = ''] = identity.recovery.make('ada');
      const [hers = ''] = identity.recovery.make('bea');
      for (let i = 0; i < 5; i++) assert.equal(identity.recovery.spend('ada', `WRONG-${i}`), false);
      await throwsFault(() => identity.recovery.spend('ada', right), 'too-many-attempts');
      assert.equal(identity.recovery.spend('bea', hers), true);
      clock.pass(15 * MINUTE);
      assert.equal(identity.recovery.spend('ada', right), true);
    });
  });

  describe(`${name}: a lease`, () => {
    it('is what was issued, behind one bearer', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const { lease, bearer } = identity.leases.issue(aNewLease());
      assert.match(bearer, /^hfl_[\w-]{43}$/);
      const { id, revoked, uses, lastUsedAt, lastOperation, failures, ...issued } = lease;
      assert.deepEqual(issued, aNewLease());
      assert.deepEqual(
        [revoked, uses, failures, lastUsedAt, lastOperation],
        [null, 0, 0, null, null],
      );
      assert.deepEqual(identity.leases.find(bearer), lease);
      assert.deepEqual(identity.leases.get(id), lease);
      assert.equal(identity.leases.find(id), undefined);
    });

    it('is for a minute to a day', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      for (const life of [-1, 0, MINUTE - 1, 24 * HOUR + 1, Number.NaN])
        await throwsFault(
          () => identity.leases.issue(aNewLease({ expiresAt: (NOON + life) as typeof NOON })),
          'lease-life',
        );
      identity.leases.issue(aNewLease({ expiresAt: shift(NOON, 24 * HOUR) }));
    });

    it('is revoked for good, by whoever was first', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const told: string[] = [];
      identity.onChange((topic) => told.push(topic));
      const { lease, bearer } = identity.leases.issue(aNewLease());
      assert.equal(identity.leases.revoke(lease.id, 'bea', 'lost', NOON), true);
      assert.equal(identity.leases.revoke(lease.id, 'ada', 'again', shift(NOON, 1)), false);
      assert.deepEqual(identity.leases.find(bearer)?.revoked, {
        at: NOON,
        by: 'bea',
        reason: 'lost',
      });
      assert.deepEqual(told, ['leases', 'leases']);
    });

    it('counts uses and failures at once', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const { lease } = identity.leases.issue(aNewLease());
      for (let i = 0; i < 20; i++) {
        identity.leases.used(lease.id, `op_${i}`, clock.now(), i % 4 === 0);
        const seen = identity.leases.get(lease.id);
        assert.deepEqual([seen?.uses, seen?.lastOperation], [i + 1, `op_${i}`]);
        clock.pass(1_000_000);
      }
      assert.equal(identity.leases.list()[0]?.failures, 5);
    });
  });

  describe(`${name}: a challenge`, () => {
    it('is taken once, for its purpose, within five minutes', async () => {
      const { identity, clock } = await fresh();
      await using _ = identity;
      const one = identity.challenges.make('sign-in', '');
      const two = identity.challenges.make('register', 'inv_1');
      assert.equal(identity.challenges.take('register', one), undefined);
      assert.equal(identity.challenges.take('sign-in', one), '');
      assert.equal(identity.challenges.take('sign-in', one), undefined);
      clock.pass(5 * MINUTE);
      assert.equal(identity.challenges.take('register', two), undefined);
    });

    it('is given without end, and the oldest are forgotten', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const first = identity.challenges.make('sign-in', 'first');
      for (let i = 0; i < 10_000; i++) identity.challenges.make('sign-in', '');
      assert.equal(identity.challenges.take('sign-in', first), undefined);
    });
  });

  describe(`${name}: break-glass`, () => {
    it('is open for as long as it says and never longer than an hour', async () => {
      const { identity } = await fresh();
      await using _ = identity;
      const glass = {
        operator: 'ada',
        reason: 'the site is down',
        openedAt: NOON,
        expiresAt: shift(NOON, 10 * MINUTE),
      };
      await throwsFault(
        () => identity.breakGlass.open({ ...glass, expiresAt: shift(NOON, HOUR + 1) }),
        'glass-too-long',
      );
      await throwsFault(
        () => identity.breakGlass.open({ ...glass, expiresAt: NOON }),
        'glass-too-long',
      );
      identity.breakGlass.open(glass);
      assert.deepEqual(identity.breakGlass.of('ada', NOON), glass);
      assert.equal(identity.breakGlass.of('bea', NOON), undefined);
      assert.equal(identity.breakGlass.of('ada', glass.expiresAt), undefined);
      assert.equal(identity.breakGlass.of('ada', shift(NOON, -1)), undefined);
      assert.deepEqual(identity.breakGlass.takeOver(NOON), []);
      assert.deepEqual(identity.breakGlass.takeOver(glass.expiresAt), [glass]);
      assert.deepEqual(identity.breakGlass.takeOver(glass.expiresAt), []);
      identity.breakGlass.open(glass);
      assert.equal(identity.breakGlass.close('ada'), true);
      assert.equal(identity.breakGlass.of('ada', NOON), undefined);
    });
  });
}
