/** A private place with a Vault beside it, for tests. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Poster } from '#base/ports';
import { nodeFiles, nodeMachineFiles, nodePoster, nodePrograms } from '#machine';
import type { SecretsParts, TransportSettings } from '#secrets';
import { ON_THIS_MACHINE } from './egress.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { FakeVault, type Tls, writeKey } from './vault.ts';

export type VaultSource = Extract<TransportSettings['reader'], { readonly kind: 'vault' }>;

export class SecretsScene<Time extends Clock = SimulatedClock> implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'hf-secrets-'));
  readonly clock: Time;
  readonly vault: FakeVault;
  readonly parts: SecretsParts;
  /** Of the token in its file. */
  token = '';

  private constructor(clock: Time, vault: FakeVault) {
    this.clock = clock;
    this.vault = vault;
    const poster = nodePoster(ON_THIS_MACHINE);
    // Silence is waited for less than the usual time; an answer on a busy machine is not.
    const hasty: Poster = {
      request: (each) =>
        poster.request(vault.trouble?.kind === 'silent' ? { ...each, timeoutMs: 100 } : each),
    };
    this.parts = {
      files: nodeFiles(),
      look: nodeMachineFiles(),
      programs: nodePrograms(),
      poster: hasty,
      clock,
      uid: process.getuid?.() ?? 0,
      directory: join(this.home, 'lent'),
    };
    this.freshToken();
    this.write('secret-id', `${vault.secretId}\n`);
  }

  static open(): Promise<SecretsScene> {
    return SecretsScene.at(new SimulatedClock());
  }

  static async at<Time extends Clock>(
    clock: Time,
    tls: Tls | null = null,
  ): Promise<SecretsScene<Time>> {
    return new SecretsScene(clock, await FakeVault.start(clock, tls));
  }

  path(name: string): string {
    return join(this.home, name);
  }

  write(name: string, text: string, mode = 0o600): string {
    writeFileSync(this.path(name), text);
    chmodSync(this.path(name), mode);
    return this.path(name);
  }

  freshToken(lifeMs?: number): void {
    this.token = this.vault.token(lifeMs);
    this.write('token', `${this.token}\n`);
  }

  /** A new private key file; answers its text. */
  key(name: string): string {
    return writeKey(this.path(name));
  }

  /** One that asks for a passphrase. */
  lockedKey(name: string): string {
    const argv = ['-q', '-t', 'ed25519', '-N', 'a passphrase', '-f', this.path(name)];
    execFileSync('ssh-keygen', argv);
    return readFileSync(this.path(name), 'utf8');
  }

  publicKey(name: string): string {
    return readFileSync(`${this.path(name)}.pub`, 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  }

  vaultSettings(more: Partial<VaultSource> = {}): VaultSource {
    return {
      kind: 'vault',
      address: this.vault.address,
      caFile: null,
      namespace: null,
      auth: { kind: 'token-file', tokenFile: this.path('token') },
      secret: {
        kind: 'ssh',
        mount: 'ssh',
        role: 'holdfast',
        principals: ['holdfast-runner'],
        ttlSeconds: 900,
        authority: this.vault.authority,
      },
      ...more,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vault[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }
}
