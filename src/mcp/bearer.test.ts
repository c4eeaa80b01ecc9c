import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reachOf } from '#access';
import { sha256 } from '#base/digest';
import type { Clock } from '#base/ports';
import { type Instant, instant } from '#base/time';
import { type KeptLease, verifyAgainst } from './bearer.ts';

const noon = instant('2026-03-01T12:00:00Z');
const clockAt = (now: Instant): Clock => ({
  now: () => now,
  monotonicMs: () => 0,
  sleep: async () => {},
});
const lease: KeptLease = {
  id: 'lease_1',
  sha256: sha256('secret'),
  onBehalfOf: 'ada',
  profile: 'observer',
  reach: reachOf('observer'),
  expiresAt: noon,
};

describe('a bearer', () => {
  it('speaks for its lease until the moment that expires, not at it', () => {
    const before = verifyAgainst(() => [lease], clockAt((noon - 1) as Instant));
    assert.equal(before('secret'), lease);
    assert.equal(verifyAgainst(() => [lease], clockAt(noon))('secret'), undefined);
  });

  it('is nobody when its hash is not kept, be it shorter, longer or the hash itself', () => {
    const verify = verifyAgainst(() => [lease], clockAt((noon - 1) as Instant));
    for (const bearer of ['', 'secre', 'secrets', 'Secret', lease.sha256])
      assert.equal(verify(bearer), undefined, bearer);
    const unkept = verifyAgainst(() => [{ ...lease, sha256: '' }], clockAt((noon - 1) as Instant));
    assert.equal(unkept('secret'), undefined);
  });
});
