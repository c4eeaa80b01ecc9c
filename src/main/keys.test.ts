/** Keys of people, with the OpenSSH of this machine. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { throwsFault } from '../../test/support/throws-fault.ts';
import { nodeKeys } from './keys.ts';

const NAMESPACE = 'holdfast-change@1';
const TEXT = 'holdfast-change 1\nend\n';
const PASSPHRASE = 'correct horse battery';
const KEPT = ['SSH_ASKPASS', 'SSH_ASKPASS_REQUIRE', 'SSH_AUTH_SOCK', 'PATH'] as const;

describe('keys of people', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hf-keys-'));
  const at = (name: string): string => join(folder, name);
  const was = Object.fromEntries(KEPT.map((name) => [name, process.env[name]]));

  before(() => answering(PASSPHRASE));
  after(() => {
    for (const name of KEPT) {
      if (was[name] === undefined) delete process.env[name];
      else process.env[name] = was[name];
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the person would type, through the way OpenSSH has for those without a terminal. */
  function answering(passphrase: string): void {
    writeFileSync(at('passphrase'), `${passphrase}\n`);
    writeFileSync(at('askpass'), `#!/bin/sh\nexec cat '${at('passphrase')}'\n`);
    chmodSync(at('askpass'), 0o755);
    process.env['SSH_ASKPASS'] = at('askpass');
    process.env['SSH_ASKPASS_REQUIRE'] = 'force';
    delete process.env['SSH_AUTH_SOCK'];
  }

  function aKey(name: string, passphrase = PASSPHRASE): string {
    keygen('-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', at(name));
    return at(name);
  }

  /** As a host verifies it. */
  function holds(publicKey: string, signature: string, text = TEXT): boolean {
    const [type, blob] = readFileSync(publicKey, 'utf8').split(' ');
    writeFileSync(at('allowed'), `ada ${type} ${blob}\n`);
    writeFileSync(at('signature'), signature);
    const args = ['-Y', 'verify', '-f', at('allowed'), '-I', 'ada', '-n', NAMESPACE];
    return spawnSync('ssh-keygen', [...args, '-s', at('signature')], { input: text }).status === 0;
  }

  it('sign with a key file, and exactly the text', async () => {
    const key = aKey('file');
    const signature = await nodeKeys.sign(key, NAMESPACE, TEXT);
    assert.ok(holds(`${key}.pub`, signature));
    assert.ok(!holds(`${key}.pub`, signature, `${TEXT} `));
  });

  it('sign nothing where the passphrase is wrong, the key is not there, or is nobody’s in the agent', async () => {
    const key = aKey('wrong');
    answering('something else');
    const { message } = await throwsFault(() => nodeKeys.sign(key, NAMESPACE, TEXT), 'not-signed');
    assert.ok(message.includes(key) && !message.includes('something else'));
    answering(PASSPHRASE);
    await throwsFault(() => nodeKeys.sign(at('absent'), NAMESPACE, TEXT), 'not-signed');
    rmSync(key);
    await throwsFault(() => nodeKeys.sign(`${key}.pub`, NAMESPACE, TEXT), 'not-signed');
  });

  it('sign with a key of an agent, named by its public half', async () => {
    const key = aKey('agent');
    const { SSH_AUTH_SOCK, SSH_AGENT_PID } = Object.fromEntries(
      execFileSync('ssh-agent', ['-a', at('agent.socket')], { encoding: 'utf8' })
        .matchAll(/^(\w+)=([^;]+);/gm)
        .map(([, name = '', value = '']) => [name, value]),
    );
    process.env['SSH_AUTH_SOCK'] = SSH_AUTH_SOCK;
    try {
      execFileSync('ssh-add', ['-q', key]);
      // Only the agent has the private half from here on.
      rmSync(key);
      assert.ok(holds(`${key}.pub`, await nodeKeys.sign(`${key}.pub`, NAMESPACE, TEXT)));
    } finally {
      process.kill(Number(SSH_AGENT_PID));
      delete process.env['SSH_AUTH_SOCK'];
    }
  });

  it('are made with a passphrase, for their owner alone', async () => {
    const path = at('new/made');
    const line = await nodeKeys.make(path, 'ada');
    assert.match(line, /^ssh-ed25519 [A-Za-z0-9+/]+=*$/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(at('new')).mode & 0o777, 0o700);
    assert.ok(holds(`${path}.pub`, await nodeKeys.sign(path, NAMESPACE, TEXT)));
  });

  it('are never kept without one', async () => {
    answering('');
    await throwsFault(() => nodeKeys.make(at('open'), 'ada'), 'key-unprotected');
    assert.deepEqual([existsSync(at('open')), existsSync(at('open.pub'))], [false, false]);
    answering(PASSPHRASE);
  });

  it('are never made over another', async () => {
    const key = aKey('there');
    const bytes = readFileSync(key);
    await throwsFault(() => nodeKeys.make(key, 'ada'), 'key-exists');
    assert.deepEqual(readFileSync(key), bytes);
    rmSync(key);
    await throwsFault(() => nodeKeys.make(key, 'ada'), 'key-exists');
  });

  it('have one public line, whichever half is named, and a certificate has its own', async () => {
    const key = aKey('line');
    const [type, blob] = readFileSync(`${key}.pub`, 'utf8').split(' ');
    assert.equal(await nodeKeys.publicLine(key), `${type} ${blob}`);
    assert.equal(await nodeKeys.publicLine(`${key}.pub`), `${type} ${blob}`);
    const root = aKey('root', '');
    keygen('-q', '-s', root, '-I', 'ada', '-n', 'ada', `${key}.pub`);
    const certificate = await nodeKeys.publicLine(`${key}-cert.pub`);
    assert.match(certificate, /^ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/]+=*$/);
  });

  it('are not taken from what is no public key', async () => {
    const key = aKey('alone');
    rmSync(`${key}.pub`);
    writeFileSync(at('text.pub'), 'ssh-ed25519 not*base64\n');
    // A private key is never read, not even to be refused.
    await throwsFault(() => nodeKeys.publicLine(key), 'no-key');
    await throwsFault(() => nodeKeys.publicLine(at('text.pub')), 'not-a-public-key');
    await throwsFault(() => nodeKeys.publicLine(at('absent')), 'no-key');
  });

  it('say what to install where there is no OpenSSH', async () => {
    const key = aKey('nothing');
    process.env['PATH'] = '/nowhere';
    try {
      await throwsFault(() => nodeKeys.sign(key, NAMESPACE, TEXT), 'no-ssh-keygen');
    } finally {
      process.env['PATH'] = was['PATH'];
    }
  });
});

function keygen(...args: readonly string[]): void {
  execFileSync('ssh-keygen', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
