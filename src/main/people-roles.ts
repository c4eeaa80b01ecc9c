/**
 * What the roles of `access.yaml` give a person; without that file, every operator in force is the owner.
 *
 * An edit that nobody signed takes away at once and gives nothing: until somebody signs, each person has what both give,
 * the file as it lies there and the file as it was signed.
 */
import { basename } from 'node:path';
import { type Access, narrowAll, reachOfPerson, readAccess, rolesOfPerson } from '#access';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import type { Scope } from '#model';
import type { People } from '#signin';
import { stampOf } from './file-stamp.ts';
import { Kept } from './kept.ts';

export type AccessNeeds = {
  readonly files: Pick<Files, 'read'>;
  readonly path: string;
  readonly scopes: () => Promise<readonly Scope[]>;
  /**
   * That file as operators signed it; `null`: signed as not being there, `undefined`: nobody knows any more. `unsigned`:
   * nobody may sign yet, and so nobody is in force either.
   */
  readonly signed: (
    name: string,
  ) => Promise<{ readonly digest: string; readonly text?: string } | null | undefined | 'unsigned'>;
};

export type AccessFiles = {
  /** As it lies there. */
  readonly now: () => Promise<Access | undefined>;
  /** As it was signed: the very same value where that is what lies there. */
  readonly signed: () => Promise<Access | undefined>;
};

type Read = { readonly access: Access | undefined; readonly digest: string | undefined };

/** A file that does not hold lets nobody in: it rejects with `invalid-access`. */
export function accessAt({ files, path, scopes, signed }: AccessNeeds): AccessFiles {
  const name = basename(path);
  const kept = new Kept<Read>(
    () => stampOf(path),
    async () => {
      const bytes = await files.read(path);
      if (bytes === undefined) return { access: undefined, digest: undefined };
      const access = readAccess(
        Buffer.from(bytes).toString('utf8'),
        name,
        // While the inventory cannot be read, a role in a scope of it reaches nothing: people may still look.
        await scopes().catch(() => null),
      );
      return { access, digest: sha256(bytes) };
    },
  );
  let before: { readonly digest: string; readonly access: Access } | undefined;
  return {
    now: async () => (await kept.get()).access,
    signed: async () => {
      const { access, digest } = await kept.get();
      const was = await signed(name);
      if (was === 'unsigned' || was?.digest === digest) return access;
      if (was === null) return undefined;
      if (was?.text === undefined || sha256(was.text) !== was.digest) throw unknownRoles(name);
      if (before?.digest !== was.digest)
        before = { digest: was.digest, access: readAccess(was.text, name, null) };
      return before.access;
    },
  };
}

export function peopleRoles(
  now: () => Promise<Access | undefined>,
  signed?: () => Promise<Access | undefined>,
): People['roles'] {
  return async (operator, groups, isInForce) => {
    const person = { operator, groups, isInForce };
    const access = await now();
    const agreed = signed === undefined ? access : await signed();
    const names = rolesOfPerson(access, person);
    if (access === agreed) return heldBy(reachOfPerson(access, person), names.join(', '));
    const known = rolesOfPerson(agreed, person);
    const isKnown = names.every((each) => known.includes(each));
    return heldBy(
      narrowAll(reachOfPerson(access, person), reachOfPerson(agreed, person)),
      // Policies and ceilings go by the name: one that nobody signed for this person is none of theirs.
      isKnown ? names.join(', ') : `${names.join(', ')} (unsigned)`,
    );
  };
}

function heldBy(
  reach: ReturnType<typeof reachOfPerson>,
  holds: string,
): Awaited<ReturnType<People['roles']>> {
  return reach.length === 0 ? undefined : { reach, holds };
}

function unknownRoles(name: string): Fault {
  return new Fault(
    'refused',
    'access-unsigned',
    `roles were edited, and nobody knows any more what was signed: ${name}. Put the signed file back, or sign this one with holdfast config sign, at a terminal`,
  );
}
