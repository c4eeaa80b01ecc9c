import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reachOf } from '#access';
import type { Session } from '#identity';
import { MINUTE } from '#samples/identity';
import { admitted, aWorld, FROM, invite, register, type World } from '#test/signin-world';
import { throwsFault } from '#test/throws-fault';
import type { Ceremony } from './protocol.ts';
import { aCeremony, aSoftPasskey, type SoftPasskey } from './samples.ts';

describe('break-glass', () => {
  const asked = { reason: 'the site is down', minutes: 30 };
  const confirmed = (world: World, session: Session, key: SoftPasskey, over: object = {}) =>
    aCeremony(
      world.door.confirm,
      session,
      { operation: 'break_glass_open', input: { ...asked, ...over } },
      key,
    );

  it('gives everything for as long as it says, after a fresh ceremony, and is told', async () => {
    const world = await aWorld();
    const { door, clock, org } = world;
    const ada = await admitted(world, 'ada');
    const { session, secret } = await door.passkey.verify(
      ada.answer(await door.passkey.options()),
      FROM,
    );
    const ceremony = await confirmed(world, session, ada);
    const glass = await door.breakGlass.open(session, { ...asked, ceremony });
    assert.equal(glass.expiresAt - glass.openedAt, 30 * MINUTE);
    const who = await world.who(secret);
    assert.deepEqual([who?.holds, who?.reach], ['break-glass', reachOf('operator')]);
    assert.equal(org.events.at(-1)?.kind, 'break-glass.opened');
    clock.pass(29 * MINUTE);
    assert.equal((await world.who(secret))?.holds, 'break-glass');
    clock.pass(MINUTE);
    assert.equal((await world.who(secret))?.holds, 'responder');
  });

  it('is refused for an answer to something else, of somebody else, twice, too long or without a reason', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const ada = await admitted(world, 'ada');
    const bea = await admitted(world, 'bea');
    const { session } = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    const other = await door.passkey.verify(bea.answer(await door.passkey.options()), FROM);
    const refuses = (ceremony: Ceremony | undefined, code: string, over = {}): Promise<unknown> =>
      throwsFault(() => door.breakGlass.open(session, { ...asked, ceremony, ...over }), code);
    const good = (over = {}): ReturnType<typeof confirmed> => confirmed(world, session, ada, over);
    await refuses(undefined, 'passkey-needed');
    const { nonce } = await good();
    await refuses({ nonce, response: ada.answer(await door.passkey.options()) }, 'sign-in-refused');
    await refuses(await confirmed(world, session, bea), 'sign-in-refused');
    await refuses(await confirmed(world, other.session, bea), 'sign-in-refused');
    await refuses(await good({ minutes: 5 }), 'sign-in-refused');
    await refuses(await good({ reason: 'something else' }), 'sign-in-refused');
    const long = { minutes: 61 };
    await refuses(await good(long), 'invalid-reason', long);
    const short = { minutes: 0.5 };
    await refuses(await good(short), 'invalid-reason', short);
    const blank = { reason: '\n\n\n\n\n\n\n\n\n' };
    await refuses(await good(blank), 'invalid-reason', blank);
    const spent = await good();
    await door.breakGlass.open(session, { ...asked, ceremony: spent });
    await refuses(spent, 'sign-in-refused');
    org.owners.add('ada');
    await refuses(await good(), 'glass-not-needed');
    assert.equal(await door.breakGlass.close(session), true);
    assert.equal(await door.breakGlass.close(session), false);
  });

  it('widens nothing while the log cannot be written', async () => {
    const world = await aWorld();
    const { door, org, identity, clock } = world;
    const ada = await admitted(world, 'ada');
    const { session } = await door.passkey.verify(ada.answer(await door.passkey.options()), FROM);
    const ceremony = await confirmed(world, session, ada);
    org.logIsWritable = false;
    await assert.rejects(door.breakGlass.open(session, { ...asked, ceremony }));
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
