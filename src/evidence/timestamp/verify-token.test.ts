/** Against openssl's authority: what it stamps holds, and nothing that was touched does. */
import assert from 'node:assert/strict';
import { hash, randomBytes, X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { openTestAuthority, type TestAuthority, TSA_POLICY } from '#test/openssl-tsa';
import { DerError, readDer } from './der.ts';
import { readTimestampResponse, timestampRequest } from './request.ts';
import { type TokenExpectation, verifyToken } from './verify-token.ts';

const sha256 = hash('sha256', 'a checkpoint', 'buffer');
const nonce = Buffer.from('00ff0123456789abcdef0123456789ab', 'hex');
let authority: TestAuthority;
let token: Buffer;
let expected: TokenExpectation;

async function stamped(by: TestAuthority): Promise<Buffer> {
  const response = readTimestampResponse(await by.reply(timestampRequest(sha256, nonce)));
  assert.ok(response.granted, JSON.stringify(response));
  return response.token;
}

const because = (der: Uint8Array, over: Partial<TokenExpectation> = {}): string => {
  const check = verifyToken(der, { ...expected, ...over });
  return check.holds ? 'holds' : check.because;
};

describe('a time-stamp token', () => {
  before(async () => {
    authority = await openTestAuthority();
    token = await stamped(authority);
    expected = { sha256, nonce, policy: TSA_POLICY, pinned: authority.root };
  });
  after(() => authority[Symbol.asyncDispose]());

  it('holds under its root, and under its own certificate', () => {
    const check = verifyToken(token, expected);
    assert.ok(check.holds, JSON.stringify(check));
    assert.ok(Math.abs(check.at / 1000 - Date.now()) < 60_000);
    assert.equal(check.authority, 'CN=Test TSA');
    assert.equal(because(token, { pinned: authority.certificate }), 'holds');
  });

  it('does not hold for anything else than what was asked', () => {
    assert.equal(because(token, { sha256: randomBytes(32) }), 'imprint-differs');
    assert.equal(because(token, { nonce: randomBytes(16) }), 'nonce-differs');
    assert.equal(because(token, { policy: '1.2.3' }), 'policy-differs');
    assert.equal(because(token, { pinned: 'nothing' }), 'nothing-pinned');
  });

  it('holds by RSA and Ed25519 keys, and by either way of naming its certificate', async () => {
    for (const over of [{ key: 'rsa' }, { digest: 'sha1' }] as const) {
      await using other = await openTestAuthority(over);
      assert.equal(
        because(await stamped(other), { pinned: other.root }),
        'holds',
        JSON.stringify(over),
      );
    }
  });

  it('does not hold under another root of the same name', async () => {
    await using other = await openTestAuthority();
    assert.equal(because(token, { pinned: other.root }), 'chain-broken');
    assert.equal(because(await stamped(other)), 'chain-broken');
  });

  it('does not hold by a certificate that was not valid then', async () => {
    await using other = await openTestAuthority({ days: '-1' });
    assert.equal(because(await stamped(other), { pinned: other.root }), 'not-valid-then');
  });

  it('does not hold with a byte changed that anything hangs on', () => {
    // The root inside is passed over for the pinned one; the set of algorithms outside is signed by nobody.
    const root = new X509Certificate(authority.root).raw;
    const from = token.indexOf(root);
    assert.ok(from > 0);
    const unnoticed: number[] = [];
    for (let at = 0; at < token.length; at += 1) {
      if (at >= from && at < from + root.length) continue;
      const changed = Buffer.from(token);
      changed[at]! ^= 1 + (at % 255);
      if (because(changed) === 'holds') unnoticed.push(at);
    }
    assert.ok(
      unnoticed.every((at) => at > 20 && at < 45),
      `not noticed: ${unnoticed.join(' ')}`,
    );
    assert.equal(because(Buffer.concat([token, Buffer.of(0)])), 'token-unreadable');
    assert.equal(because(token.subarray(0, -1)), 'token-unreadable');
  });

  it('does not hold by another certificate of the same key, issuer and number', async () => {
    const first = new X509Certificate(authority.certificate).raw;
    const at = token.indexOf(first);
    const swapped = Buffer.from(token);
    swapped.set(await authority.reissue(), at);
    assert.equal(because(swapped), 'certificate-differs');
  });

  it('is refused by an authority in words that are understood', async () => {
    const refused = timestampRequest(sha256.subarray(1), nonce);
    const response = readTimestampResponse(await authority.reply(refused));
    assert.equal(response.granted, false);
    assert.match(JSON.stringify(response), /rejection/);
  });

  it('answers for whatever bytes there are', () => {
    const answers = (bytes: Uint8Array): void => {
      assert.notEqual(because(bytes), 'holds');
      readTimestampResponse(bytes);
      try {
        readDer(bytes);
      } catch (error) {
        assert.ok(error instanceof DerError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), answers));
    const spliced = fc
      .tuple(fc.nat(token.length - 1), fc.nat(40), fc.uint8Array({ maxLength: 40 }))
      .map(([at, cut, bytes]) =>
        Buffer.concat([token.subarray(0, at), Buffer.from(bytes), token.subarray(at + cut)]),
      )
      .filter((bytes) => !bytes.equals(token));
    fc.assert(
      fc.property(spliced, (bytes) => void because(bytes)),
      { numRuns: 250 },
    );
  });
});
