/** Every line of sudoers that grants or changes something, with the files it includes. */
import { sha256 } from '#base/digest';
import { childOf, resolved } from './links.ts';
import type { Collector, LookSession } from './look-session.ts';
import { Gathering, linesOf, readText, reasonOf, wordsOf } from './reading.ts';

const KINDS = ['sudo_rule'] as const;
const FILES = 500;

export const sudoCollector: Collector = {
  name: 'sudo',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    await readSudoers(session, seen, '/etc/sudoers', new Set());
    return seen.end(KINDS);
  },
};

async function readSudoers(
  session: LookSession,
  seen: Gathering,
  path: string,
  done: Set<string>,
): Promise<void> {
  if (done.has(path)) return;
  if (done.size >= FILES) return seen.short('sudo_rule', `more than ${FILES} files`);
  done.add(path);
  let text: string | undefined;
  try {
    text = await readText(session, path);
  } catch (error) {
    return seen.short('sudo_rule', reasonOf(error, path));
  }
  for (const rule of parseSudoers(text ?? '')) {
    // The second rule for the same people is `<who>#2`, so that an edit shows as one changed rule.
    let key = `${path}/${rule.who}`;
    for (let n = 2; seen.has('sudo_rule', key); n++) key = `${path}/${rule.who}#${n}`;
    seen.add('sudo_rule', key, { ...rule, file: path });
    if (rule.type === 'include') await include(session, seen, path, rule.rule, done);
  }
}

async function include(
  session: LookSession,
  seen: Gathering,
  from: string,
  rule: string,
  done: Set<string>,
): Promise<void> {
  const [directive = '', ...rest] = rule.split(' ');
  const target = resolved(from, rest.join(' ').replace(/^"(.*)"$/, '$1'));
  if (target.includes('%h'))
    return seen.short('sudo_rule', `include by host name not read: ${from}`);
  if (!directive.endsWith('dir')) return readSudoers(session, seen, target, done);
  try {
    for (const name of (await session.files.list(target)) ?? []) {
      // sudo itself leaves out names with a dot and backups.
      if (!name.includes('.') && !name.endsWith('~'))
        await readSudoers(session, seen, childOf(target, name), done);
    }
  } catch (error) {
    seen.short('sudo_rule', reasonOf(error, target));
  }
}

export type SudoRule = {
  readonly type: 'rule' | 'defaults' | 'alias' | 'include';
  readonly who: string;
  readonly rule: string;
  readonly noPassword: boolean | undefined;
};

/** Lines of sudoers(5), continued lines joined, comments gone, white space joined. */
export function parseSudoers(text: string): SudoRule[] {
  return linesOf(text.replaceAll('\\\n', ' ')).flatMap((line): SudoRule[] => {
    const rule = wordsOf(withoutComment(line))
      .join(' ')
      .replaceAll(' ,', ',')
      .replaceAll(', ', ',');
    if (rule === '') return [];
    const first = rule.split(' ', 1)[0] ?? '';
    const base = { rule, noPassword: undefined };
    if (/^[#@]include(dir)?$/.test(first)) return [{ ...base, type: 'include', who: named(rule) }];
    if (/^(User|Runas|Host|Cmnd|Cmd)_Alias$/.test(first))
      return [{ ...base, type: 'alias', who: named(rule.split('=', 1)[0]?.trim() ?? first) }];
    if (/^Defaults([@:!>].*)?$/.test(first))
      return [
        {
          ...base,
          type: 'defaults',
          who: named(`${first} ${settingOf(rule.slice(first.length))}`.trim()),
        },
      ];
    return [{ type: 'rule', who: named(first), rule, noPassword: /(^|[^\w])NOPASSWD:/.test(rule) }];
  });
}

/** Names of settings only; values may be long and do not name the line. */
function settingOf(rest: string): string {
  return rest.trim().split(/[=+\-, ]/, 1)[0] ?? '';
}

function named(who: string): string {
  return who.length <= 120 ? who : `${who.slice(0, 80)}…${sha256(who).slice(0, 16)}`;
}

/** `#` begins a comment, but for `#include` and for `#1000`, a user by number. */
function withoutComment(line: string): string {
  const trimmed = line.trim();
  if (/^#include(dir)?\s/.test(trimmed)) return trimmed;
  for (let at = trimmed.indexOf('#'); at >= 0; at = trimmed.indexOf('#', at + 1)) {
    const isNumber =
      /[0-9]/.test(trimmed[at + 1] ?? '') && /^$|[%,(\s:!]/.test(trimmed[at - 1] ?? '');
    if (!isNumber && trimmed[at - 1] !== '\\') return trimmed.slice(0, at);
  }
  return trimmed;
}
