/** Passwords in command lines whose options do not say so: `mysql -p…`, `curl -u user:…`, `sshpass -p …`. */
import type { Found } from './labelled.ts';
import { isBlank, isQuote, isWord, lineStart, quotedAt } from './values.ts';

type Word = { readonly start: number; readonly end: number; readonly text: string };

/** How a program takes a password. */
type Usage = {
  readonly programs: string;
  /** Only when this word is among the first arguments. */
  readonly when?: RegExp;
  /** Options followed by a password, as the next word or glued (`-psecret`). */
  readonly options?: readonly string[];
  /** Options followed by `user:password` or `user%password`. */
  readonly pairs?: readonly string[];
  /** Glued only; a separate word is taken when it does not look like a name. */
  readonly glued?: string;
  readonly last?: true;
  readonly login?: true;
};

const USAGES: readonly Usage[] = [
  {
    programs: 'curl',
    options: ['--pass', '--proxy-pass'],
    pairs: ['-u', '--user', '-U', '--proxy-user', '-E', '--cert'],
  },
  {
    programs:
      'mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mysqlbinlog mariadb mariadb-dump mariadb-admin mycli xtrabackup mysqlpump',
    glued: '-p',
  },
  {
    programs:
      'mongo mongosh mongodump mongorestore mongoexport mongoimport sshpass cqlsh rdesktop iredis influx clickhouse-client ipmitool1 isql tsql',
    options: ['-p'],
  },
  {
    programs:
      'sqlcmd bcp mosquitto_pub mosquitto_sub ipmitool freebcp osql zip unzip dsmc sftp-batch pwsh-login',
    options: ['-P'],
  },
  { programs: 'redis-cli valkey-cli keydb-cli', options: ['-a', '--pass'] },
  {
    programs: 'docker podman nerdctl helm buildah oras crane az oc skopeo cf ibmcloud registry',
    when: /\blogin\b/,
    options: ['-p'],
    pairs: ['--creds'],
  },
  {
    programs: 'skopeo buildah crane ctr',
    pairs: ['--creds', '--src-creds', '--dest-creds', '-u', '--user'],
  },
  {
    programs: 'ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare',
    options: ['-w', '-s'],
  },
  {
    programs: 'smbclient rpcclient smbget winexe wmic net smbpasswd crackmapexec',
    pairs: ['-U', '--user'],
  },
  { programs: '7z 7za 7zr rar unrar', glued: '-p' },
  {
    programs: 'snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap',
    options: ['-A', '-X', '-c'],
  },
  { programs: 'htpasswd', when: /(?:^|\s)-[A-Za-z]*b/, last: true },
  {
    programs: 'rabbitmqctl',
    when: /\b(?:add_user|change_password|authenticate_user)\b/,
    last: true,
  },
  { programs: 'sqlplus sqlldr impdp expdp rman tnsping', login: true },
  { programs: 'http https xh', pairs: ['-a', '--auth'] },
  { programs: 'openssl gpg', options: ['-k', '--passphrase'] },
  { programs: 'xfreerdp wfreerdp', options: ['/p:'] },
  { programs: 'wget', options: ['--password', '--http-password', '--ftp-password'] },
  { programs: 'evil-winrm kinit nxc netexec', options: ['-p'] },
];

/** Words for the automaton, each with how that program is read. */
export const PROGRAMS: readonly (readonly [string, Usage])[] = USAGES.flatMap((usage) =>
  usage.programs.split(' ').map((program) => [program, usage] as const),
);

const COMMAND = 2_048;

/** The passwords on the command line whose program stands at `[start, end)`, and how far was read. */
export function commandAt(
  s: string,
  start: number,
  end: number,
  usage: Usage,
  floor: number,
): { readonly found: readonly Found[]; readonly seen: number } {
  const before = s.charCodeAt(start - 1);
  const isCommand =
    start === floor ||
    Number.isNaN(before) ||
    !(isWord(before) || before === 0x2d || before === 0x2e);
  if (
    !isCommand ||
    !(isBlank(s.charCodeAt(end)) || s.startsWith('.exe', end) || isQuote(s.charCodeAt(end)))
  ) {
    return { found: [], seen: end };
  }
  const { words, seen } = wordsFrom(s, isQuote(s.charCodeAt(end)) ? end + 1 : end);
  if (usage.when !== undefined && !usage.when.test(s.slice(end, Math.min(seen, end + 200))))
    return { found: [], seen };
  const found: Found[] = [];
  for (const [i, word] of words.entries()) {
    const next = words[i + 1];
    const hit =
      passwordIn(usage, word, next) ?? pairIn(usage, word, next) ?? gluedIn(usage, word, next);
    if (hit !== undefined) found.push(hit);
  }
  if (usage.login === true) {
    for (const word of words) {
      const match = /^[\w$#.-]{1,64}\/([^@\s/]{1,128})(?:@|$)/.exec(word.text);
      if (match === null || word.text.startsWith('-')) continue;
      const from = word.start + word.text.indexOf('/') + 1;
      found.push(hide(from, from + (match[1] as string).length));
      break;
    }
  }
  const last = words.filter((word) => !/^[<>]/.test(word.text)).at(-1);
  if (
    usage.last === true &&
    last !== undefined &&
    words.length >= 3 &&
    !last.text.startsWith('-')
  ) {
    found.push(hide(last.start, last.end));
  }
  return { found: found.filter((hit) => worth(s.slice(hit.start, hit.end))), seen };
}

const hide = (start: number, end: number): Found => ({ start, end, name: 'password' });

function worth(text: string): boolean {
  return (
    text !== '' &&
    !/^(?:\*+|\$.*|<.*>|\[redacted:[a-z-]+\]|\{\{.*|%.*%|file:.*|env:.*|-|@.*|stdin|prompt)$/.test(
      text,
    )
  );
}

function passwordIn(usage: Usage, word: Word, next: Word | undefined): Found | undefined {
  for (const option of usage.options ?? []) {
    if (word.text === option) {
      return next === undefined || next.text.startsWith('-')
        ? undefined
        : hide(next.start, next.end);
    }
    if (!word.text.startsWith(option)) continue;
    if (option.startsWith('--') && word.text[option.length] !== '=') continue;
    const from = word.start + option.length + (word.text[option.length] === '=' ? 1 : 0);
    // `-p27017` is a port by any reading; `-port` is another option.
    if (option === '-p' && /^-p(?:ort|rofile|ath|refix)\b/.test(word.text)) continue;
    if (/^-[A-Z]$/.test(option) && word.end - from < 4) continue;
    return hide(from, word.end);
  }
  return undefined;
}

function pairIn(usage: Usage, word: Word, next: Word | undefined): Found | undefined {
  for (const option of usage.pairs ?? []) {
    let at: Word | undefined;
    const bundled =
      option.length === 2 &&
      /^-[A-Za-z]{2,6}$/.test(word.text) &&
      word.text.endsWith(option[1] as string);
    if (word.text === option || (bundled && next !== undefined && /^[^:%\s]+[:%]/.test(next.text)))
      at = next;
    else if (
      word.text.startsWith(option) &&
      (option.length === 2 || word.text[option.length] === '=')
    ) {
      const skip = option.length + (word.text[option.length] === '=' ? 1 : 0);
      at = { start: word.start + skip, end: word.end, text: word.text.slice(skip) };
    }
    if (at === undefined) continue;
    const mark = at.text.search(/[:%]/);
    if (mark <= 0 && at.text[0] !== ':') return undefined;
    if (at.text.startsWith('//', mark + 1)) return undefined;
    return hide(at.start + mark + 1, at.end);
  }
  return undefined;
}

function gluedIn(usage: Usage, word: Word, next: Word | undefined): Found | undefined {
  const option = usage.glued;
  if (option === undefined || !word.text.startsWith(option)) return undefined;
  if (word.text.length > option.length) return hide(word.start + option.length, word.end);
  // `mysql -p shop` asks for a password and names a database; a name has no digits among its signs.
  if (
    next === undefined ||
    (/^(?:-|[a-z][a-z_]*\d{0,2}$)/.test(next.text) && !/^[a-z]{5,8}\d$/.test(next.text))
  )
    return undefined;
  return /[A-Za-z]/.test(next.text) && /[\d!@#$%^&*]/.test(next.text)
    ? hide(next.start, next.end)
    : undefined;
}

/** Shell words up to the end of the command. Quotes are taken off; text is as written inside them. */
function wordsFrom(s: string, from: number): { words: readonly Word[]; seen: number } {
  const words: Word[] = [];
  const lim = Math.min(s.length, from + COMMAND);
  let at = from;
  while (at < lim) {
    const c = s.charCodeAt(at);
    if (isBlank(c) || c === 0x2c || c === 0x5d) {
      at++;
      continue;
    }
    if (c === 0x5c && s.charCodeAt(at + 1) === 0x0a) {
      at += 2;
      continue;
    }
    if (
      c === 0x0a ||
      c === 0x7c ||
      c === 0x3b ||
      c === 0x29 ||
      (c === 0x26 && s.charCodeAt(at + 1) === 0x26)
    )
      break;
    const quoted = quotedAt(s, at);
    if (
      quoted !== undefined &&
      quoted.end <= lim &&
      (isBlank(s.charCodeAt(quoted.after)) ||
        quoted.after >= lim ||
        !isWord(s.charCodeAt(quoted.after)))
    ) {
      words.push({ start: quoted.start, end: quoted.end, text: s.slice(quoted.start, quoted.end) });
      at = Math.max(quoted.after, at + 1);
      continue;
    }
    const word = wordAt(s, at, lim);
    words.push(word);
    at = Math.max(word.end, at + 1);
    while (isQuote(s.charCodeAt(at))) at++;
  }
  return { words, seen: at };
}

function wordAt(s: string, start: number, lim: number): Word {
  let at = start;
  for (; at < lim; at++) {
    const c = s.charCodeAt(at);
    if (isBlank(c) || c === 0x0a) break;
    if (
      (c === 0x7c || c === 0x3b) &&
      (isBlank(s.charCodeAt(at + 1)) || isBlank(s.charCodeAt(at - 1)))
    )
      break;
    if (isQuote(c)) {
      // `-p'secret'`, `--user="a:b"`: the quotes belong to the notation.
      const glue = quotedAt(s, at);
      if (
        glue !== undefined &&
        at > start &&
        glue.after <= lim &&
        glue.after > at + 1 &&
        /^-[A-Za-z-]*=?$/.test(s.slice(start, at))
      ) {
        // Places count from where the inner text would begin without its quote.
        const prefix = s.slice(start, at);
        return {
          start: glue.start - prefix.length,
          end: glue.end,
          text: prefix + s.slice(glue.start, glue.end),
        };
      }
      if (!isWord(s.charCodeAt(at + 1))) break;
    }
  }
  return { start, end: at, text: s.slice(start, at) };
}

const ECHO =
  /(?:echo|printf)[ \t]+(?:-[neE]+[ \t]+)?["']?(?:(?<user>[\w.-]{1,64}):)?(?<secret>[^"'|\n]{1,256}?)(?:\\n)?["']?[ \t]*\|[ \t]*(?:sudo[ \t]+(?:-\w+[ \t]+)*)?(?:[\w./-]{1,64}[ \t]+){0,4}[\w./-]{0,64}$/d;

/** `echo secret | docker login --password-stdin`, `echo user:secret | chpasswd`: found from its end. */
export function echoedBefore(s: string, at: number, wantsUser: boolean): Found | undefined {
  const start = lineStart(s, at, 400);
  const match = ECHO.exec(s.slice(start, at));
  const secret = match?.indices?.groups?.['secret'];
  if (secret === undefined || (wantsUser && match?.groups?.['user'] === undefined))
    return undefined;
  const from = wantsUser ? secret[0] : (match?.indices?.groups?.['user']?.[0] ?? secret[0]);
  return worth(s.slice(start + from, start + secret[1]))
    ? hide(start + from, start + secret[1])
    : undefined;
}
