/** Each signature is also shown to the installed ssh-keygen, so that what it lets pass is known, not believed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign as rawSign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import type { HostPolicy } from './document-values.ts';
import { fingerprint, publicKeyLine } from './keys.ts';
import { formatRevocations, parseRevocations, type Revocations } from './krl.ts';
import {
  aHostPolicy,
  aKey,
  anEcdsaKey,
  anEcdsaSecurityKey,
  aPasskey,
  aPrivateKey,
  aRoot,
  aSecurityKey,
  NOON,
  rootLine,
  type SampleSigner,
  signerLine,
  theRevocations,
  theSigners,
} from './samples.ts';
import { formatSigners, NAMESPACES, parseSigners, type SignerLine } from './signers.ts';
import { armorSshsig, signedBytes, signSshsig } from './sshsig.ts';
import { type VerifiedSignature, verifySignature } from './verify-signature.ts';
import { mpint, wireString } from './wire.ts';

const TEXT = 'holdfast-change 1\nend\n';
const directory = mkdtempSync(join(tmpdir(), 'holdfast-authority-'));
after(() => rmSync(directory, { recursive: true }));

type Trial = {
  readonly lines: readonly SignerLine[];
  readonly armored: string;
  readonly revocations?: Revocations;
  readonly text?: string;
  readonly origins?: HostPolicy['origins'];
  readonly at?: number;
  /** For ssh-keygen only: what we would not write. */
  readonly signersText?: string;
  readonly revocationBytes?: Uint8Array;
};

function ours(trial: Trial): VerifiedSignature {
  return verifySignature({
    text: trial.text ?? TEXT,
    namespace: NAMESPACES.change,
    armored: trial.armored,
    signers: theSigners(trial.lines),
    revocations: trial.revocations ?? theRevocations(),
    policy: aHostPolicy(trial.origins === undefined ? {} : { origins: trial.origins }),
    at: trial.at ?? NOON,
  });
}

/** What ssh-keygen says of the same question; `at` stands in for its clock. */
function theirs(trial: Trial, operator: string): boolean {
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  const time = new Date((trial.at ?? NOON) * 1000).toISOString().replace(/[-:T]|\..*/g, '');
  const run = spawnSync(
    'ssh-keygen',
    // biome-ignore format: an option and its value in one line
    [
      '-Y', 'verify', '-I', operator, '-n', NAMESPACES.change, `-Overify-time=${time}Z`,
      '-f', file('signers', trial.signersText ?? formatSigners(theSigners(trial.lines))),
      '-s', file('signature', trial.armored),
      '-r', file('revocations', trial.revocationBytes ?? formatRevocations(trial.revocations ?? theRevocations())),
    ],
    { input: trial.text ?? TEXT, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } },
  );
  return run.status === 0;
}

const signed = (key: SampleSigner): string => key.sign(NAMESPACES.change, TEXT);

describe('a signature', () => {
  const kinds: readonly (readonly [string, SampleSigner, VerifiedSignature['assurance']])[] = [
    ['an Ed25519 key', aKey('alice'), 'same-user'],
    ['an ECDSA key', anEcdsaKey('alice'), 'same-user'],
    ['a security key', aSecurityKey('alice'), 'touch'],
    ['an ECDSA security key', anEcdsaSecurityKey('alice'), 'touch'],
    ['a passkey', aPasskey('alice'), 'separate'],
    [
      'a passkey of a browser that says no crossOrigin',
      aPasskey('alice', { crossOrigin: undefined }),
      'separate',
    ],
    [
      'a passkey of a browser that says more',
      aPasskey('alice', { more: ',"other_keys_can_be_added_here":"do not compare"' }),
      'separate',
    ],
  ];
  for (const [what, key, assurance] of kinds) {
    it(`of ${what} is accepted, by ssh-keygen too`, () => {
      const trial = { lines: [signerLine('alice', key)], armored: signed(key) };
      const verified = ours(trial);
      assert.equal(verified.operator, 'alice');
      assert.equal(verified.assurance, assurance);
      assert.equal(verified.key, key.line);
      assert.equal(theirs(trial, 'alice'), true);
    });

    it(`of ${what} with a certificate is accepted, by ssh-keygen too`, () => {
      const root = aRoot('root');
      const certified = root.certify(key, 'bob');
      const trial = { lines: [rootLine(['alice', 'bob'], root)], armored: signed(certified) };
      const verified = ours(trial);
      assert.equal(verified.operator, 'bob');
      assert.equal(verified.assurance, assurance);
      assert.equal(verified.key, certified.line);
      assert.equal(verified.certificate?.serial, '7');
      assert.equal(theirs(trial, 'bob'), true);
    });
  }
});

/** What stock ssh-keygen lets pass, or at least would under other settings; here each has its code. */
describe('a signature that ssh-keygen accepts', () => {
  const passkey = (use: Parameters<typeof aPasskey>[1]): SampleSigner => aPasskey('alice', use);
  const cases: readonly (readonly [string, SampleSigner, string])[] = [
    ['a passkey without presence', passkey({ present: false }), 'no-presence'],
    ['a passkey without verification', passkey({ verified: false }), 'no-verification'],
    ['a security key without presence', aSecurityKey('alice', { present: false }), 'no-presence'],
    [
      'a security key without verification',
      aSecurityKey('alice', { verified: false }),
      'no-verification',
    ],
    ['a foreign origin', passkey({ origin: 'https://evil.example' }), 'foreign-origin'],
    [
      'another port of this machine',
      passkey({ origin: 'http://localhost:9999' }),
      'foreign-origin',
    ],
    ['a frame of another page', passkey({ crossOrigin: true }), 'cross-origin'],
    ['a second crossOrigin', passkey({ more: ',"crossOrigin":true' }), 'cross-origin'],
  ];
  for (const [what, key, code] of cases) {
    it(`is refused: ${what}`, async () => {
      const trial = { lines: [signerLine('alice', key)], armored: signed(key) };
      assert.equal(theirs(trial, 'alice'), true);
      await throwsFault(() => ours(trial), code);
    });
  }

  const alice = aKey('alice');
  const lines = [signerLine('alice', alice)];
  const armored = signed(alice);

  it('is refused: two of them one after another', async () => {
    const trial = { lines, armored: armored + signed(aKey('bob')) };
    assert.equal(theirs(trial, 'alice'), true);
    await throwsFault(() => ours(trial), 'two-signatures');
  });

  it('is refused: something behind it', async () => {
    const trial = { lines, armored: `${armored}holdfast-change 1\n` };
    assert.equal(theirs(trial, 'alice'), true);
    await throwsFault(() => ours(trial), 'trailing-bytes');
  });

  it('is refused: something in its reserved field', async () => {
    const blob = Buffer.from(armored.split('\n').slice(1, -2).join(''), 'base64');
    const at = 6 + 4 + 4 + alice.blob.length + 4 + NAMESPACES.change.length;
    const text = Buffer.concat([blob.subarray(0, at), wireString('junk'), blob.subarray(at + 4)])
      .toString('base64')
      .replace(/.{70}/g, '$&\n');
    const trial = {
      lines,
      armored: `-----BEGIN SSH SIGNATURE-----\n${text}\n-----END SSH SIGNATURE-----\n`,
    };
    assert.equal(theirs(trial, 'alice'), true);
    await throwsFault(() => ours(trial), 'bad-signature');
  });

  it('is refused: an empty file of revocations', async () => {
    const trial = { lines, armored, revocationBytes: Buffer.alloc(0) };
    assert.equal(theirs(trial, 'alice'), true);
    await throwsFault(() => parseRevocations(trial.revocationBytes), 'revocations-broken');
  });

  it('is refused: a line of the signers that cannot be read', async () => {
    const signersText = `${formatSigners(theSigners(lines))}erin namespaces="x" ssh-ed25519 AAAA\n`;
    assert.equal(theirs({ lines, armored, signersText }, 'alice'), true);
    await throwsFault(() => parseSigners(signersText), 'signers-broken');
  });

  it('is refused: an expired certificate, when it is asked about an earlier time', async () => {
    const root = aRoot('root');
    const key = root.certify(alice, 'alice', { validBefore: NOON });
    const trial = { lines: [rootLine(['alice'], root)], armored: signed(key) };
    assert.equal(theirs({ ...trial, at: NOON - 1 }, 'alice'), true);
    assert.equal(ours({ ...trial, at: NOON - 1 }).operator, 'alice');
    await throwsFault(() => ours(trial), 'unknown-signer');
  });

  it('is refused: a certificate with a critical option that is not known', async () => {
    const root = aRoot('root');
    const key = root.certify(alice, 'alice', { critical: [['source-address', '10.0.0.1']] });
    const trial = { lines: [rootLine(['alice'], root)], armored: signed(key) };
    assert.equal(theirs(trial, 'alice'), true);
    await throwsFault(() => ours(trial), 'unknown-signer');
  });
});

describe('a signature that ssh-keygen refuses', () => {
  const alice = aKey('alice');
  const lines = [signerLine('alice', alice)];
  const root = aRoot('root');
  const rooted = [rootLine(['alice'], root)];
  // biome-ignore format: a table
  const cases: readonly (readonly [string, Trial, string])[] = [
    ['another text', { lines, armored: signed(alice), text: 'other' }, 'bad-signature'],
    ['another namespace', { lines, armored: alice.sign(NAMESPACES.config, TEXT) }, 'bad-signature'],
    ['another key', { lines, armored: signed(aKey('bob')) }, 'unknown-signer'],
    ['a passkey of another rpId', { lines: [signerLine('alice', aPasskey('alice'))], armored: signed(aPasskey('alice', { rpId: 'evil.example' })) }, 'unknown-signer'],
    ['the making of a passkey', { lines: [signerLine('alice', aPasskey('alice'))], armored: signed(aPasskey('alice', { type: 'webauthn.create' })) }, 'bad-signature'],
    ['a revoked key', { lines, armored: signed(alice), revocations: theRevocations({ keys: [alice.blob] }) }, 'signer-revoked'],
    ['a revoked serial', { lines: rooted, armored: signed(root.certify(alice, 'alice')), revocations: theRevocations({ serials: [{ root: root.blob, serials: [7n] }] }) }, 'signer-revoked'],
    ['a revoked root', { lines: rooted, armored: signed(root.certify(alice, 'alice')), revocations: theRevocations({ keys: [root.blob] }) }, 'signer-revoked'],
    ['a certificate that is over', { lines: rooted, armored: signed(root.certify(alice, 'alice', { validBefore: NOON })) }, 'unknown-signer'],
    ['a certificate that is not valid yet', { lines: rooted, armored: signed(root.certify(alice, 'alice', { validAfter: NOON + 1 })) }, 'unknown-signer'],
    ['a certificate of a host', { lines: rooted, armored: signed(root.certify(alice, 'alice', { isHost: true })) }, 'unknown-signer'],
    ['a certificate of another root', { lines: rooted, armored: signed(aRoot('other').certify(alice, 'alice')) }, 'unknown-signer'],
    ['a certificate for another', { lines: rooted, armored: signed(root.certify(alice, 'bob')) }, 'unknown-signer'],
    ['a root that signs by itself', { lines: rooted, armored: signed(root) }, 'unknown-signer'],
  ];
  for (const [what, trial, code] of cases) {
    it(`is refused here too: ${what}`, async () => {
      assert.equal(theirs(trial, 'alice'), false);
      await throwsFault(() => ours(trial), code);
    });
  }

  it('is refused here too: an RSA key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { n = '', e = '' } = privateKey.export({ format: 'jwk' });
    const blob = Buffer.concat([
      wireString('ssh-rsa'),
      mpint(Buffer.from(e, 'base64url')),
      mpint(Buffer.from(n, 'base64url')),
    ]);
    const message = signedBytes(NAMESPACES.change, 'sha512', Buffer.from(TEXT));
    const value = rawSign('sha512', message, privateKey);
    const signature = Buffer.concat([wireString('rsa-sha2-512'), wireString(value)]);
    const armored = armorSshsig({
      key: blob,
      namespace: NAMESPACES.change,
      hash: 'sha512',
      signature,
    });
    await throwsFault(() => ours({ lines, armored }), 'bad-signature');
    const signersText = `# holdfast-signers 1\nalice ssh-rsa ${blob.toString('base64')}\n`;
    assert.equal(theirs({ lines, armored, signersText }, 'alice'), true);
    await throwsFault(
      () =>
        parseSigners(
          formatSigners(theSigners(lines)).concat(
            `erin namespaces="x" ssh-rsa ${blob.toString('base64')}\n`,
          ),
        ),
      'signers-broken',
    );
  });
});

describe('an armoured signature', () => {
  const keys = [
    aKey('alice'),
    aPasskey('alice'),
    aRoot('root').certify(aSecurityKey('alice'), 'alice'),
  ];
  for (const key of keys) {
    it(`is refused when any byte of it is another: ${key.line.split(' ')[0]}`, () => {
      const isCertified = key === keys[2];
      const lines = isCertified ? [rootLine(['alice'], aRoot('root'))] : [signerLine('alice', key)];
      const armored = signed(key);
      assert.equal(ours({ lines, armored }).operator, 'alice');
      for (let at = 0; at < armored.length; at++) {
        for (const byte of ['A', '\n', '']) {
          if (byte === armored[at]) continue;
          const other = armored.slice(0, at) + byte + armored.slice(at + 1);
          assert.throws(() => ours({ lines, armored: other }), Fault, JSON.stringify(other));
        }
      }
    });
  }

  it('of the control plane is the same each time, and verifies with ssh-keygen', () => {
    const key = aPrivateKey('alice');
    const armored = signSshsig(key, NAMESPACES.change, TEXT);
    assert.equal(armored, signSshsig(key, NAMESPACES.change, Buffer.from(TEXT)));
    assert.equal(publicKeyLine(key), aKey('alice').line);
    const trial = { lines: [signerLine('alice', aKey('alice'))], armored };
    assert.equal(theirs(trial, 'alice'), true);
    const pub = join(directory, 'alice.pub');
    writeFileSync(pub, `${publicKeyLine(key)}\n`);
    const { stdout } = spawnSync('ssh-keygen', ['-l', '-f', pub], { encoding: 'utf8' });
    assert.equal(stdout.split(' ')[1], fingerprint(publicKeyLine(key)));
    assert.equal(ours(trial).fingerprint, fingerprint(publicKeyLine(key)));
  });

  it('that ssh-keygen itself made is accepted', () => {
    const path = join(directory, 'made');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
    writeFileSync(`${path}.text`, TEXT);
    spawnSync('ssh-keygen', [
      '-q',
      '-Y',
      'sign',
      '-n',
      NAMESPACES.change,
      '-f',
      path,
      `${path}.text`,
    ]);
    const [, base64 = ''] = readFileSync(`${path}.pub`, 'utf8').trim().split(' ');
    const key = { ...aKey('made'), blob: Buffer.from(base64, 'base64') };
    const armored = readFileSync(`${path}.text.sig`, 'utf8');
    assert.equal(ours({ lines: [signerLine('alice', key)], armored }).operator, 'alice');
  });
});
