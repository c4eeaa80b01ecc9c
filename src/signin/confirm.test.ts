import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MINUTE } from '#samples/identity';
import { admitted, aWorld, FROM, type World } from '#test/signin-world';
import { throwsFault } from '#test/throws-fault';
import type { Ceremony, Confirming } from './protocol.ts';
import { aCeremony, PAGE, type SoftPasskey } from './samples.ts';

const CALL: Confirming = {
  operation: 'lease_issue',
  input: { label: 'laptop', profile: 'observer', seconds: 3600 },
};

const signedIn = async (world: World, operator = 'ada') => {
  const key = await admitted(world, operator);
  const { passkey } = world.door;
  const { session } = await passkey.verify(key.answer(await passkey.options()), FROM);
  return { key, session };
};

describe('a call that a passkey confirms', () => {
  it('is that very call, in that session, once', async () => {
    const world = await aWorld();
    const { confirm } = world.door;
    const { key, session } = await signedIn(world);
    const good = await aCeremony(confirm, session, CALL, key);
    assert.match(await confirm.verify(session, CALL, good), /^SHA256:/);
    await throwsFault(() => confirm.verify(session, CALL, good), 'sign-in-refused');
    // The order of names is nobody's business.
    const turned = { ...CALL, input: { seconds: 3600, profile: 'observer', label: 'laptop' } };
    await confirm.verify(session, turned, await aCeremony(confirm, session, CALL, key));
  });

  it('is refused for another call, input, session, person, purpose, page or way of signing', async () => {
    const world = await aWorld();
    const { door } = world;
    const { confirm } = door;
    const { key, session } = await signedIn(world);
    const again = await door.passkey.verify(key.answer(await door.passkey.options()), FROM);
    const bea = await signedIn(world, 'bea');
    const made = (call = CALL, by: SoftPasskey = key, how = {}): Promise<Ceremony> =>
      aCeremony(confirm, session, call, by, how);
    const good = await made();
    const other = await made();
    const wrong: readonly Ceremony[] = [
      await made({ ...CALL, operation: 'session_end' }),
      await made({ ...CALL, input: { label: 'laptop', profile: 'operator', seconds: 3600 } }),
      await aCeremony(confirm, again.session, CALL, key),
      await aCeremony(confirm, bea.session, CALL, bea.key),
      await made(CALL, bea.key),
      await made(CALL, key, { verified: false }),
      await made(CALL, key, { present: false }),
      await made(CALL, key, { origin: 'https://evil.example' }),
      await made(CALL, key, { rpId: 'evil.example' }),
      await made(CALL, key, { crossOrigin: true }),
      { nonce: good.nonce, response: other.response },
      { nonce: 'A'.repeat(43), response: good.response },
      { nonce: 1, response: good.response },
      { nonce: undefined, response: undefined },
      { nonce: (await made()).nonce, response: key.answer(await door.passkey.options()) },
    ];
    for (const each of wrong)
      await throwsFault(() => confirm.verify(session, CALL, each), 'sign-in-refused');
    assert.equal(
      world.org.kinds().filter((kind) => kind.startsWith('confirmation.refused')).length,
      wrong.length,
    );
  });

  it('is not confirmed any more five minutes later', async () => {
    const world = await aWorld();
    const { confirm } = world.door;
    const { key, session } = await signedIn(world);
    const late = await aCeremony(confirm, session, CALL, key);
    world.clock.pass(5 * MINUTE);
    await throwsFault(() => confirm.verify(session, CALL, late), 'sign-in-refused');
  });

  it('is not confirmed by a passkey that is not in force any more, or by whoever has none', async () => {
    const world = await aWorld();
    const { door, org, identity } = world;
    const { key, session } = await signedIn(world);
    const begun = await aCeremony(door.confirm, session, CALL, key);
    org.keys.delete(key.line);
    org.keys.set('another key', 'ada');
    await throwsFault(() => door.confirm.verify(session, CALL, begun), 'session-limited');
    const vouched = await door.vouched(
      { operator: 'olga', groups: ['sre'] },
      FROM,
      PAGE.shows(world.door.nonce()),
    );
    await throwsFault(() => door.confirm.options(vouched.session), 'session-limited');
    const [code = ''] = identity.recovery.make('ada');
    const recovered = await door.recovery('ada', code, FROM);
    await throwsFault(() => door.confirm.options(recovered.session), 'session-limited');
  });

  it('makes the next ten minutes recent, as signing in with a passkey does and nothing else', async () => {
    const world = await aWorld();
    const { door, clock, identity } = world;
    const { key, session } = await signedIn(world);
    const { confirm } = door;
    const [code = ''] = identity.recovery.make('ada');
    const byCode = await door.recovery('ada', code, FROM);
    const byProvider = await door.vouched(
      { operator: 'ada', groups: [] },
      FROM,
      PAGE.shows(door.nonce()),
    );
    assert.equal(confirm.isRecent(byCode.session), false);
    assert.equal(confirm.isRecent(byProvider.session), false);
    assert.equal(confirm.isRecent(session), true);
    clock.pass(10 * MINUTE);
    assert.equal(confirm.isRecent(session), false);
    await confirm.verify(session, CALL, await aCeremony(confirm, session, CALL, key));
    assert.equal(confirm.isRecent(session), true);
    assert.equal(confirm.isRecent(byProvider.session), false);
  });
});

describe('a further passkey of one’s own', () => {
  it('takes one that is there, or a sign-in of these minutes where there is none', async () => {
    const world = await aWorld();
    const { door, clock, identity } = world;
    const { key, session } = await signedIn(world);
    const { invitation } = door;
    await throwsFault(() => invitation.own(session, undefined, FROM), 'passkey-needed');
    const call = { operation: 'passkey_add', input: {} };
    await invitation.own(session, await aCeremony(door.confirm, session, call, key), FROM);
    const [code = ''] = identity.recovery.make('ada');
    const recovered = await door.recovery('ada', code, FROM);
    await invitation.own(recovered.session, undefined, FROM);
    clock.pass(10 * MINUTE);
    await throwsFault(() => invitation.own(recovered.session, undefined, FROM), 'sign-in-again');
  });
});
