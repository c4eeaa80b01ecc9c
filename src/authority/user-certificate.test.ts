import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readUserCertificate } from './user-certificate.ts';

const home = mkdtempSync(join(tmpdir(), 'hf-cert-'));
const keygen = (...argv: string[]): void => {
  execFileSync('ssh-keygen', ['-q', ...argv], { cwd: home, env: { ...process.env, TZ: 'UTC' } });
};
const read = (name: string): string => readFileSync(join(home, name), 'utf8');
const line = (name: string): string => read(name).split(' ').slice(0, 2).join(' ');
const refuse = (says: string): never => {
  throw new RangeError(says);
};

describe('a certificate of a key of ours', () => {
  after(() => rmSync(home, { recursive: true, force: true }));
  for (const name of ['ca', 'key']) keygen('-t', 'ed25519', '-N', '', '-f', name);
  keygen('-t', 'rsa', '-b', '2048', '-N', '', '-f', 'rsa');
  const sign = (ca: string): string => {
    const validity = '20260101000000:20260102000000';
    keygen('-s', ca, '-I', 'id', '-n', 'a,b', '-O', 'force-command=x', '-V', validity, 'key.pub');
    return read('key-cert.pub');
  };

  it('says whose it is, for whom, by whom and until when', () => {
    assert.deepEqual(readUserCertificate(sign('ca'), refuse), {
      key: line('key.pub'),
      authority: line('ca.pub'),
      isUser: true,
      principals: ['a', 'b'],
      options: ['force-command'],
      validAfter: 1_767_225_600n,
      validBefore: 1_767_312_000n,
    });
  });

  it('is refused when any byte of it is another, or its authority is of a kind that is not taken', () => {
    const good = sign('ca');
    const [type = '', word = ''] = good.split(' ');
    const blob = Buffer.from(word, 'base64');
    for (let i = 0; i < blob.length; i += 1) {
      const bad = Buffer.from(blob);
      bad[i] = (bad[i] ?? 0) ^ 1;
      assert.throws(
        () => readUserCertificate(`${type} ${bad.toString('base64')}`, refuse),
        RangeError,
      );
    }
    const cut = blob.subarray(0, -1).toString('base64');
    for (const bad of [
      '',
      type,
      `${type} ${cut}`,
      good.replace('ed25519', 'rsa'),
      `${good}${good}`,
      line('key.pub'),
    ])
      assert.throws(() => readUserCertificate(bad, refuse), RangeError, bad);
    assert.throws(() => readUserCertificate(sign('rsa'), refuse), RangeError);
  });
});
