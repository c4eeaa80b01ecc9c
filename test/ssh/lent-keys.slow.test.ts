/**
 * Keys that are lent, over real OpenSSH.
 *
 * 1. sshd trusts an authority for one principal and one command; we enter with a certificate that it signed.
 * 2. The same key by its next certificate; another principal stays outside.
 * 3. Vault goes away: we go on to the end of the certificate, and then neither we nor a copy of it get in.
 * 4. Vault comes back, and so do we.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AccountKey, openSshReach, type SshReach } from '#adapters';
import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import { openKeyBroker } from '#secrets';
import { SecretsScene } from '#test/secrets';
import { ME, type Sshd, SshLab, sshTarget, whyNoSshd } from '#test/sshd';
import { throwsFault } from '#test/throws-fault';

const REQUEST = { seconds: 10, bytes: 65_536 } as const;
const LIFE_SECONDS = 15;

describe('certificates of Vault, at a real host', { skip: whyNoSshd() }, () => {
  it('open the one command for the one principal, end, and are renewed', async () => {
    await using lab = new SshLab();
    await using scene = await SecretsScene.at(nodeClock());
    const { vault } = scene;
    const server = await lab.sshd();
    server.write(
      'authorized_keys',
      `cert-authority,principals="holdfast-reader",restrict,command="${server.directory}/fake-reader" ${vault.authority}\n`,
    );
    const secret = (principal: string) =>
      ({
        kind: 'ssh',
        mount: 'ssh',
        role: 'holdfast',
        principals: [principal],
        ttlSeconds: LIFE_SECONDS,
        authority: vault.authority,
      }) as const;
    await using broker = openKeyBroker(
      {
        reader: scene.vaultSettings({ secret: secret('holdfast-reader') }),
        runner: scene.vaultSettings({ secret: secret('holdfast-runner') }),
      },
      scene.parts,
      (account) => scene.path(account),
    );
    const enter = async (name: string, keyOf: () => Promise<AccountKey>): Promise<void> => {
      await using reach = reachOf(lab.path(name), server, keyOf);
      const answer = await reach
        .reader(sshTarget('host:real', { address: server.address }))
        .run(['echo', 'in'], REQUEST);
      assert.equal(answer.verdict === 'ok' && Buffer.from(answer.stdout).toString(), 'in\n');
    };

    const first = await broker.keyOf('reader');
    assert.ok('keyFile' in first);
    for (const half of ['', '-cert.pub'])
      copyFileSync(`${first.keyFile}${half}`, scene.path(`copy${half}`));
    const copy = { keyFile: scene.path('copy') };
    await enter('a', () => broker.keyOf('reader'));
    await enter('b', async () => copy);
    await throwsFault(() => enter('c', () => broker.keyOf('runner')), 'not-authorised');

    await sleep(LIFE_SECONDS * 700);
    const second = await broker.keyOf('reader');
    assert.notDeepEqual(second, first);
    await enter('d', () => broker.keyOf('reader'));

    vault.isSealed = true;
    await sleep(LIFE_SECONDS * 700);
    assert.deepEqual(await broker.keyOf('reader'), second);
    await enter('e', () => broker.keyOf('reader'));
    await sleep(LIFE_SECONDS * 400);
    await throwsFault(() => broker.keyOf('reader'), 'broker-sealed');
    await throwsFault(() => enter('f', () => broker.keyOf('reader')), 'not-authorised');
    await throwsFault(() => enter('g', async () => copy), 'not-authorised');

    vault.isSealed = false;
    await sleep(5_100);
    await enter('h', () => broker.keyOf('reader'));
    await broker[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(scene.parts.directory), []);
  });
});

const noOpenssl = ((): string | false => {
  try {
    execFileSync('openssl', ['version']);
    return false;
  } catch {
    return 'there is no openssl to make certificates with';
  }
})();

it('Vault over https is believed only under the pinned authority', {
  skip: noOpenssl,
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'hf-tls-'));
  try {
    for (const name of ['ours', 'other'])
      execFileSync(
        'openssl',
        `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=vault
          -addext subjectAltName=IP:127.0.0.1 -days 2 -keyout ${name}.key -out ${name}.pem`.split(
          /\s+/,
        ),
        { stdio: 'ignore', cwd: home },
      );
    const read = (name: string): string => readFileSync(join(home, name), 'utf8');
    await using scene = await SecretsScene.at(nodeClock(), {
      key: read('ours.key'),
      cert: read('ours.pem'),
    });
    const under = async (caFile: string): Promise<string | null> => {
      const settings = scene.vaultSettings({ caFile });
      await using broker = openKeyBroker(
        { reader: { kind: 'own' }, runner: settings },
        scene.parts,
        (account) => scene.path(account),
      );
      return (await broker.report('runner')).code;
    };
    assert.equal(await under(join(home, 'other.pem')), 'broker-unreachable');
    assert.equal(await under(scene.write('none.pem', '')), 'broker-unreachable');
    assert.equal(await under(scene.write('open.pem', read('ours.pem'), 0o666)), 'secret-file');
    assert.equal(scene.vault.requests.length, 0);
    assert.equal(await under(join(home, 'ours.pem')), null);
    assert.ok(existsSync(scene.parts.directory));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

function reachOf(directory: string, server: Sshd, keyOf: () => Promise<AccountKey>): SshReach {
  return openSshReach({
    channels: nodeChannels(),
    programs: nodePrograms(),
    clock: nodeClock(),
    random: nodeRandom(),
    files: nodeFiles(),
    directory,
    resolve: () => undefined,
    hostKeys: async () => [server.hostKey],
    keyOf,
    settings: { users: { reader: ME, runner: ME }, connectSeconds: 3, backoffMs: 50 },
  });
}
