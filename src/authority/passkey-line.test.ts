import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { throwsFault } from '#test/throws-fault';
import { fingerprint, readKeyBlob } from './keys.ts';
import { passkeyLine } from './passkey-line.ts';
import {
  aCoseKey,
  aHostPolicy,
  aKey,
  aPasskey,
  NOON,
  signerLine,
  theRevocations,
  theSigners,
} from './samples.ts';
import { NAMESPACES } from './signers.ts';
import { verifySignature } from './verify-signature.ts';

describe('the line of a passkey', () => {
  it('is the key that ssh-keygen reads, with the same fingerprint', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-passkey-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const line = passkeyLine(aCoseKey('ada'), 'console.example');
    writeFileSync(join(folder, 'key.pub'), `${line} ada\n`);
    const said = execFileSync('ssh-keygen', ['-l', '-f', join(folder, 'key.pub')], {
      encoding: 'utf8',
    });
    assert.match(said, /^256 SHA256:\S+ ada \(ECDSA-SK\)/);
    assert.equal(said.split(' ')[1], fingerprint(line));
  });

  it('is read here as a security key whose application is the rpId', () => {
    const line = passkeyLine(aCoseKey('ada'), 'console.example');
    const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
    const key = readKeyBlob(blob, (says) => assert.fail(says));
    assert.equal(key.application, 'console.example');
    assert.equal(line, aPasskey('ada', { rpId: 'console.example' }).line);
  });

  it('names the key that verifies an assertion over the preimage of an order', () => {
    const line = passkeyLine(aCoseKey('ada'), 'console.example');
    const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
    const key = readKeyBlob(blob, (says) => assert.fail(says));
    const signers = theSigners([
      { operators: ['ada'], isAuthority: false, key },
      signerLine('recovery', aKey('recovery')),
    ]);
    const armored = aPasskey('ada').sign(NAMESPACES.change, 'the order\n');
    const question = {
      text: 'the order\n',
      namespace: NAMESPACES.change,
      armored,
      signers,
      revocations: theRevocations(),
      policy: aHostPolicy(),
      at: NOON,
    };
    const { operator, assurance } = verifySignature(question);
    assert.deepEqual([operator, assurance], ['ada', 'separate']);
    assert.throws(() => verifySignature({ ...question, text: 'another order\n' }));
  });

  it('is another one for another rpId', () => {
    const cose = aCoseKey('ada');
    assert.notEqual(passkeyLine(cose, 'console.example'), passkeyLine(cose, 'example'));
  });

  it('is refused for every other key, curve, encoding and point', async () => {
    const good = aCoseKey('ada');
    const wrong = [
      new Uint8Array(),
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.of(0)]),
      // RS256, EdDSA, and P-384 where P-256 stood.
      Buffer.from('a401030339010020590100', 'hex'),
      Buffer.from(`a4010103272006215820${'11'.repeat(32)}`, 'hex'),
      Buffer.concat([good.subarray(0, 6), Buffer.of(2), good.subarray(7)]),
      // No point of the curve.
      Buffer.concat([good.subarray(0, -32), Buffer.alloc(32)]),
    ];
    for (const bytes of wrong)
      await throwsFault(() => passkeyLine(bytes, 'console.example'), 'invalid-config');
    for (const rpId of ['', 'a b', 'a\nb', 'é'])
      await throwsFault(() => passkeyLine(good, rpId), 'invalid-config');
  });

  it('never comes of a key with one bit changed in what is not the point', () => {
    const good = aCoseKey('ada');
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 42, 43, 44),
        fc.nat(7),
        (at, bit) => {
          const bytes = Buffer.from(good);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
          assert.throws(() => passkeyLine(bytes, 'console.example'));
        },
      ),
    );
  });
});
