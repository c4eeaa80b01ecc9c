/** Each signature is also shown to the installed ssh-keygen, so that what it lets pass is known, not believed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import type { HostPolicy } from './documents.ts';
import { publicKeyLine } from './keys.ts';
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
import { formatSigners, NAMESPACES, type SignerLine } from './signers.ts';
import { parseSshsig, signSshsig } from './sshsig.ts';
import { type VerifiedSignature, verifySignature } from './verify-signature.ts';

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
    [
      ...['-Y', 'verify', '-I', operator, '-n', NAMESPACES.change, `-Overify-time=${time}Z`],
      ...['-f', file('signers', formatSigners(theSigners(trial.lines)))],
      ...['-s', file('signature', trial.armored)],
      ...['-r', file('revocations', formatRevocations(trial.revocations ?? theRevocations()))],
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
void [throwsFault, parseRevocations, publicKeyLine, aPrivateKey, parseSshsig, signSshsig];
