/**
 * Keys that open an account over SSH: type, fingerprint, restrictions. The key itself is not kept,
 * and neither are values that `environment=` would set.
 */
import { sha256 } from '#base/digest';
import { type Account, readAccounts } from './accounts.ts';
import { follow } from './links.ts';
import type { Collector, LookSession } from './look-session.ts';
import { Gathering, linesOf, readText, reasonOf, wordsOf } from './reading.ts';
import { configuredSettings } from './sshd.ts';

const KINDS = ['authorized_key'] as const;

export const authorizedKeysCollector: Collector = {
  name: 'authorized-keys',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const patterns = await keyFilePatterns(session, seen);
    for (const account of await readAccounts(session)) {
      for (const pattern of patterns)
        await readKeys(session, seen, account, fileOf(pattern, account));
    }
    return seen.end(KINDS);
  },
};

async function keyFilePatterns(session: LookSession, seen: Gathering): Promise<readonly string[]> {
  // Who may not read where keys are kept looks where they mostly are, and says so.
  const settings = await configuredSettings(session).catch((error: unknown) => {
    seen.short('authorized_key', reasonOf(error, '/etc/ssh/sshd_config'));
    return undefined;
  });
  const files = settings?.find(
    (each) => each.match === undefined && each.keyword === 'authorizedkeysfile',
  );
  if (files === undefined) return ['.ssh/authorized_keys', '.ssh/authorized_keys2'];
  return wordsOf(files.value)
    .filter((word) => word.toLowerCase() !== 'none')
    .slice(0, 8);
}

/** `%h`, `%u`, `%U` and `%%` as sshd puts them in; relative to the home directory. */
export function fileOf(pattern: string, account: Account): string {
  const path = pattern.replace(/%([huU%])/g, (_, token: string) => {
    if (token === 'h') return account.home;
    if (token === 'u') return account.name;
    return token === 'U' ? String(account.uid) : '%';
  });
  return path.startsWith('/') ? path : `${account.home.replace(/\/$/, '')}/${path}`;
}

async function readKeys(
  session: LookSession,
  seen: Gathering,
  account: Account,
  path: string,
): Promise<void> {
  if (!path.startsWith('/') || path.includes('\0')) return;
  try {
    const found = await follow(session, path);
    if (found === undefined || found.info.kind === 'directory') return;
    for (const key of parseAuthorizedKeys((await readText(session, found.path)) ?? '')) {
      seen.add('authorized_key', `${account.name}/${key.fingerprint}`, {
        ...key,
        user: seen.ref('user', account.name),
        file: path,
      });
    }
  } catch (error) {
    seen.short('authorized_key', reasonOf(error, path));
  }
}

export type AuthorizedKey = {
  readonly type: string;
  readonly fingerprint: string;
  readonly comment: string;
  readonly options: readonly string[];
};

const KEY_TYPE = /^(ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-|rsa-sha2-)[A-Za-z0-9@.-]{1,60}$/;

/** Lines of authorized_keys; a line whose key is not of its type opens nothing and is left out. */
export function parseAuthorizedKeys(text: string): AuthorizedKey[] {
  return linesOf(text).flatMap((raw) => {
    const line = raw.trim();
    if (line.startsWith('#')) return [];
    const first = KEY_TYPE.test(line.split(/[ \t]/, 1)[0] ?? '') ? 0 : endOfOptions(line);
    const [type = '', blob = '', ...comment] = wordsOf(line.slice(first));
    if (!KEY_TYPE.test(type) || !isKeyOf(type, blob)) return [];
    const digest = sha256(Buffer.from(blob, 'base64'));
    const fingerprint = Buffer.from(digest, 'hex').toString('base64').replace(/=+$/, '');
    return [
      {
        type,
        fingerprint: `SHA256:${fingerprint}`,
        comment: comment.join(' '),
        options: optionsOf(line.slice(0, first).trim()),
      },
    ];
  });
}

/** Options end at the first blank outside of quotes. */
function endOfOptions(line: string): number {
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const mark = line[at];
    if (mark === '\\' && line[at + 1] === '"') at++;
    else if (mark === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (mark === ' ' || mark === '\t')) return at;
  }
  return line.length;
}

function optionsOf(text: string): string[] {
  const options: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const mark = text[at];
    if (mark === '\\' && text[at + 1] === '"') at++;
    else if (mark === '"') isQuoted = !isQuoted;
    else if (mark === undefined || (mark === ',' && !isQuoted)) {
      const option = text.slice(start, at);
      start = at + 1;
      if (option !== '') options.push(option.replace(/^(environment="[^=]{0,100}=).*$/i, '$1…"'));
    }
  }
  return options.sort();
}

/** The blob names its own type first, length before it. */
function isKeyOf(type: string, blob: string): boolean {
  if (!/^[A-Za-z0-9+/]{16,20000}={0,2}$/.test(blob)) return false;
  const bytes = Buffer.from(blob, 'base64');
  return (
    bytes.readUInt32BE(0) === type.length && bytes.toString('latin1', 4, 4 + type.length) === type
  );
}
