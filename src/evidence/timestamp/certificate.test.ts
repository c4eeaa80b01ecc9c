import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTestAuthority } from '#test/openssl-tsa';
import { isForTimestampsOnly, readPem } from './certificate.ts';

describe('the certificate of an authority', () => {
  it('is for time-stamps alone, and says so critically', async () => {
    for (const [extensions, holds] of [
      ['v3_tsa', true],
      ['v3_loose', false],
      ['v3_both', false],
    ] as const) {
      await using authority = await openTestAuthority({ extensions });
      const [certificate] = readPem(authority.certificate) ?? [];
      assert.ok(certificate !== undefined);
      assert.equal(isForTimestampsOnly(certificate), holds, extensions);
    }
  });

  it('is read from PEM and from nothing else', () => {
    assert.equal(readPem(''), undefined);
    assert.equal(
      readPem('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
      undefined,
    );
  });
});
