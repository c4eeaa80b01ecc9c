/** Who is in force is asked at each step of each ceremony, also where another step asks as well. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instant } from '#base/time';
import { MINUTE } from '#samples/identity';
import { admitted, aWorld, FROM, invite, register, type World } from '#test/signin-world';
import { throwsFault } from '#test/throws-fault';
import { aCeremony, aSoftPasskey, PAGE, type SoftPasskey } from './samples.ts';

const signIn = async ({ door }: World, key: SoftPasskey) =>
  door.passkey.verify(key.answer(await door.passkey.options()), FROM);

const vouched = async ({ door }: World, operator: string, groups = ['sre']) =>
  door.vouched({ operator, groups }, FROM, PAGE.shows(door.nonce()));

describe('who is in force', () => {
  it('is asked of the very passkey that opened a session, whatever others the person has', async () => {
    const world = await aWorld();
    const ada = await admitted(world, 'ada');
    const further = aSoftPasskey('another of ada');
    await register(world, invite(world, 'ada'), further);
    world.org.keys.set(further.line, 'ada');
    const one = await signIn(world, ada);
    const two = await signIn(world, further);
    world.org.keys.delete(ada.line);
    assert.equal(await world.who(one.secret), undefined);
    assert.equal((await world.who(two.secret))?.session.operator, 'ada');
    const ended = world.org.events.filter(({ kind }) => kind === 'session.ended');
    assert.deepEqual(
      ended.map(({ principal, more }) => [principal, more?.['session']]),
      [['operator:ada@console', one.session.id]],
    );
  });

  it('is asked of whoever signs in with a passkey, and a name in a file is not enough', async () => {
    const world = await aWorld();
    const ada = await admitted(world, 'ada');
    // Her key stands on a line still, and she in no role of those who may be here.
    world.org.keys.delete(ada.line);
    world.org.keys.get = (line) => (line === ada.line ? 'ada' : undefined);
    world.org.owners.add('ada');
    await throwsFault(async () => signIn(world, ada), 'not-in-force');
    const [code = ''] = world.identity.recovery.make('ada');
    await throwsFault(() => world.door.recovery('ada', code, FROM), 'not-in-force');
    assert.deepEqual(world.identity.sessions.list(), []);
  });

  it('decides what adds a passkey and what breaks the glass, also for whom a provider vouches', async () => {
    const world = await aWorld();
    const { door, identity, org } = world;
    await admitted(world, 'ada');
    const olga = await vouched(world, 'olga');
    await throwsFault(() => door.invitation.own(olga.session, undefined, FROM), 'not-in-force');
    const asked = { reason: 'the site is down', minutes: 5, ceremony: undefined };
    await throwsFault(() => door.breakGlass.open(olga.session, asked), 'not-in-force');
    assert.equal(org.kinds().at(-1), 'break-glass.refused not-in-force');
    const now = world.clock.now();
    const expiresAt = (now + MINUTE) as Instant;
    identity.breakGlass.open({ operator: 'olga', reason: 'x', openedAt: now, expiresAt });
    assert.equal((await world.who(olga.secret))?.holds, 'responder');
    await throwsFault(() => vouched(world, 'Not a name'), 'sign-in-refused');
  });

  it('lets a person without a passkey add the first within minutes, and tells the log', async () => {
    const world = await aWorld();
    const { door, org, clock } = world;
    org.keys.set('a key of ssh', 'bea');
    const { session } = await vouched(world, 'bea');
    const nextOf = async (of: typeof session): Promise<unknown> =>
      (await throwsFault(() => door.confirm.options(of), 'session-limited')).facts['next'];
    assert.equal(await nextOf(session), 'add-a-passkey');
    const { code } = await door.invitation.own(session, undefined, FROM);
    assert.equal(org.events.at(-1)?.kind, 'invitation.made');
    await register(world, code, aSoftPasskey('bea'));
    assert.equal(org.events.at(-1)?.kind, 'passkey.registered');
    assert.equal(await nextOf(session), 'wait-to-be-admitted');
    const olga = await vouched(world, 'olga');
    assert.equal(await nextOf(olga.session), 'ask-to-be-invited');
    clock.pass(10 * MINUTE);
    await throwsFault(() => door.invitation.own(session, undefined, FROM), 'sign-in-again');
  });
});

describe('an invitation', () => {
  it('is over for whoever registered, once somebody else was first, and opens no second ceremony', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const [hers, his] = [invite(world, 'ada'), invite(world, 'bob')];
    const first = await register(world, hers, aSoftPasskey('ada'));
    await register(world, his, aSoftPasskey('bob'));
    await throwsFault(() => door.invitation.options(hers), 'invitation-over');
    const { order } = first['page'] as { order: string };
    const signed = { order, signature: 's' };
    for (const pageKey of [undefined, 'x'])
      await throwsFault(
        () => door.invitation.finish(hers, signed, { ...FROM, pageKey }),
        'sign-in-refused',
      );
    // Nothing was signed by a page that could not be given a session.
    assert.equal(org.keys.size, 0);
    const { session } = await door.invitation.finish(hers, signed, FROM);
    assert.equal(door.confirm.isRecent(session), true);
    await throwsFault(() => door.invitation.open(his), 'invitation-over');
    await throwsFault(() => door.invitation.open(undefined as never), 'invitation-over');
  });
});

describe('a clock that was put back', () => {
  it('makes nothing recent that was signed later', async () => {
    const world = await aWorld();
    const { session } = await signIn(world, await admitted(world, 'ada'));
    world.clock.pass(-MINUTE);
    assert.equal(world.door.confirm.isRecent(session), false);
  });
});

describe('break-glass', () => {
  it('is for a reason that can be read and for whole minutes, and what is refused or ended is told', async () => {
    const world = await aWorld();
    const { door, org } = world;
    const ada = await admitted(world, 'ada');
    const { session } = await signIn(world, ada);
    const open = async (asked: { reason: string; minutes: number }) => {
      const call = { operation: 'break_glass_open', input: asked };
      const ceremony = await aCeremony(door.confirm, session, call, ada);
      return door.breakGlass.open(session, { ...asked, ceremony });
    };
    const reason = 'the site is down';
    for (const asked of [
      { reason: 'x'.repeat(501), minutes: 5 },
      { reason, minutes: 1.5 },
      { reason, minutes: 0 },
      { reason, minutes: -5 },
      { reason, minutes: Number.NaN },
    ]) {
      const ceremony = { nonce: 'A'.repeat(43), response: {} };
      const given = { ...asked, ceremony };
      await throwsFault(() => door.breakGlass.open(session, given), 'invalid-reason');
    }
    assert.equal(org.kinds().at(-1), 'break-glass.refused invalid-reason');
    await open({ reason, minutes: 5 });
    await door.breakGlass.close(session);
    await door.breakGlass.close(session);
    assert.deepEqual(org.kinds().slice(-2), ['break-glass.opened', 'break-glass.ended']);
  });
});

describe('what the ceremonies leave in the log', () => {
  it('says who, whether it was let through, and anew each minute how many were not told', async () => {
    const world = await aWorld();
    const { door, org, clock } = world;
    const refuse = async () => throwsFault(() => door.passkey.verify({}, FROM), 'sign-in-refused');
    const ada = await admitted(world, 'ada');
    for (let i = 0; i < 31; i++) await refuse();
    const refusals = () => org.events.filter(({ kind }) => kind === 'session.refused');
    assert.equal(refusals().length, 30);
    const { principal, onBehalfOf, decision, outcome, arguments: given } = refusals()[0] ?? {};
    assert.deepEqual(
      { principal, onBehalfOf, decision, outcome, given },
      {
        principal: 'stranger@console',
        onBehalfOf: null,
        decision: { verdict: 'deny', because: 'passkey' },
        outcome: 'refused',
        given: { address: '192.0.2.7' },
      },
    );
    clock.pass(MINUTE);
    await refuse();
    assert.equal(refusals().length, 31);
    assert.equal(refusals().at(-1)?.more?.['refusalsNotTold'], 1);
    await signIn(world, ada);
    const opened = org.events.at(-1);
    assert.deepEqual(
      [opened?.principal, opened?.onBehalfOf, opened?.decision.verdict, opened?.outcome],
      ['operator:ada@console', 'operator:ada@console', 'allow', 'done'],
    );
    assert.equal('refusalsNotTold' in (opened?.more ?? {}), false);
  });
});
