/**
 * `/var/log/audit/audit.log` as auditd(8) writes it: records `type=… msg=audit(seconds.millis:serial): key=value…`,
 * several of which with one serial are one event. The kernel and auditd encode whatever a caller could choose
 * (names of files, commands) as quoted text without quotes in it, or as hexadecimal.
 */
import { type Instant, isInstant } from '#base/time';
import {
  type AccountsById,
  boundedLines,
  isAccount,
  isOneLine,
  MOST_EVENTS,
  type Parsed,
  readId,
  saying,
  type TrailEvent,
  type WriteKind,
} from './event.ts';
import { joinPath } from './paths.ts';

const HEAD =
  /^(?:node=[^ ]{1,255} )?type=([A-Z0-9_]{1,32}) msg=audit\((\d{1,11})\.(\d{3}):(\d{1,20})\): ?(.*)$/;
/** What auditd adds itself where `log_format = ENRICHED`. */
const ENRICHED = '\u001d';

type Fields = ReadonlyMap<string, string>;
type Gathered = {
  readonly at: Instant;
  syscall?: Fields;
  cwd?: string;
  readonly paths: Fields[];
  userCommand?: Fields;
  isOdd?: true;
};

export function readAuditLog(text: string, accounts: AccountsById): Parsed {
  const { lines, cut, ...bounded } = boundedLines(text);
  let { passedOver } = bounded;
  let from: Instant | null = null;
  const gathered = new Map<string, Gathered>();
  for (const line of lines) {
    const [, type = '', seconds = '', millis = '', serial = '', body = ''] = HEAD.exec(line) ?? [];
    const at = Number(seconds) * 1_000_000 + Number(millis) * 1_000;
    if (type === '' || !isInstant(at)) {
      passedOver++;
      continue;
    }
    if (from === null || at < from) from = at;
    const key = `${line.startsWith('node=') ? line.slice(0, line.indexOf(' ')) : ''} ${seconds}.${millis}:${serial}`;
    let one = gathered.get(key);
    if (one === undefined) {
      if (gathered.size >= MOST_EVENTS) continue;
      one = { at, paths: [] };
      gathered.set(key, one);
    }
    gather(one, type, body);
  }
  const events: TrailEvent[] = [];
  for (const one of gathered.values()) {
    if (one.isOdd === true) passedOver++;
    else events.push(...eventsOf(one, accounts));
  }
  return { events, passedOver, cut: cut || gathered.size >= MOST_EVENTS, from };
}

function gather(one: Gathered, type: string, body: string): void {
  switch (type) {
    case 'SYSCALL':
    case 'CWD':
    case 'PATH':
    case 'USER_CMD': {
      const fields = readFields(body);
      const isTwice =
        (type === 'SYSCALL' && one.syscall !== undefined) ||
        (type === 'USER_CMD' && one.userCommand !== undefined) ||
        one.paths.length > 64;
      if (fields === undefined || isTwice) one.isOdd = true;
      else if (type === 'SYSCALL') one.syscall = fields;
      else if (type === 'PATH') one.paths.push(fields);
      else if (type === 'USER_CMD') one.userCommand = fields;
      else {
        const cwd = plain(fields.get('cwd'));
        if (cwd !== undefined) one.cwd = cwd;
      }
      return;
    }
    default:
  }
}

function eventsOf(one: Gathered, accounts: AccountsById): readonly TrailEvent[] {
  const { at, syscall, userCommand, paths, cwd } = one;
  const base = {
    at,
    within: 1_000,
    trail: 'audit.log' as const,
    source: 'auditd' as const,
    forgeable: false,
  };
  if (userCommand !== undefined) {
    const command = plain(userCommand.get('cmd'));
    if (command === undefined || userCommand.get('res') !== 'success') return [];
    const account = accountOf(userCommand, accounts);
    return [
      {
        ...base,
        account,
        act: {
          kind: 'command',
          words: command.split(' ').filter((word) => word !== ''),
          cwd: plain(userCommand.get('cwd')) ?? null,
          // Whose rights it had is not in the record.
          asRoot: true,
        },
        says: saying(`auditd: ${account ?? 'nobody known'} ran by sudo: ${command}`),
      },
    ];
  }
  if (syscall?.get('success') !== 'yes') return [];
  const account = accountOf(syscall, accounts);
  const exe = plain(syscall.get('exe')) ?? '?';
  return paths.flatMap((path) => {
    const name = plain(path.get('name'));
    const wrote = writeOf(syscall, path.get('nametype'));
    if (name === undefined || wrote === undefined) return [];
    const whole = joinPath(cwd ?? null, name);
    if (whole === undefined) return [];
    return [
      {
        ...base,
        account,
        act: { kind: 'write' as const, path: whole, wrote },
        says: saying(`auditd: ${account ?? 'nobody known'} wrote ${whole} with ${exe}`),
      },
    ];
  });
}

/** By the login id, which no `su` and no `sudo` changes. */
function accountOf(fields: Fields, accounts: AccountsById): string | null {
  const named = fields.get('AUID');
  const id = readId(fields.get('auid'));
  if (id === undefined) return null;
  const known = accounts.get(id) ?? plain(named);
  return known !== undefined && isAccount(known) ? known : null;
}

/** `undefined`: broken, or a key that says two things. Those behind the mark are auditd's own. */
function readFields(body: string): Fields | undefined {
  const [own = '', added = ''] = body.split(ENRICHED, 2);
  if (!isOneLine(own) || !isOneLine(added)) return undefined;
  const fields = new Map<string, string>();
  // What user programs say stands in one pair of quotes.
  const [, before = own, within = '', behind = ''] = /^(.*? ?)msg='([^']*)'(.*)$/.exec(own) ?? [];
  for (const part of [before, within, behind, added]) {
    for (const word of part.match(/[^ "=]+="[^"]*"|[^ ]+/g) ?? []) {
      const at = word.indexOf('=');
      if (at < 1) continue;
      const key = word.slice(0, at);
      if (fields.has(key)) return undefined;
      fields.set(key, word.slice(at + 1));
    }
  }
  return fields;
}

/** A text that a caller chose: `"…"`, or hexadecimal of its bytes; `undefined` where it is no line. */
function plain(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value.startsWith('"')) return value.endsWith('"') ? value.slice(1, -1) : undefined;
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(value)) return undefined;
  const bytes = Buffer.from(value, 'hex');
  // Arguments of a command stand with NUL between.
  const text = bytes.toString('utf8').replaceAll('\0', ' ');
  return isOneLine(text) && !text.includes('\ufffd') ? text : undefined;
}

const X86_64 = 'c000003e';
const AARCH64 = 'c00000b7';
type Call = 'open' | 'openat' | 'content' | 'meta' | 'presence';

/** Numbers of the calls that write by a path (Linux, arch/x86/entry/syscalls; asm-generic/unistd.h). */
const CALLS: Readonly<Record<string, ReadonlyMap<number, Call>>> = {
  [X86_64]: callsOf({
    open: [2],
    openat: [257],
    content: [76, 77, 85],
    meta: [90, 91, 92, 93, 94, 188, 189, 190, 197, 198, 199, 260, 268, 452],
    presence: [82, 83, 84, 86, 87, 88, 133, 258, 259, 263, 264, 265, 266, 316],
  }),
  [AARCH64]: callsOf({
    openat: [56],
    content: [45, 46],
    meta: [5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 452],
    presence: [33, 34, 35, 36, 37, 38, 276],
  }),
};
const NAMED: Readonly<Record<string, Call>> = {
  open: 'open',
  openat: 'openat',
  creat: 'content',
  truncate: 'content',
  ftruncate: 'content',
  chmod: 'meta',
  fchmod: 'meta',
  fchmodat: 'meta',
  chown: 'meta',
  fchown: 'meta',
  lchown: 'meta',
  fchownat: 'meta',
  setxattr: 'meta',
  rename: 'presence',
  renameat: 'presence',
  renameat2: 'presence',
  unlink: 'presence',
  unlinkat: 'presence',
  link: 'presence',
  linkat: 'presence',
  symlink: 'presence',
  symlinkat: 'presence',
  mkdir: 'presence',
  mkdirat: 'presence',
  rmdir: 'presence',
};

function callsOf(
  numbers: Readonly<Partial<Record<Call, readonly number[]>>>,
): ReadonlyMap<number, Call> {
  return new Map(
    Object.entries(numbers).flatMap(([call, each]) => each.map((n) => [n, call as Call] as const)),
  );
}

/** `undefined`: it only read, or nobody here knows the call. */
function writeOf(syscall: Fields, nametype: string | undefined): WriteKind | undefined {
  if (nametype === 'CREATE' || nametype === 'DELETE') return 'presence';
  if (nametype !== 'NORMAL') return undefined;
  const named = syscall.get('SYSCALL');
  const byNumber = CALLS[syscall.get('arch') ?? '']?.get(Number(syscall.get('syscall')));
  const call =
    named === undefined ? byNumber : Object.hasOwn(NAMED, named) ? NAMED[named] : undefined;
  if (call === 'open') return opensForWriting(syscall.get('a1'));
  if (call === 'openat') return opensForWriting(syscall.get('a2'));
  return call;
}

/** O_WRONLY or O_RDWR, or O_TRUNC. */
function opensForWriting(flags: string | undefined): 'content' | undefined {
  if (flags === undefined || !/^[0-9a-f]{1,16}$/.test(flags)) return undefined;
  const low = Number.parseInt(flags.slice(-4), 16);
  return (low & 0x203) === 0 ? undefined : 'content';
}
