/** Vault as a source of keys. */
import type { KeySource, SecretsParts } from '../broker.ts';
import { KeptKey } from '../kept-key.ts';
import { KeyRoom } from '../key-room.ts';
import { VaultApi, type VaultPlace } from './api.ts';
import { type KvSecret, kvLender } from './kv.ts';
import { type VaultAuth, VaultSession } from './login.ts';
import { type SshSecret, sshLender } from './ssh-ca.ts';

export type VaultSettings = VaultPlace & {
  readonly auth: VaultAuth;
  readonly secret: KvSecret | SshSecret;
};

export function vaultKey(parts: SecretsParts, settings: VaultSettings, name: string): KeySource {
  const session = new VaultSession(new VaultApi(parts, settings), settings.auth, parts);
  const room = new KeyRoom(parts, name);
  const { secret } = settings;
  const lender =
    secret.kind === 'kv'
      ? kvLender(secret, session, room, parts.clock)
      : sshLender(secret, session, room, parts.clock);
  return new KeptKey(lender, parts.clock);
}
