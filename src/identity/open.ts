/** The room put together over one SQLite file, or over memory that ends with the process. */
import type { Clock, Files, Random } from '#base/ports';
import { attestedOf } from './attested.ts';
import { breakGlassOf } from './break-glass.ts';
import { challengesOf } from './challenges.ts';
import { openDatabase } from './database.ts';
import { leasesOf } from './leases.ts';
import { invitationsOf, passkeysOf } from './passkeys.ts';
import type { Identity } from './protocol.ts';
import { recoveryOf } from './recovery.ts';
import { type RoomNeeds, sessionsOf } from './sessions.ts';

export type IdentityOptions = {
  /** `:memory:`: nothing is left of it. */
  readonly path: string;
  /** Makes the file, so that nobody but its owner can ever read it. */
  readonly files: Pick<Files, 'appender'>;
  readonly clock: Clock;
  readonly random: Random;
};

export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { path, files, clock, random } = options;
  const db = await openDatabase(path, path === ':memory:' ? undefined : files);
  const listeners = new Set<Parameters<Identity['onChange']>[0]>();
  const room: RoomNeeds = {
    db,
    clock,
    random,
    tell: (topic) => {
      for (const listener of listeners) listener(topic);
    },
  };
  const { leases, flush } = leasesOf(room);
  let isClosed = false;
  return {
    sessions: sessionsOf(room),
    passkeys: passkeysOf(room),
    invitations: invitationsOf(room),
    recovery: recoveryOf(room),
    leases,
    attested: attestedOf(room),
    challenges: challengesOf(clock, random),
    breakGlass: breakGlassOf(room),
    onChange: (listener) => void listeners.add(listener),
    [Symbol.asyncDispose]: async () => {
      if (isClosed) return;
      isClosed = true;
      flush();
      db.close();
    },
  };
}
