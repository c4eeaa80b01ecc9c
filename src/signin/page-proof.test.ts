import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { MINUTE } from '#samples/identity';
import { cpuMs } from '#test/cpu';
import { admitted, aWorld, FROM, type World } from '#test/signin-world';
import { throwsFault } from '#test/throws-fault';
import { isPageKey, PageProofs } from './page-proof.ts';
import { aPage, PAGE } from './samples.ts';

const signedIn = async (world: World) => {
  const ada = await admitted(world, 'ada');
  const { passkey } = world.door;
  return passkey.verify(ada.answer(await passkey.options()), FROM);
};

describe('a cookie', () => {
  it('is worth nothing without a proof of its own page, of these minutes', async () => {
    const world = await aWorld();
    const { secret } = await signedIn(world);
    const now = world.clock.now();
    const good = PAGE.proof(now);
    const [seconds = '', signature = ''] = good.split('.');
    for (const wrong of [
      undefined,
      '',
      'x',
      seconds,
      `${seconds}.`,
      `.${signature}`,
      `${Number(seconds) + 1}.${signature}`,
      `0${seconds}.${signature}`,
      `${good}=`,
      ` ${good}`,
      `${seconds}.${'A'.repeat(86)}`,
      aPage().proof(now),
      PAGE.proof(now - 3 * MINUTE),
      PAGE.proof(now + 3 * MINUTE),
    ])
      await throwsFault(() => world.door.whoIs(secret, wrong), 'proof-needed');
    for (const at of [now, now - 2 * MINUTE, now + 2 * MINUTE])
      assert.equal((await world.door.whoIs(secret, PAGE.proof(at)))?.session.operator, 'ada');
    assert.equal(await world.door.whoIs('unknown', good), undefined);
  });

  it('keeps no session alive by itself, and a proof that was good ends with its minutes', async () => {
    const world = await aWorld();
    const { secret, session } = await signedIn(world);
    const first = PAGE.proof(world.clock.now());
    await world.door.whoIs(secret, first);
    for (let i = 0; i < 3; i++) {
      world.clock.pass(10 * MINUTE);
      await world.door.whoIs(secret, first).catch(() => undefined);
    }
    assert.equal(world.identity.sessions.isOpen(session.id), false);
  });

  it('is given to nobody whose page shows no key, and nothing is spent then', async () => {
    const world = await aWorld();
    await admitted(world, 'ada');
    const [code = ''] = world.identity.recovery.make('ada');
    for (const pageKey of [undefined, '', 'x', PAGE.key.slice(0, -1), `${PAGE.key}A`]) {
      const from = { ...FROM, pageKey };
      await throwsFault(() => world.door.recovery('ada', code, from), 'sign-in-refused');
    }
    assert.equal(world.identity.recovery.left('ada'), 10);
    await world.door.recovery('ada', code, FROM);
  });
});

describe('a page key', () => {
  it('is a P-256 key in the one form there is', () => {
    const spki = (curve: string): string =>
      generateKeyPairSync('ec', { namedCurve: curve })
        .publicKey.export({ type: 'spki', format: 'der' })
        .toString('base64url');
    assert.ok(isPageKey(spki('prime256v1')));
    for (const curve of ['secp256k1', 'secp384r1']) assert.equal(isPageKey(spki(curve)), false);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    assert.equal(
      isPageKey(rsa.export({ type: 'spki', format: 'der' }).toString('base64url')),
      false,
    );
  });

  it('costs next to nothing at each request, since a page shows the same proof for a minute', () => {
    const proofs = new PageProofs();
    const now = 1_800_000_000_000_000 as never;
    const proof = PAGE.proof(now);
    const calls = 20_000;
    const began = cpuMs();
    for (let i = 0; i < calls; i++) proofs.check(PAGE.key, proof, now);
    const took = cpuMs() - began;
    assert.ok(took / calls < 0.05, `${(took / calls) * 1_000} µs`);
  });
});
