import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { curvePointOf } from './curve.ts';
import { readOpeningKey, readRecipient } from './keys.ts';
import { aFile, filesOf, type Packed, pieces, whole } from './samples.ts';
import { openArchive, sealArchive } from './seal.ts';
import { sshIdentity } from './ssh-recipient.ts';

const scratch = mkdtempSync(join(tmpdir(), 'hf-seal-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function sshKey(name: string, passphrase = '', type = 'ed25519'): { path: string; line: string } {
  const path = join(scratch, name);
  const argv = ['-q', '-t', type, '-N', passphrase, '-C', 'a comment', '-f', path];
  assert.equal(spawnSync('ssh-keygen', argv).status, 0);
  return { path, line: readFileSync(`${path}.pub`, 'utf8') };
}

const opening = ({ path }: { path: string }): ReturnType<typeof readOpeningKey> =>
  readOpeningKey(readFileSync(path, 'utf8'));
const files = (): ReturnType<typeof aFile>[] => [
  aFile('fleet.yaml', 'targets: []\n'),
  aFile('keys/log', new Uint8Array(200_000).fill(5)),
];
const seal = (...lines: string[]): Promise<Uint8Array> =>
  whole(sealArchive(files(), lines.map(readRecipient)));
const open = (sealed: Uint8Array, key: ReturnType<typeof readOpeningKey>): Promise<Packed[]> =>
  filesOf(openArchive(pieces(sealed, 10_000), key));
const names = (opened: Packed[]): [string, number][] =>
  opened.map(({ path, bytes }) => [path, bytes.length]);
const SAME = [
  ['fleet.yaml', 12],
  ['keys/log', 200_000],
];

const recovery = sshKey('recovery');
const root = sshKey('root');
const stranger = sshKey('stranger');
const age = await generateX25519Identity();
const ageRecipient = await identityToRecipient(age);

describe('a sealed archive', () => {
  it('is opened by each key that it was made for, and by no other', async () => {
    const sealed = await seal(recovery.line, root.line, ageRecipient);
    const keys = [opening(recovery), opening(root), readOpeningKey(`# made today\n${age}\n`)];
    for (const key of keys) assert.deepEqual(names(await open(sealed, key)), SAME);
    await throwsFault(() => open(sealed, opening(stranger)), 'sealed-to-others');
    const other = readOpeningKey(await generateX25519Identity());
    await throwsFault(() => open(sealed, other), 'sealed-to-others');
  });

  it('shows nothing of what is in it, and is new every time', async () => {
    const sealed = Buffer.from(await seal(recovery.line));
    assert.ok(!sealed.includes('fleet.yaml') && !sealed.includes('targets'));
    assert.ok(!sealed.equals(await seal(recovery.line)));
  });

  it('is refused with any byte changed, or cut, or more', async () => {
    const key = opening(recovery);
    const one = [aFile('a', 'b')];
    const sealed = await whole(sealArchive(one, [readRecipient(recovery.line)]));
    const header = Buffer.from(sealed).indexOf('\n--- ') + 50;
    const places = [
      ...Array.from({ length: header }, (_, at) => at),
      ...Array.from({ length: 40 }, (_, at) => header + at * 40),
    ];
    for (const at of places.filter((place) => place < sealed.length)) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await assert.rejects(open(changed, key), Fault, `byte ${at}`);
    }
    for (const length of [0, 1, 21, header - 1, header, header + 16, sealed.length - 1]) {
      await throwsFault(() => open(sealed.subarray(0, length), key), 'seal-broken');
    }
    await throwsFault(() => open(Buffer.concat([sealed, Buffer.from([0])]), key), 'seal-broken');
  });

  it('is refused when whole pieces are missing at its end', async () => {
    const sealed = await seal(recovery.line);
    const header = Buffer.from(sealed).indexOf('\n--- ') + 5 + 43 + 1 + 16;
    const firstTwo = sealed.subarray(0, header + 2 * (65_536 + 16));
    await throwsFault(() => open(firstTwo, opening(recovery)), 'seal-broken');
  });

  it('is refused when its list of keys never ends, before memory does', async () => {
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('age-encryption.org/v1\n');
      for (let sent = 0; sent < 1000; sent++) yield Buffer.from(`-> ${'x '.repeat(5000)}\nQUJD\n`);
      assert.fail('read to its end');
    }
    await throwsFault(() => filesOf(openArchive(endless(), opening(recovery))), 'seal-broken');
  });

  it('tells a source that cannot be read from a seal that is broken', async () => {
    const sealed = await seal(recovery.line);
    async function* torn(): AsyncGenerator<Uint8Array, void> {
      yield sealed.subarray(0, 70_000);
      throw new Error('the disk is gone');
    }
    await assert.rejects(filesOf(openArchive(torn(), opening(recovery))), /the disk is gone/);
  });

  it('needs at least one key', async () => {
    await throwsFault(() => whole(sealArchive(files(), [])), 'not-a-recipient');
  });
});

describe('the recipient type ssh-ed25519', () => {
  it('opens the header that age 1.1.1 wrote', async () => {
    const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIHm1Vi6P5lT5QHixEuipi6eQH4U65pW+1+DjkQutBJZk';
    const seed = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
    const header = `age-encryption.org/v1
-> ssh-ed25519 eVkCKA s4mGLxzHsdr2xmNWg/t8giEDu0NCkGpk0Rr0qMC5GHQ
HFLwjctcXX+pg44na4WDdZFYLnaqJyIZgERZ/Q9pAjs
--- DacQOFE/GHxOigwmIvGaLqgcRDWlbtZSqShw45d84bQ
`;
    const decrypter = new Decrypter();
    decrypter.addIdentity(
      sshIdentity({ kind: 'ssh-ed25519', blob: Buffer.from(blob, 'base64'), seed }),
    );
    // It throws unless the key it finds makes the header's MAC.
    assert.equal((await decrypter.decryptHeader(Buffer.from(header))).length, 16);
  });
});

describe('keys of a seal', () => {
  it('are ssh-ed25519 and age keys, and nothing else', () => {
    assert.equal(readRecipient(`${root.line.trim()} \n`).kind, 'ssh-ed25519');
    const [type, blob = '', ...comment] = root.line.split(' ');
    for (const line of [
      '',
      'age1',
      `${ageRecipient}q`,
      ageRecipient.toUpperCase(),
      sshKey('rsa', '', 'rsa').line,
      `sk-ssh-ed25519@openssh.com ${blob}`,
      `${type} ${blob.slice(0, -4)}`,
      `${type} ${blob}AAAA`,
      `${type}  ${blob}`,
      `from="*" ${type} ${blob} ${comment.join(' ')}`,
    ]) {
      assert.throws(() => readRecipient(line), isFault('not-a-recipient'), line);
    }
  });

  it('are read from a private key without a passphrase', () => {
    assert.equal(opening(root).kind, 'ssh-ed25519');
    assert.throws(() => opening(sshKey('locked', 'correct horse')), isFault('identity-locked'));
    const text = readFileSync(root.path, 'utf8');
    for (const wrong of [
      '',
      root.line,
      text.replace('BEGIN OPENSSH', 'BEGIN RSA'),
      text.slice(0, 200),
      text.replace(/\n-----END.*/s, ''),
      `${age}\n${age}\n`,
      age.slice(0, -1),
      age.toLowerCase(),
      readFileSync(sshKey('ecdsa', '', 'ecdsa').path, 'utf8'),
      ' '.repeat(100_000),
    ]) {
      assert.throws(() => readOpeningKey(wrong), isFault('not-an-identity'), wrong);
    }
  });

  it('are refused with any byte changed that is not of the comment', () => {
    const lines = readFileSync(root.path, 'utf8').split('\n');
    const bytes = Buffer.from(lines.slice(1, -2).join(''), 'base64');
    const comment = bytes.indexOf('a comment');
    for (let at = 0; at < bytes.length; at++) {
      if (at >= comment && at < comment + 9) continue;
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = [lines[0], changed.toString('base64'), lines.at(-2), ''].join('\n');
      assert.throws(() => readOpeningKey(text), Fault, `byte ${at}`);
    }
  });

  it('are points that somebody can hold the private half of', () => {
    const small = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0000000000000000000000000000000000000000000000000000000000000080',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    ];
    const beyond = 'efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f';
    const offTheCurve = '0200000000000000000000000000000000000000000000000000000000000000';
    for (const hex of [...small, beyond, offTheCurve]) {
      assert.equal(curvePointOf(Buffer.from(hex, 'hex')), undefined, hex);
    }
    for (let made = 0; made < 20; made++) {
      const { publicKey } = generateKeyPairSync('ed25519');
      const raw = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' }))
        .export({ format: 'der', type: 'spki' })
        .subarray(-32);
      assert.equal(curvePointOf(raw)?.length, 32);
    }
  });
});

function isFault(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Fault && thrown.code === code;
}
