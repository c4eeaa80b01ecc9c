/** What is written here, ssh-keygen reads the same way. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { throwsFault } from '#test/throws-fault';
import { formatRevocations, parseRevocations, type Revocations } from './krl.ts';
import {
  aKey,
  anEcdsaKey,
  aPasskey,
  aRoot,
  aSecurityKey,
  type SampleSigner,
  theRevocations,
} from './samples.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-krl-'));
after(() => rmSync(directory, { recursive: true }));

function isRevoked(revocations: Revocations, key: SampleSigner): boolean {
  const krl = join(directory, 'krl');
  const pub = join(directory, 'key.pub');
  writeFileSync(krl, formatRevocations(revocations));
  writeFileSync(pub, `${key.line}\n`);
  const run = spawnSync('ssh-keygen', ['-Q', '-f', krl, pub], { encoding: 'utf8' });
  assert.match(run.stdout, /: (ok|REVOKED)/, run.stderr);
  return run.status !== 0;
}

const everything = theRevocations({
  version: 12,
  keys: [aKey('a'), anEcdsaKey('b'), aSecurityKey('c'), aPasskey('d')]
    .map(({ blob }) => blob)
    .sort((a, b) => Buffer.compare(a, b)),
  serials: [{ root: aRoot('root').blob, serials: [1n, 7n, 0xffff_ffff_ffff_ffffn] }],
});

describe('revocations', () => {
  it('are read back equal', () => {
    assert.deepEqual(parseRevocations(formatRevocations(everything)), everything);
    const none = theRevocations();
    assert.deepEqual(parseRevocations(formatRevocations(none)), none);
    const serials = fc.uniqueArray(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), { minLength: 1 });
    fc.assert(
      fc.property(serials, fc.integer({ min: 1, max: 1e14 }), (list, version) => {
        const rising = list.sort((a, b) => (a < b ? -1 : 1));
        const some = theRevocations({
          version,
          serials: [{ root: aRoot('r').blob, serials: rising }],
        });
        assert.deepEqual(parseRevocations(formatRevocations(some)), some);
      }),
      { numRuns: 50 },
    );
  });

  it('revoke for ssh-keygen what they revoke here, and nothing else', () => {
    for (const key of [aKey('a'), anEcdsaKey('b'), aSecurityKey('c'), aPasskey('d')]) {
      assert.equal(isRevoked(everything, key), true);
      assert.equal(isRevoked(theRevocations(), key), false);
    }
    assert.equal(isRevoked(everything, aKey('e')), false);
    const certificate = (serial: number): SampleSigner =>
      aRoot('root').certify(aKey('e'), 'erin', { serial });
    assert.equal(isRevoked(everything, certificate(7)), true);
    assert.equal(isRevoked(everything, certificate(8)), false);
    const other = aRoot('other').certify(aKey('e'), 'erin', { serial: 7 });
    assert.equal(isRevoked(everything, other), false);
    const revokedInside = aRoot('other').certify(aKey('a'), 'alice');
    assert.equal(isRevoked(everything, revokedInside), true);
  });

  it('have the version that ssh-keygen shows', () => {
    const krl = join(directory, 'krl');
    writeFileSync(krl, formatRevocations(everything));
    const { stdout } = spawnSync('ssh-keygen', ['-Q', '-l', '-f', krl], { encoding: 'utf8' });
    assert.match(stdout, /^# KRL version 12$/m);
  });

  it('are refused when a byte is missing, added or another, unless they say something else', async () => {
    const good = formatRevocations(everything);
    for (let at = 0; at < good.length; at++) {
      for (const bit of [1, 0x80]) {
        const other = Buffer.from(good);
        other.writeUInt8(other.readUInt8(at) ^ bit, at);
        let value: Revocations;
        try {
          value = parseRevocations(other);
        } catch {
          continue;
        }
        assert.notDeepEqual(value, everything);
        assert.ok(formatRevocations(value).equals(other));
      }
      await throwsFault(
        () => parseRevocations(good.subarray(0, at === 44 ? 43 : at)),
        'revocations-broken',
      ).catch((error) => {
        // A cut between two sections is a shorter list: the signed digest of the file is what finds it.
        const shorter = parseRevocations(good.subarray(0, at));
        assert.ok(shorter.keys.length < 4, String(error));
      });
    }
  });

  const sections: readonly (readonly [string, Buffer])[] = [
    ['an unknown section', Buffer.from('0900000000', 'hex')],
    ['a critical extension', Buffer.from('ff00000009000000017801' + '00000000'.slice(0, 6), 'hex')],
    ['a fingerprint section', Buffer.from('0500000000', 'hex')],
    ['an empty section of keys', Buffer.from('0200000000', 'hex')],
    ['a byte too many', Buffer.from('00', 'hex')],
  ];
  for (const [what, bytes] of sections) {
    it(`are refused with ${what}`, () =>
      throwsFault(
        () => parseRevocations(Buffer.concat([formatRevocations(theRevocations()), bytes])),
        'revocations-broken',
      ).then(() => undefined));
  }

  it('are refused when the file is empty', () =>
    throwsFault(() => parseRevocations(Buffer.alloc(0)), 'revocations-broken').then(
      () => undefined,
    ));
});
