/**
 * What the roles of `access.yaml` give a person; without that file, every operator in force is the owner.
 *
 * An edit that nobody signed takes away at once and gives nothing: until somebody signs, each person has what both give,
 * the file as it lies there and the file as it was signed.
 */
import { basename } from 'node:path';
import {
  type Access,
  accessDifferences,
  narrowAll,
  reachOfPerson,
  readAccess,
  rolesOfPerson,
} from '#access';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import type { Scope } from '#model';
import type { UnsignedEdit } from '#operations';
import type { People } from '#signin';
import { SignedFile, type SignedText } from './signed-file.ts';
import { placed } from './unsigned-edit.ts';

export type AccessNeeds = {
  readonly files: Pick<Files, 'read'>;
  readonly path: string;
  readonly scopes: () => Promise<readonly Scope[]>;
  /** Where nobody may sign yet, nobody is in force either. */
  readonly signed: SignedText;
};

export type AccessFiles = {
  /** As it lies there. */
  readonly now: () => Promise<Access | undefined>;
  /** As it was signed: the very same value where that is what lies there. */
  readonly signed: () => Promise<Access | undefined>;
  /** `null`: what lies there is what was signed, or nobody may sign yet. */
  readonly unsigned: () => Promise<UnsignedEdit | null>;
};

/** A file that does not hold lets nobody in: it rejects with `invalid-access`. */
export function accessAt({ files, path, scopes, signed }: AccessNeeds): AccessFiles {
  const name = basename(path);
  const file = new SignedFile<Access | undefined>({
    files,
    path,
    signed,
    absent: undefined,
    read: async (text, called, isWritten) =>
      // While the inventory cannot be read, a role in a scope of it reaches nothing: people may still look.
      readAccess(text, called, isWritten ? await scopes().catch(() => null) : null),
  });
  return {
    now: () => file.written(),
    signed: async () => {
      const reading = await file.get();
      switch (reading.is) {
        case 'as-signed':
        case 'never':
          return reading.written;
        case 'edited':
          return reading.signed;
        case 'unknown':
          throw unknownRoles(name);
      }
    },
    unsigned: async () => {
      const reading = await file.get();
      const { is, text, written, digest } = reading;
      if (is === 'as-signed' || is === 'never') return null;
      const known = is === 'edited' ? reading.signed : null;
      return {
        code: 'access-unsigned',
        file: name,
        state: is,
        digest: digest ?? null,
        differs: [...placed(name, accessDifferences(text, written, known))],
        ...SAYS[is],
      };
    },
  };
}

const SAYS = {
  edited: {
    says: 'it was edited since it was signed, so it takes away and gives nothing: each person has what both give, the file and the signed one',
    next: 'holdfast config sign, once it is as you want it; or put the signed file back',
  },
  unknown: {
    says: 'it is not known any more what was signed, so nobody is let in',
    next: 'put the signed file back, or holdfast config sign, at a terminal',
  },
} as const;

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
