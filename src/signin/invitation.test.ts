import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '#base/json';
import { admitted, aWorld, FROM, invite, register } from '#test/signin-world';
import { throwsFault } from '#test/throws-fault';
import { aSoftPasskey, PLACE, type SoftPasskey } from './samples.ts';

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
    const person = await world.who(finished.secret);
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
