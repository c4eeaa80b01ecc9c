import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '#base/json';
import { aCoseKey } from '#samples/authority';
import { MINUTE } from '#samples/identity';
import { admitted, aWorld, FROM, register, type World } from '#test/signin-world';
import { throwsFault } from '#test/throws-fault';
import { aPage, aSoftPasskey, PAGE, PLACE, type SoftPasskey } from './samples.ts';

describe('signing in with a passkey', () => {
  it('opens a session that knows the person, and each one is new', async () => {
    const world = await aWorld();
    const { door } = world;
    const ada = await admitted(world, 'ada');
    const one = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    const two = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    assert.notEqual(one.session.id, two.session.id);
    assert.notEqual(one.secret, two.secret);
    assert.deepEqual(await world.who(one.secret).then((who) => who?.holds), 'responder');
    assert.equal(await world.who('nothing'), undefined);
  });

  it('is refused for a replay, another purpose, page, person or key, and says the same of each', async () => {
    const world = await aWorld();
    const { door } = world;
    const ada = await admitted(world, 'ada');
    const answer = ada.answer(await door.passkey.options());
    await door.passkey.verify(answer, FROM);
    const fresh = async (how = {}, by = ada): Promise<JsonObject> =>
      by.answer(await door.passkey.options(), how);
    const spoilt = await fresh();
    (spoilt['response'] as Record<string, string>)['signature'] = 'MEUCIQ';
    // Well made, by the right key, over something else.
    const [mixed, meant] = [await fresh(), await fresh()];
    const parts = mixed['response'] as Record<string, unknown>;
    parts['signature'] = (meant['response'] as JsonObject)['signature'];
    const messages = new Set<string>();
    for (const wrong of [
      answer,
      spoilt,
      mixed,
      await fresh({ verified: false }),
      await fresh({ present: false }),
      await fresh({ origin: 'https://evil.example' }),
      await fresh({ rpId: 'evil.example' }),
      await fresh({ type: 'webauthn.create' }),
      await fresh({ crossOrigin: true }),
      await fresh({ challenge: Buffer.alloc(32, 7).toString('base64url') }),
      await fresh({}, aSoftPasskey('stranger')),
      { ...(await fresh()), id: 'AAAA', rawId: 'AAAA' },
      null,
      'x',
      [],
      {},
      { id: 'x', rawId: 'x', type: 'public-key', response: [] },
      { ...(await fresh()), __proto__: { id: 'y' }, response: { clientDataJSON: '!!' } },
    ])
      messages.add(
        (await throwsFault(() => door.passkey.verify(wrong, FROM), 'sign-in-refused')).message,
      );
    assert.equal(messages.size, 1);
  });

  it('is refused when its counter went back, and the event names the person', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const ada = await admitted(world, 'ada');
    await door.passkey.verify(ada.answer(await door.passkey.options(), { counter: 9 }), FROM);
    const options = await door.passkey.options();
    await throwsFault(
      () => door.passkey.verify(ada.answer(options, { counter: 9 }), FROM),
      'passkey-copied',
    );
    assert.equal(org.events.at(-1)?.principal, 'operator:ada@console');
  });

  it('is refused where the file names another key beside the one that signs in', async () => {
    const world = await aWorld();
    const { door, identity, org } = world;
    const ada = await admitted(world, 'ada');
    const eve = aSoftPasskey('eve');
    identity.passkeys.remove(ada.credentialId);
    identity.passkeys.add({
      credentialId: eve.credentialId,
      operator: 'ada',
      key: ada.line,
      cose: Uint8Array.from(aCoseKey('eve')),
      rpId: PLACE.rpId,
      counter: 0,
      transports: [],
      label: '',
      backedUp: false,
    });
    assert.equal(org.keys.get(ada.line), 'ada');
    const options = await door.passkey.options();
    await throwsFault(() => door.passkey.verify(eve.answer(options), FROM), 'sign-in-refused');
  });

  it('is over five minutes after it was asked for', async () => {
    const world = await aWorld();
    const ada = await admitted(world, 'ada');
    const options = await world.door.passkey.options();
    world.clock.pass(5 * MINUTE);
    await throwsFault(
      () => world.door.passkey.verify(ada.answer(options), FROM),
      'sign-in-refused',
    );
  });

  it('opens nothing while the log cannot be written', async () => {
    const world = await aWorld();
    const ada = await admitted(world, 'ada');
    const options = await world.door.passkey.options();
    world.org.logIsWritable = false;
    await assert.rejects(world.door.passkey.verify(ada.answer(options), FROM), /disk is full/);
    assert.deepEqual(world.identity.sessions.list(), []);
  });

  it('fills no log: of many refusals a minute some are told, and how many were not', async () => {
    const world = await aWorld();
    const ada = await admitted(world, 'ada');
    for (let i = 0; i < 100; i++)
      await throwsFault(() => world.door.passkey.verify({}, FROM), 'sign-in-refused');
    await world.door.passkey.verify(ada.answer(await world.door.passkey.options()), FROM);
    assert.equal(world.org.kinds().filter((kind) => kind.startsWith('session.refused')).length, 30);
    assert.equal(world.org.events.at(-1)?.more?.['refusalsNotTold'], 70);
  });
});

describe('a session', () => {
  it('is dead at the next request once its person, its key or the console is another', async () => {
    const ways: readonly ((world: World, key: SoftPasskey) => void)[] = [
      ({ org }, { line }) => {
        org.keys.delete(line);
        org.revoked.add('ada');
      },
      // Another key of the same person remains; the one that opened this session does not.
      ({ org }, { line }) => {
        org.keys.delete(line);
        org.keys.set('another key', 'ada');
      },
      ({ org }, { line }) => void org.keys.set(line, 'bea'),
      ({ org }) => {
        org.rpId = 'other.example';
      },
      ({ identity }, { credentialId }) => void identity.passkeys.remove(credentialId),
      ({ identity }) => void identity.sessions.endAll('ada'),
    ];
    for (const [i, end] of ways.entries()) {
      const world = await aWorld();
      const { door } = world;
      const ada = await admitted(world, 'ada');
      const { secret, session } = await door.passkey.verify(
        ada.answer(await door.passkey.options()),
        FROM,
      );
      assert.equal(await door.isHere(session.id), true);
      end(world, ada);
      assert.equal(await world.who(secret), undefined, `way ${i}`);
      assert.equal(await door.isHere(session.id), false);
    }
  });

  it('ends with an event, once', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const ada = await admitted(world, 'ada');
    const { secret, session } = await door.passkey.verify(
      ada.answer(await door.passkey.options()),
      FROM,
    );
    await door.signOut(session, FROM);
    await door.signOut(session, FROM);
    assert.equal(await world.who(secret), undefined);
    assert.deepEqual(org.kinds().filter((kind) => kind === 'session.ended').length, 1);
  });
});

describe('a recovery code', () => {
  it('signs in once, to register a passkey and for nothing else, and says so', async () => {
    const world = await aWorld();
    const { door, identity, org } = world;
    await admitted(world, 'ada');
    org.owners.add('ada');
    const [code = ''] = identity.recovery.make('ada');
    const { secret, session, limit } = await door.recovery('ada', code, FROM);
    assert.match(limit ?? '', /nothing else/);
    const person = await world.who(secret);
    assert.deepEqual([person?.holds, person?.reach], ['recovery', []]);
    await throwsFault(() => door.recovery('ada', code, FROM), 'sign-in-refused');
    const { code: own } = await door.invitation.own(session, undefined, FROM);
    const further = aSoftPasskey('second of ada');
    assert.equal((await register(world, own, further))['step'], 'pending');
    await throwsFault(() => door.confirm.options(session), 'session-limited');
    const glass = { reason: 'the site is down', minutes: 5, ceremony: undefined };
    await throwsFault(() => door.breakGlass.open(session, glass), 'session-limited');
  });

  it('is refused for whoever is not in force, and for names of nobody', async () => {
    const world = await aWorld();
    const [code = ''] = world.identity.recovery.make('ada');
    await throwsFault(() => world.door.recovery('ada', code, FROM), 'not-in-force');
    for (const name of ['', 'Ada', '../x', 'bob\n', 'x'.repeat(100)])
      await throwsFault(() => world.door.recovery(name, code, FROM), 'sign-in-refused');
  });
});

describe('whom the identity provider vouches for', () => {
  it('is in by a key in force or by a role of a group, and never once taken out', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const shown = (by = PAGE) => by.shows(door.nonce());
    await admitted(world, 'ada');
    const { secret } = await door.vouched({ operator: 'olga', groups: ['sre'] }, FROM, shown());
    assert.equal((await world.who(secret))?.keys.length, 0);
    for (const none of [{ ...shown(), proof: undefined }, shown(aPage())])
      await throwsFault(
        () => door.vouched({ operator: 'olga', groups: ['sre'] }, FROM, none),
        'proof-needed',
      );
    await throwsFault(
      () => door.vouched({ operator: 'olga', groups: [] }, FROM, shown()),
      'not-in-force',
    );
    org.revoked.add('olga');
    await throwsFault(
      () => door.vouched({ operator: 'olga', groups: ['sre'] }, FROM, shown()),
      'not-in-force',
    );
    assert.equal(await world.who(secret), undefined);
  });
});
