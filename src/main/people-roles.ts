/** What the roles of `access.yaml` give a person; without that file, every operator in force is the owner. */
import { type Access, reachOfPerson, readAccess, rolesOfPerson } from '#access';
import type { Files } from '#base/ports';
import type { Scope } from '#model';
import type { People } from '#signin';
import { stampOf } from './file-stamp.ts';
import { Kept } from './kept.ts';

/** A file that does not hold lets nobody in: it rejects with `invalid-access`. */
export function accessAt(
  files: Pick<Files, 'read'>,
  path: string,
  scopes: () => Promise<readonly Scope[]>,
): () => Promise<Access | undefined> {
  const kept = new Kept<Access | undefined>(
    () => stampOf(path),
    async () => {
      const bytes = await files.read(path);
      return bytes === undefined
        ? undefined
        : readAccess(
            Buffer.from(bytes).toString('utf8'),
            'access.yaml',
            // While the inventory cannot be read, a role in a scope of it reaches nothing: people may still look.
            await scopes().catch(() => null),
          );
    },
  );
  return () => kept.get();
}

export function peopleRoles(read: () => Promise<Access | undefined>): People['roles'] {
  return async (operator, groups, isInForce) => {
    const access = await read();
    const person = { operator, groups, isInForce };
    const reach = reachOfPerson(access, person);
    return reach.length === 0
      ? undefined
      : { reach, holds: rolesOfPerson(access, person).join(', ') };
  };
}
