import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reachOf } from '#access';
import type { JsonObject } from '#base/json';
import type { EventInput } from '#evidence';
import { type Identity, openIdentity } from '#identity';
import { nodeFiles } from '#machine';
import { aCoseKey } from '#samples/authority';
import { MINUTE, SetClock } from '#samples/identity';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import type { SignInNeeds } from './needs.ts';
import type { From, SignIn } from './protocol.ts';
import { aSoftPasskey, PLACE, type SoftPasskey } from './samples.ts';
import { openSignIn } from './sign-in.ts';

const FROM: From = { address: '192.0.2.7', userAgent: 'a browser' };

/** An organisation without hosts: who is in force is a table, and a config is what it says. */
class Organisation {
  readonly keys = new Map<string, string>();
  readonly revoked = new Set<string>();
  readonly owners = new Set<string>();
  readonly events: EventInput[] = [];
  logIsWritable = true;
  rpId = PLACE.rpId;
  pages = 0;

  needs(identity: Identity, clock: SetClock): SignInNeeds {
    return {
      identity,
      clock,
      random: seededRandom(5),
      events: {
        append: (event) => {
          const done = this.logIsWritable
            ? Promise.resolve({} as never)
            : Promise.reject(new Error('the disk is full'));
          if (this.logIsWritable) this.events.push(event);
          done.catch(() => {});
          return { written: done, durable: done };
        },
      },
      place: async () => ({ ...PLACE, rpId: this.rpId }),
      people: {
        isAnybody: async () => this.keys.size > 0,
        standing: async (operator) => {
          if ([...this.keys.values()].includes(operator))
            return { is: 'in-force', name: operator.toUpperCase() };
          return { is: this.revoked.has(operator) ? 'revoked' : 'unknown' };
        },
        ownerOf: async (key) => this.keys.get(key),
        roles: async (operator, groups, isInForce) => {
          if (this.owners.has(operator)) return { reach: reachOf('operator'), holds: 'owner' };
          return isInForce || groups.includes('sre')
            ? { reach: reachOf('observer'), holds: 'responder' }
            : undefined;
        },
      },
      config: {
        page: async (first) => {
          this.pages += 1;
          return {
            order: JSON.stringify({ first, page: this.pages }),
            namespace: 'holdfast-config@1',
          };
        },
        apply: async ({ order }) => {
          const { first } = JSON.parse(order) as { first: { id: string; key: string } };
          this.keys.set(first.key, first.id);
          this.owners.add(first.id);
          return { version: 1 };
        },
      },
    };
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind, fault }) => (fault === null ? kind : `${kind} ${fault}`));
  }
}

type World = {
  readonly org: Organisation;
  readonly identity: Identity;
  readonly door: SignIn;
  readonly clock: SetClock;
};

async function aWorld(): Promise<World> {
  const org = new Organisation();
  const clock = new SetClock();
  const random = seededRandom(3);
  const identity = await openIdentity({ path: ':memory:', files: nodeFiles(), clock, random });
  return { org, clock, identity, door: openSignIn(org.needs(identity, clock)) };
}

function invite({ identity }: World, operator: string): string {
  const { code } = identity.invitations.make({
    operator,
    name: operator,
    accounts: [`${operator}@console`],
    invitedBy: 'operator:root@local',
  });
  return code;
}

async function register(world: World, code: string, key: SoftPasskey): Promise<JsonObject> {
  const options = await world.door.invitation.options(code);
  return (await world.door.invitation.register(
    code,
    key.register(options),
    'laptop',
    FROM,
  )) as unknown as JsonObject;
}

/** A person whose passkey somebody signed for. */
async function admitted(world: World, operator: string): Promise<SoftPasskey> {
  const key = aSoftPasskey(operator);
  await register(world, invite(world, operator), key);
  world.org.keys.set(key.line, operator);
  return key;
}

describe('the first person', () => {
  it('registers a passkey, signs for it, and is in, with recovery codes once', async () => {
    const world = await aWorld();
    const { door, org, identity } = world;
    const code = invite(world, 'ada');
    const opened = await door.invitation.open(code);
    assert.deepEqual([opened.step, opened.isFirst, opened.place], ['register', true, PLACE]);
    const ada = aSoftPasskey('ada');
    const registered = await register(world, code, ada);
    assert.equal(registered['step'], 'sign');
    const { order } = registered['page'] as { order: string };
    assert.deepEqual(JSON.parse(order), {
      first: {
        id: 'ada',
        name: 'ada',
        key: ada.line,
        accounts: ['ada@console'],
        origins: [PLACE.origin],
      },
      page: 1,
    });
    const finished = await door.invitation.finish(code, { order, signature: 'signed' }, FROM);
    assert.equal(finished.recoveryCodes.length, 10);
    assert.equal(finished.session.method, 'invitation');
    const person = await door.whoIs(finished.secret);
    assert.deepEqual([person?.name, person?.holds, person?.keys.length], ['ADA', 'owner', 1]);
    assert.deepEqual(org.kinds(), ['passkey.registered', 'session.opened']);
    await throwsFault(() => door.invitation.open(code), 'invitation-over');
    assert.deepEqual(identity.invitations.list(), []);
  });

  it('may open the link again before signing, and signs only what was shown', async () => {
    const world = await aWorld();
    const { door } = world;
    const code = invite(world, 'ada');
    const registered = await register(world, code, aSoftPasskey('ada'));
    const again = await door.invitation.open(code);
    assert.equal(again.step, 'sign');
    await throwsFault(
      () => door.invitation.finish(code, { order: '{"first":{"id":"eve"}}', signature: 's' }, FROM),
      'other-order',
    );
    const { order } = registered['page'] as { order: string };
    await door.invitation.finish(code, { order, signature: 's' }, FROM);
  });

  it('is one: whoever comes second does not sign for themselves', async () => {
    const world = await aWorld();
    const { door, identity } = world;
    const [hers, his] = [invite(world, 'ada'), invite(world, 'bob')];
    const first = await register(world, hers, aSoftPasskey('ada'));
    const second = await register(world, his, aSoftPasskey('bob'));
    const orderOf = (one: JsonObject): string => (one['page'] as { order: string }).order;
    await door.invitation.finish(hers, { order: orderOf(first), signature: 's' }, FROM);
    await throwsFault(
      () => door.invitation.finish(his, { order: orderOf(second), signature: 's' }, FROM),
      'not-in-force',
    );
    assert.deepEqual(
      identity.invitations.list().map(({ operator }) => operator),
      ['bob'],
    );
  });
});

describe('an invitation to somebody else', () => {
  it('leaves a passkey that waits, and signs nobody in until somebody signed for it', async () => {
    const world = await aWorld();
    const { door, org, identity } = world;
    await admitted(world, 'ada');
    const bea = aSoftPasskey('bea');
    const code = invite(world, 'bea');
    assert.equal((await register(world, code, bea))['step'], 'pending');
    await throwsFault(() => door.invitation.open(code), 'invitation-over');
    const signIn = async (): Promise<unknown> =>
      door.passkey.verify(bea.answer(await door.passkey.options()), FROM);
    await throwsFault(signIn, 'passkey-not-in-force');
    assert.equal(identity.invitations.list()[0]?.pendingKey, bea.line);
    org.keys.set(bea.line, 'bea');
    await signIn();
    assert.deepEqual(org.kinds().slice(-2), [
      'session.refused passkey-not-in-force',
      'session.opened',
    ]);
  });

  it('takes nothing but a P-256 key of this console that asked who is there', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const code = invite(world, 'ada');
    const key = aSoftPasskey('ada');
    const ed25519 = Buffer.from(`a4010103272006215820${'11'.repeat(32)}`, 'hex');
    const wrong: Parameters<SoftPasskey['register']>[1][] = [
      { verified: false },
      { present: false },
      { origin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { type: 'webauthn.get' },
      { crossOrigin: true },
      { cose: ed25519 },
      { challenge: Buffer.alloc(32).toString('base64url') },
    ];
    for (const how of wrong) {
      const options = await door.invitation.options(code);
      await throwsFault(
        () => door.invitation.register(code, key.register(options, how), 'x', FROM),
        'passkey-refused',
      );
    }
    assert.deepEqual([...new Set(org.kinds())], ['passkey.refused passkey-refused']);
    await register(world, code, key);
  });

  it('reads no answer twice, and none that was meant for another invitation', async () => {
    const world = await aWorld();
    const { door } = world;
    const [hers, his] = [invite(world, 'ada'), invite(world, 'bob')];
    const key = aSoftPasskey('ada');
    const options = await door.invitation.options(hers);
    await throwsFault(
      () => door.invitation.register(his, key.register(options), 'x', FROM),
      'passkey-refused',
    );
    await throwsFault(
      () => door.invitation.register(hers, key.register(options), 'x', FROM),
      'passkey-refused',
    );
  });

  it('asks for ES256, a resident key, user verification and no attestation, and not for one there is', async () => {
    const world = await aWorld();
    const key = await admitted(world, 'ada');
    const options = await world.door.invitation.options(invite(world, 'ada'));
    assert.deepEqual(options['pubKeyCredParams'], [{ alg: -7, type: 'public-key' }]);
    assert.equal(options['attestation'], 'none');
    const { residentKey, userVerification } = options['authenticatorSelection'] as JsonObject;
    assert.deepEqual([residentKey, userVerification], ['required', 'required']);
    const excluded = options['excludeCredentials'] as { id: string }[];
    assert.deepEqual(
      excluded.map(({ id }) => id),
      [key.credentialId],
    );
  });
});

describe('signing in with a passkey', () => {
  it('opens a session that knows the person, and each one is new', async () => {
    const world = await aWorld();
    const { door } = world;
    const ada = await admitted(world, 'ada');
    const one = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    const two = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    assert.notEqual(one.session.id, two.session.id);
    assert.notEqual(one.secret, two.secret);
    assert.deepEqual(await door.whoIs(one.secret).then((who) => who?.holds), 'responder');
    assert.equal(await door.whoIs('nothing'), undefined);
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
    const messages = new Set<string>();
    for (const wrong of [
      answer,
      spoilt,
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
      assert.equal(await door.whoIs(secret), undefined, `way ${i}`);
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
    assert.equal(await door.whoIs(secret), undefined);
    assert.deepEqual(org.kinds().filter((kind) => kind === 'session.ended').length, 1);
  });
});

describe('a recovery code', () => {
  it('signs in once, to look and to register a passkey, and says so', async () => {
    const world = await aWorld();
    const { door, identity, org } = world;
    await admitted(world, 'ada');
    org.owners.add('ada');
    const [code = ''] = identity.recovery.make('ada');
    const { secret, session, limit } = await door.recovery('ada', code, FROM);
    assert.match(limit ?? '', /decides nothing/);
    const person = await door.whoIs(secret);
    assert.equal(person?.holds, 'recovery');
    assert.deepEqual(person?.reach.flatMap(({ capabilities }) => [...capabilities]).toSorted(), [
      'changes.read',
      'drift.read',
      'events.read',
      'facts.read',
      'inventory.read',
    ]);
    await throwsFault(() => door.recovery('ada', code, FROM), 'sign-in-refused');
    const { code: own } = await door.invitation.own(session, FROM);
    const further = aSoftPasskey('second of ada');
    assert.equal((await register(world, own, further))['step'], 'pending');
    await throwsFault(() => door.breakGlass.options(session), 'session-limited');
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
    await admitted(world, 'ada');
    const { secret } = await door.vouched({ operator: 'olga', groups: ['sre'] }, FROM);
    assert.equal((await door.whoIs(secret))?.keys.length, 0);
    await throwsFault(() => door.vouched({ operator: 'olga', groups: [] }, FROM), 'not-in-force');
    org.revoked.add('olga');
    await throwsFault(
      () => door.vouched({ operator: 'olga', groups: ['sre'] }, FROM),
      'not-in-force',
    );
    assert.equal(await door.whoIs(secret), undefined);
  });
});

describe('break-glass', () => {
  const asked = { reason: 'the site is down', minutes: 30 };

  it('gives everything for as long as it says, after a fresh ceremony, and is told', async () => {
    const world = await aWorld();
    const { door, clock, org } = world;
    const ada = await admitted(world, 'ada');
    const { session, secret } = await door.passkey.verify(
      ada.answer(await door.passkey.options()),
      FROM,
    );
    const response = ada.answer(await door.breakGlass.options(session));
    const glass = await door.breakGlass.open(session, { ...asked, response });
    assert.equal(glass.expiresAt - glass.openedAt, 30 * MINUTE);
    const who = await door.whoIs(secret);
    assert.deepEqual([who?.holds, who?.reach], ['break-glass', reachOf('operator')]);
    assert.equal(org.events.at(-1)?.kind, 'break-glass.opened');
    clock.pass(29 * MINUTE);
    assert.equal((await door.whoIs(secret))?.holds, 'break-glass');
    clock.pass(MINUTE);
    assert.equal((await door.whoIs(secret))?.holds, 'responder');
  });

  it('is refused for an answer to something else, of somebody else, twice, too long or without a reason', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const ada = await admitted(world, 'ada');
    const bea = await admitted(world, 'bea');
    const { session } = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    const other = await door.passkey.verify(bea.answer(await door.passkey.options()), FROM);
    const refuses = (response: JsonObject, code: string, over = {}): Promise<unknown> =>
      throwsFault(() => door.breakGlass.open(session, { ...asked, response, ...over }), code);
    await refuses(ada.answer(await door.passkey.options()), 'sign-in-refused');
    await refuses(bea.answer(await door.breakGlass.options(session)), 'sign-in-refused');
    await refuses(ada.answer(await door.breakGlass.options(other.session)), 'sign-in-refused');
    const good = async (): Promise<JsonObject> =>
      ada.answer(await door.breakGlass.options(session));
    await refuses(await good(), 'invalid-reason', { minutes: 61 });
    await refuses(await good(), 'invalid-reason', { minutes: 0.5 });
    await refuses(await good(), 'invalid-reason', { reason: '\n\n\n\n\n\n\n\n\n' });
    const spent = await good();
    await door.breakGlass.open(session, { ...asked, response: spent });
    await refuses(spent, 'sign-in-refused');
    org.owners.add('ada');
    await throwsFault(() => door.breakGlass.options(session), 'glass-not-needed');
    assert.equal(await door.breakGlass.close(session), true);
    assert.equal(await door.breakGlass.close(session), false);
  });

  it('widens nothing while the log cannot be written', async () => {
    const world = await aWorld();
    const { door, org, identity, clock } = world;
    const ada = await admitted(world, 'ada');
    const { session } = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    const response = ada.answer(await door.breakGlass.options(session));
    org.logIsWritable = false;
    await assert.rejects(door.breakGlass.open(session, { ...asked, response }));
    assert.equal(identity.breakGlass.of('ada', clock.now()), undefined);
  });
});

describe('what the ceremonies leave in the log', () => {
  it('holds no code, no cookie, no challenge and no answer', async () => {
    const world = await aWorld();
    const { door, org, identity } = world;
    const code = invite(world, 'ada');
    const ada = aSoftPasskey('ada');
    const registered = await register(world, code, ada);
    const { order } = registered['page'] as { order: string };
    const { secret, recoveryCodes } = await door.invitation.finish(
      code,
      { order, signature: 's' },
      FROM,
    );
    const options = await door.passkey.options();
    const answer = ada.answer(options);
    const two = await door.passkey.verify(answer, { ...FROM, address: '\u001b[31m192.0.2.7<b>' });
    const [spare = ''] = identity.recovery.make('ada');
    await door.recovery('ada', spare, FROM);
    const text = JSON.stringify(org.events);
    const { signature } = answer['response'] as { signature: string };
    for (const each of [
      code,
      secret,
      two.secret,
      spare,
      signature,
      options['challenge'] as string,
      ...recoveryCodes,
    ])
      assert.equal(text.includes(each), false);
    assert.equal(/\\u001b|<b>/.test(text), false);
    assert.equal(org.events.length, 4);
  });
});
