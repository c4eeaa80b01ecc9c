import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { MINUTE, SetClock } from '#samples/identity';
import { cpuMs } from '#test/cpu';
import { admitted, aWorld, FROM, type World } from '#test/signin-world';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { isPageKey, NONCE_MS, PageProofs, type ProofLimits } from './page-proof.ts';
import type { Shown } from './protocol.ts';
import { aPage, PAGE } from './samples.ts';

const NONCE = NONCE_MS * 1_000;
const signedIn = async (world: World) => {
  const ada = await admitted(world, 'ada');
  const { passkey } = world.door;
  return passkey.verify(ada.answer(await passkey.options()), FROM);
};
const opened = (limits?: ProofLimits) => {
  const clock = new SetClock();
  return { clock, proofs: new PageProofs(clock, seededRandom(1), limits) };
};

describe('a cookie', () => {
  it('is worth nothing without a proof of its own page', async () => {
    const world = await aWorld();
    const { secret } = await signedIn(world);
    const { door } = world;
    const shown = PAGE.shows(door.nonce());
    const [nonce = '', id = '', signature = ''] = shown.proof.split('.');
    const other = id.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    for (const proof of [
      undefined,
      '',
      'x',
      nonce,
      `${nonce}.${id}`,
      `${nonce}.${id}.`,
      `.${id}.${signature}`,
      `${nonce}.${other}.${signature}`,
      `${nonce}.${id}.${'A'.repeat(86)}`,
      `${shown.proof}=`,
      ` ${shown.proof}`,
      aPage().shows(nonce).proof,
      PAGE.shows('A'.repeat(22)).proof,
      PAGE.shows('').proof,
    ])
      await throwsFault(() => door.whoIs(secret, { ...shown, proof }), 'proof-needed');
    // None of them used it up.
    assert.equal((await door.whoIs(secret, shown))?.session.operator, 'ada');
    assert.equal(await door.whoIs('unknown', PAGE.shows(door.nonce())), undefined);
  });

  it('opens nothing with what was seen of another request', async () => {
    const world = await aWorld();
    const { secret } = await signedIn(world);
    const { door } = world;
    const seen = PAGE.shows(door.nonce(), 'POST', '/api/v1/operations/query_facts');
    for (const elsewhere of [
      { target: '/api/v1/operations/access_show' },
      { target: '/api/v1/operations/query_facts?x=1' },
      { target: '/API/v1/operations/query_facts' },
      { method: 'GET' },
      { method: 'POST\n/api/v1', target: 'operations/query_facts' },
    ])
      await throwsFault(() => door.whoIs(secret, { ...seen, ...elsewhere }), 'proof-needed');
    assert.ok(await door.whoIs(secret, seen));
    // And not that very request a second time.
    await throwsFault(() => door.whoIs(secret, seen), 'proof-spent');
    // Nor a session of somebody else with what that other page showed.
    const page = aPage();
    await throwsFault(() => door.whoIs(secret, page.shows(door.nonce())), 'proof-needed');
  });

  it('keeps no session alive by itself, and a proof that was good ends with its nonce', async () => {
    const world = await aWorld();
    const { secret, session } = await signedIn(world);
    await world.who(secret);
    for (let i = 0; i < 3; i++) {
      const kept = PAGE.shows(world.door.nonce());
      world.clock.pass(10 * MINUTE);
      assert.equal(await world.door.whoIs(secret, kept).catch(() => undefined), undefined);
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

describe('a nonce', () => {
  it('is good until the one after the next, whatever time it is where the page is', () => {
    const { clock, proofs } = opened();
    const first = proofs.nonce();
    assert.equal(proofs.nonce(), first);
    clock.pass(NONCE);
    const second = proofs.nonce();
    assert.notEqual(second, first);
    for (const nonce of [first, second]) proofs.check(PAGE.key, PAGE.shows(nonce));
    clock.pass(NONCE);
    throwsNow(() => proofs.check(PAGE.key, PAGE.shows(first)), 'proof-needed');
    proofs.check(PAGE.key, PAGE.shows(second));
    clock.pass(2 * NONCE);
    throwsNow(() => proofs.check(PAGE.key, PAGE.shows(second)), 'proof-needed');
  });

  it('is of one process: what was taken before a start is not taken after it', () => {
    const clock = new SetClock();
    const before = new PageProofs(clock, seededRandom(1));
    const after = new PageProofs(clock, seededRandom(2));
    const seen = PAGE.shows(before.nonce());
    before.check(PAGE.key, seen);
    throwsNow(() => after.check(PAGE.key, seen), 'proof-needed');
  });

  it('remembers what was taken for as long as it is good, and refuses rather than forget', () => {
    const { clock, proofs } = opened({ ofOne: 2, ofAll: 3 });
    const seen = PAGE.shows(proofs.nonce());
    proofs.check(PAGE.key, seen);
    proofs.check(PAGE.key, PAGE.shows(proofs.nonce()));
    throwsNow(() => proofs.check(PAGE.key, PAGE.shows(proofs.nonce())), 'too-many-requests');
    // Others are not locked out by one.
    const [other, third] = [aPage(), aPage()];
    proofs.check(other.key, other.shows(proofs.nonce()));
    throwsNow(() => proofs.check(third.key, third.shows(proofs.nonce())), 'too-many-requests');
    clock.pass(NONCE);
    throwsNow(() => proofs.check(PAGE.key, seen), 'proof-spent');
    proofs.check(third.key, third.shows(proofs.nonce()));
    // Who has no key of a session fills nothing.
    for (let i = 0; i < 5; i++)
      throwsNow(() => proofs.check(third.key, other.shows(proofs.nonce())), 'proof-needed');
    proofs.check(third.key, third.shows(proofs.nonce()));
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

  it('costs each request little: a signature is checked, and the key is read once', () => {
    const { proofs } = opened();
    const shown: readonly Shown[] = Array.from({ length: 100 }, () => PAGE.shows(proofs.nonce()));
    const began = cpuMs();
    for (const each of shown) proofs.check(PAGE.key, each);
    const took = cpuMs() - began;
    assert.ok(took / shown.length < 2, `${(took / shown.length) * 1_000} µs`);
  });
});

function throwsNow(act: () => void, code: string): void {
  assert.throws(act, (thrown: { readonly code?: string }) => thrown.code === code);
}
