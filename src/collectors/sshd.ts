/**
 * Settings of the SSH server: what the server itself says is in force, and what its files say in
 * `Match` blocks. Where the server does not answer, only what its files set is told, and partial.
 */
import { childOf, resolved } from './links.ts';
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, linesOf, readText, reasonOf, wordsOf } from './reading.ts';

const KINDS = ['sshd_setting'] as const;
const CONFIG = '/etc/ssh/sshd_config';
const INCLUDED_FILES = 200;

/** Keywords whose lines add up; of the others the first one counts. */
const REPEATED = new Set(
  'acceptenv allowgroups allowusers denygroups denyusers hostcertificate hostkey listenaddress permitlisten permitopen port setenv subsystem'.split(
    ' ',
  ),
);

export const sshdCollector: Collector = {
  name: 'sshd',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const isInstalled = (await session.files.stat('/usr/sbin/sshd')) !== undefined;
    if (!isInstalled && (await session.files.stat(CONFIG)) === undefined) return seen.end(KINDS);
    const effective = isInstalled ? await askServer(session) : undefined;
    for (const [keyword, value] of effective ?? [])
      seen.add('sshd_setting', keyword, { value, origin: 'effective' });
    if (effective === undefined)
      seen.short('sshd_setting', 'sshd -T did not answer: only what the files set was read');
    try {
      addConfigured(seen, await configuredSettings(session), effective === undefined);
    } catch (error) {
      seen.short('sshd_setting', reasonOf(error, CONFIG));
    }
    return seen.end(KINDS);
  },
};

async function askServer(
  session: LookSession,
): Promise<ReadonlyMap<string, string | string[]> | undefined> {
  const result = await session.programs.run(['/usr/sbin/sshd', '-T']);
  if (result.ended !== 'exited' || result.exit !== 0) return undefined;
  return gathered(linesOf(decode(result.stdout)).flatMap((line) => parseSetting(line) ?? []));
}

function addConfigured(
  seen: Gathering,
  settings: readonly SshdSetting[],
  withGlobal: boolean,
): void {
  const blocks = new Map<string, SshdSetting[]>();
  for (const setting of settings) {
    if (setting.match === undefined && !withGlobal) continue;
    const prefix = setting.match === undefined ? '' : `match ${setting.match}/`;
    const block = blocks.get(prefix);
    if (block === undefined) blocks.set(prefix, [setting]);
    else block.push(setting);
  }
  for (const [prefix, block] of blocks) {
    for (const [keyword, value] of gathered(block))
      seen.add('sshd_setting', `${prefix}${keyword}`, { value, origin: 'configured' });
  }
}

type Setting = { readonly keyword: string; readonly value: string };
export type SshdSetting = Setting & { readonly match: string | undefined };

/** Values by keyword; sorted lists where lines add up. */
export function gathered(settings: readonly Setting[]): ReadonlyMap<string, string | string[]> {
  const values = new Map<string, string | string[]>();
  for (const { keyword, value } of settings) {
    const before = values.get(keyword);
    if (Array.isArray(before)) before.push(value);
    else if (before === undefined) values.set(keyword, REPEATED.has(keyword) ? [value] : value);
  }
  for (const value of values.values()) if (Array.isArray(value)) value.sort();
  return values;
}

/** `keyword value` or `keyword=value`; values that `setenv` would set are left out. */
export function parseSetting(line: string): Setting | undefined {
  const match = /^([A-Za-z0-9]{1,60})(?:[ \t]+|=)(.*)$/.exec(line.trim());
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const keyword = match[1].toLowerCase();
  const value = wordsOf(match[2].replace(/^=/, '')).join(' ');
  if (keyword === 'setenv') return { keyword, value: value.replace(/=.*$/, '=…') };
  return { keyword, value: value.replace(/^"([^"]*)"$/, '$1') };
}

/** All lines of sshd_config in the order the server reads them, includes put in. */
export async function configuredSettings(session: LookSession): Promise<readonly SshdSetting[]> {
  const settings: SshdSetting[] = [];
  const done = { files: 0 };
  await readConfig(session, CONFIG, undefined, settings, done, 0);
  return settings;
}

async function readConfig(
  session: LookSession,
  path: string,
  within: string | undefined,
  settings: SshdSetting[],
  done: { files: number },
  depth: number,
): Promise<void> {
  if (depth > 16 || done.files++ > INCLUDED_FILES) return;
  // A block begun in an included file ends with that file.
  let match = within;
  for (const { keyword, value } of parseSshdConfig((await readText(session, path)) ?? '')) {
    if (keyword === 'match') match = value;
    else if (keyword !== 'include') settings.push({ keyword, value, match });
    else {
      for (const file of await included(session, value))
        await readConfig(session, file, match, settings, done, depth + 1);
    }
  }
}

export function parseSshdConfig(text: string): Setting[] {
  return linesOf(text).flatMap((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? [] : (parseSetting(trimmed) ?? []);
  });
}

/** Files that an Include names; `*` and `?` in the last part are looked up. */
async function included(session: LookSession, value: string): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of wordsOf(value.replaceAll('"', '')).slice(0, 20)) {
    const path = resolved(CONFIG, pattern);
    const slash = path.lastIndexOf('/');
    const last = path.slice(slash + 1);
    if (!/[*?]/.test(last)) {
      files.push(path);
      continue;
    }
    const directory = path.slice(0, slash);
    for (const name of (await session.files.list(directory)) ?? []) {
      if (!name.startsWith('.') && matchesGlob(last, name)) files.push(childOf(directory, name));
    }
  }
  return files;
}

/** `*` and `?` only, in time proportional to both lengths. */
export function matchesGlob(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
