/**
 * Local accounts and groups. Password hashes are read where we may, told as a state only, and never
 * kept. Accounts of directories (LDAP, AD) are not here: they belong to the directory.
 */
import { formatInstant, type Instant } from '#base/time';
import type { Collector, LookSession } from './look-session.ts';
import { Gathering, linesOf, numberOf, readText, reasonOf } from './reading.ts';

const KINDS = ['user', 'group'] as const;
const ACCOUNT_BYTES = 4 * 1024 * 1024;

export const accountsCollector: Collector = {
  name: 'accounts',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const groups = parseGroups((await readText(session, '/etc/group', ACCOUNT_BYTES)) ?? '');
    for (const { name, gid, members } of groups) seen.add('group', name, { gid, members });
    const passwords = await readPasswords(session);
    for (const account of await readAccounts(session)) {
      const password = passwords?.get(account.name);
      seen.add('user', account.name, {
        uid: account.uid,
        gid: account.gid,
        name: account.gecos,
        home: account.home,
        shell: account.shell,
        groups: groups
          .filter((group) => group.members.includes(account.name))
          .map((group) => group.name)
          .sort(),
        'password.state': passwords === undefined ? 'unreadable' : (password?.state ?? 'locked'),
        'password.changedOn': password?.changedOn,
        expiresOn: password?.expiresOn,
      });
    }
    return seen.end(KINDS);
  },
};

export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
};

/** Accounts of /etc/passwd; other collectors ask it whose a number is. */
export async function readAccounts(session: LookSession): Promise<readonly Account[]> {
  return parseAccounts((await readText(session, '/etc/passwd', ACCOUNT_BYTES)) ?? '');
}

/** Names by number. The first name of a number is the one that programs print. */
export async function readNames(session: LookSession): Promise<{
  readonly user: (uid: number) => string;
  readonly group: (gid: number) => string;
}> {
  const users = new Map<number, string>();
  for (const { uid, name } of await readAccounts(session))
    if (!users.has(uid)) users.set(uid, name);
  const groups = new Map<number, string>();
  for (const { gid, name } of parseGroups(
    (await readText(session, '/etc/group', ACCOUNT_BYTES)) ?? '',
  ))
    if (!groups.has(gid)) groups.set(gid, name);
  return {
    user: (uid) => users.get(uid) ?? String(uid),
    group: (gid) => groups.get(gid) ?? String(gid),
  };
}

/** Lines of passwd(5). Lines that no program would take for an account are left out. */
export function parseAccounts(text: string): Account[] {
  return linesOf(text).flatMap((line) => {
    const [name, , uid, gid, gecos, home, shell] = line.split(':');
    const ids = [numberOf(uid), numberOf(gid)];
    if (name === undefined || name === '' || ids[0] === undefined || ids[1] === undefined)
      return [];
    return [
      { name, uid: ids[0], gid: ids[1], gecos: gecos ?? '', home: home ?? '', shell: shell ?? '' },
    ];
  });
}

export type Group = {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
};

/** Lines of group(5), members sorted. */
export function parseGroups(text: string): Group[] {
  return linesOf(text).flatMap((line) => {
    const [name, , id, members = ''] = line.split(':');
    const gid = numberOf(id);
    if (name === undefined || name === '' || gid === undefined) return [];
    return [
      {
        name,
        gid,
        members: members
          .split(',')
          .filter((each) => each !== '')
          .sort(),
      },
    ];
  });
}

export type Password = {
  readonly state: 'set' | 'locked' | 'empty';
  readonly changedOn: string | undefined;
  readonly expiresOn: string | undefined;
};

async function readPasswords(
  session: LookSession,
): Promise<ReadonlyMap<string, Password> | undefined> {
  try {
    return parsePasswords((await readText(session, '/etc/shadow', ACCOUNT_BYTES)) ?? '');
  } catch (error) {
    // Only root may read it. That is told per account, so that accounts themselves stay complete.
    reasonOf(error, '/etc/shadow');
    return undefined;
  }
}

/** Lines of shadow(5), reduced to a state and two days. */
export function parsePasswords(text: string): ReadonlyMap<string, Password> {
  const found = new Map<string, Password>();
  for (const line of linesOf(text)) {
    const [name = '', secret = '', changed, , , , , expires] = line.split(':');
    if (name === '') continue;
    const state = secret === '' ? 'empty' : /^[!*]/.test(secret) ? 'locked' : 'set';
    found.set(name, { state, changedOn: dayOf(changed), expiresOn: dayOf(expires) });
  }
  return found;
}

/** A day counted from 1970-01-01, as text. */
export function dayOf(count: string | undefined): string | undefined {
  const days = numberOf(count);
  if (days === undefined || days < 0 || days > 84_000) return undefined;
  return formatInstant((days * 86_400e6) as Instant).slice(0, 10);
}
