import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecretsScene } from '#test/secrets';
import { brokerContract } from './broker.contract.ts';
import type { VaultAuth } from './vault/login.ts';

/** A line of the key's own text. */
const secretOf = (text: string): string => text.split('\n')[3] ?? text;

brokerContract('a file', (scene) => {
  const text = scene.key('k');
  return {
    settings: { kind: 'file', file: scene.path('k') },
    publicKey: scene.publicKey('k'),
    secrets: () => [secretOf(text)],
    breakIt: () => chmodSync(scene.path('k'), 0o640),
    brokenCode: 'secret-file',
  };
});

brokerContract('an ssh-agent', async (scene) => {
  const text = scene.key('k');
  const socket = scene.path('agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  for (let i = 0; i < 200 && !existsSync(socket); i += 1) await sleep(5);
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  execFileSync('ssh-add', ['-q', scene.path('k')], { env });
  return {
    settings: { kind: 'agent', socket, publicKeyFile: `${scene.path('k')}.pub` },
    publicKey: scene.publicKey('k'),
    secrets: () => [secretOf(text)],
    breakIt: () => execFileSync('ssh-add', ['-q', '-D'], { env, stdio: 'ignore' }),
    brokenCode: 'agent-key-missing',
    end: () => agent.kill(),
  };
});

const appRole = (scene: SecretsScene): VaultAuth => ({
  kind: 'approle',
  mount: 'approle',
  roleId: scene.vault.roleId,
  secretIdFile: scene.path('secret-id'),
});

for (const [name, authOf] of [
  ['a token file', undefined],
  ['AppRole', appRole],
] as const) {
  const auth = (scene: SecretsScene): { auth?: VaultAuth } =>
    authOf === undefined ? {} : { auth: authOf(scene) };
  const secrets = (scene: SecretsScene): string[] => [
    scene.token,
    scene.vault.secretId,
    ...scene.vault.tokens.keys(),
  ];
  /** What was given is taken back. */
  const revoke = (scene: SecretsScene): void => {
    scene.vault.tokens.clear();
    scene.vault.secretId = 'secret-of-another-time';
  };
  const brokenCode = authOf === undefined ? 'broker-denied' : 'broker-refused';

  brokerContract(`Vault's key-value engine, by ${name}`, (scene) => {
    const text = scene.key('k');
    scene.vault.put('hosts/runner', { private_key: text, note: 'x' });
    const secret = {
      kind: 'kv',
      mount: 'secret',
      path: 'hosts/runner',
      field: 'private_key',
      version: null,
    } as const;
    return {
      settings: scene.vaultSettings({ secret, ...auth(scene) }),
      publicKey: scene.publicKey('k'),
      secrets: () => [secretOf(text), ...secrets(scene)],
      breakIt: () => revoke(scene),
      brokenCode,
    };
  });

  brokerContract(`Vault's SSH authority, by ${name}`, (scene) => ({
    settings: scene.vaultSettings(auth(scene)),
    publicKey: null,
    secrets: () => secrets(scene),
    breakIt: () => revoke(scene),
    brokenCode,
  }));
}
