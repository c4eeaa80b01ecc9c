/**
 * Entries of `journalctl -o json` (Journal JSON Format, systemd). Fields with a leading underscore are
 * journald's own: who sent a message, by the kernel's word. The message itself is anybody's.
 */
import { type Instant, isInstant } from '#base/time';
import {
  type AccountsById,
  boundedLines,
  isAccount,
  MOST_EVENTS,
  type Parsed,
  readId,
  saying,
  type TrailEvent,
} from './event.ts';
import { type Message, readMessage } from './messages.ts';
import { baseName } from './paths.ts';

/** What is asked for; nothing else of an entry is looked at. */
export const JOURNAL_FIELDS = [
  'MESSAGE',
  'SYSLOG_IDENTIFIER',
  '_AUDIT_LOGINUID',
  '_COMM',
  '_TRANSPORT',
  '_UID',
] as const;

/**
 * What is asked for, as senders name themselves (`SYSLOG_IDENTIFIER`). When journald looks, a child of cron is
 * gone or has become its job: then `_COMM` is not there, or is `sh`. Its user id the kernel sent with the message.
 */
export const JOURNAL_NAMES = [
  'sudo',
  'su',
  'sshd',
  'sshd-session',
  'CRON',
  'CROND',
  'cron',
  'crond',
] as const;

type Entry = {
  readonly at: Instant;
  readonly message: string;
  readonly program: string;
  /** What it ran when journald looked: gone by then, or already the command it was to run. */
  readonly comm: string | undefined;
  readonly uid: number | undefined;
  readonly loginUid: number | undefined;
};

export function readJournal(text: string, accounts: AccountsById): Parsed {
  const { lines, cut, ...bounded } = boundedLines(text);
  let { passedOver } = bounded;
  let from: Instant | null = null;
  const events: TrailEvent[] = [];
  for (const line of lines) {
    const entry = readEntry(line);
    if (entry === undefined) {
      passedOver++;
      continue;
    }
    if (from === null || entry.at < from) from = entry.at;
    const told = readMessage(entry.program, entry.message);
    if (told === 'ambiguous') passedOver++;
    if (told === undefined || events.length >= MOST_EVENTS) continue;
    if (told === 'ambiguous') {
      const obscure = obscureEvent(entry, accounts);
      if (obscure !== undefined) events.push(obscure);
      continue;
    }
    const account = accountOf(entry, told, accounts);
    if (account === undefined) {
      passedOver++;
      continue;
    }
    events.push({
      at: entry.at,
      within: 1,
      trail: 'journal',
      source: told.source,
      account,
      forgeable: false,
      act: told.act,
      says: saying(`${entry.program}: ${entry.message}`),
    });
  }
  return { events, passedOver, cut: cut || events.length >= MOST_EVENTS, from };
}

/**
 * The account, where the kernel's word and the line agree; `undefined` where the sender is not that program at all.
 * Any process may call itself sudo: what it cannot take is another user id, or another login.
 */
function accountOf(
  { uid, loginUid, comm }: Entry,
  { source, name, act }: Message,
  accounts: AccountsById,
): string | null | undefined {
  switch (source) {
    case 'cron':
    case 'sshd':
      // Both run as root; whoever is root can say anything anyway.
      return uid === 0 ? name : undefined;
    case 'sudo':
    case 'su': {
      const became = act.kind === 'command' ? baseName(act.words[0] ?? '').slice(0, 15) : source;
      if (comm !== undefined && comm !== source && comm !== became) return undefined;
      const who = loginUid ?? uid;
      const known = who === undefined ? undefined : accounts.get(who);
      return known === name && isAccount(known) ? known : null;
    }
  }
}

/** What sudo ran and nobody can read is still something that this account did: nobody else is named over it. */
function obscureEvent(
  { at, program, message, comm, uid, loginUid }: Entry,
  accounts: AccountsById,
): TrailEvent | undefined {
  if (program !== 'sudo' || (comm !== undefined && comm !== 'sudo')) return undefined;
  const who = loginUid ?? uid;
  const account = who === undefined ? undefined : accounts.get(who);
  return {
    at,
    within: 1,
    trail: 'journal',
    source: 'sudo',
    account: account !== undefined && isAccount(account) ? account : null,
    forgeable: false,
    act: { kind: 'obscure' },
    says: saying(`sudo, to be read in two ways: ${message}`),
  };
}

function readEntry(line: string): Entry | undefined {
  let fields: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(line);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    fields = value as Record<string, unknown>;
  } catch {
    return undefined;
  }
  // A field that came twice is a list, one with bytes that are no text as well: neither is read.
  const text = (name: string): string | undefined => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const micros = text('__REALTIME_TIMESTAMP');
  const message = text('MESSAGE');
  const program = text('SYSLOG_IDENTIFIER')?.toLowerCase();
  const transport = text('_TRANSPORT');
  if (micros === undefined || !/^\d{1,16}$/.test(micros) || !isInstant(Number(micros)))
    return undefined;
  if (message === undefined || program === undefined) return undefined;
  if (transport !== 'syslog' && transport !== 'journal') return undefined;
  return {
    at: Number(micros) as Instant,
    message,
    program,
    comm: text('_COMM'),
    uid: readId(text('_UID')),
    loginUid: readId(text('_AUDIT_LOGINUID')),
  };
}
