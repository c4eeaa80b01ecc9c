/**
 * What a command line did to a thing, as far as its words tell. A program that only reads did nothing, also
 * when it names the thing; one that is not known here may have done anything.
 *
 * sudo logs words with blanks between, so a word with a blank in it looks like two. Whoever plays with that
 * can only bring themselves in.
 */
import type { WriteKind } from './event.ts';
import { touchOfManager } from './manager-touch.ts';
import { baseName, isUnder, joinPath, parentOf } from './paths.ts';
import { touchOfShell } from './shell-touch.ts';
import { fits, most, type Thing, type Touch, touchOfPath } from './thing.ts';

const DEPTH = 4;

/** Programs that start another, and how many words of their own stand before it. */
const WRAPPERS: Readonly<Record<string, number>> = {
  env: 0,
  nice: 0,
  ionice: 0,
  nohup: 0,
  setsid: 0,
  stdbuf: 0,
  time: 0,
  timeout: 1,
  sudo: 0,
};
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh']);
/** Nothing of these changes anything, whatever their words. */
const READERS: ReadonlySet<string> = new Set(
  'cat less more head tail grep egrep fgrep zgrep ls ll stat file wc cut sort uniq diff cmp md5sum sha256sum id whoami date uptime df du free ps top journalctl dmesg ss netstat lsof last who w echo printf true false test sleep hostname uname getent readlink realpath view which dpkg-query apt-cache'.split(
    ' ',
  ),
);
const EDITORS: ReadonlySet<string> = new Set(
  'vi vim vim.basic vim.tiny nvim nano pico ed ex emacs joe micro mcedit sudoedit visudo vipw vigr'.split(
    ' ',
  ),
);

export type Command = {
  readonly program: string;
  readonly options: readonly string[];
  readonly operands: readonly string[];
  readonly rest: readonly string[];
};

export function touchOfWords(
  thing: Thing,
  words: readonly string[],
  cwd: string | null,
  depth = 0,
): Touch {
  const command = unwrap(words);
  if (command === undefined || depth > DEPTH) return 'may';
  const { program, options, rest } = command;
  if (SHELLS.has(program)) {
    const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
    if (at === -1) return 'may';
    return touchOfShell(thing, rest.slice(at + 1).join(' '), cwd, (inner, where) =>
      touchOfWords(thing, inner, where, depth + 1),
    );
  }
  if (READERS.has(program)) return 'no';
  if (options.some((option) => DRY.has(option))) return 'no';
  const path = writes(command);
  if (path !== undefined) return touchOfWrites(thing, path, cwd);
  const named = touchOfManager(thing, command);
  return named ?? 'may';
}

const DRY: ReadonlySet<string> = new Set([
  '--dry-run',
  '--simulate',
  '--just-print',
  '--help',
  '--version',
  '--check',
]);

function unwrap(words: readonly string[]): Command | undefined {
  let at = 0;
  for (let hops = 0; hops < 6; hops++) {
    while (/^[A-Za-z_][A-Za-z0-9_]*=/.test(words[at] ?? '')) at++;
    const program = baseName(words[at] ?? '');
    if (program === '') return undefined;
    const own = Object.hasOwn(WRAPPERS, program) ? WRAPPERS[program] : undefined;
    if (own === undefined) {
      const rest = words.slice(at + 1);
      const end = rest.indexOf('--');
      const isOption = (word: string, i: number): boolean =>
        word.length > 1 && word.startsWith('-') && (end === -1 || i < end);
      return {
        program,
        rest,
        options: rest.filter(isOption),
        operands: rest.filter((word, i) => !isOption(word, i) && i !== end),
      };
    }
    at++;
    while ((words[at] ?? '').startsWith('-')) at++;
    at += own;
  }
  return undefined;
}

// --- Programs that write files ---------------------------------------------------------------------------------------

type Writes = {
  readonly paths: readonly string[];
  readonly wrote: readonly WriteKind[];
  /** What is copied or moved keeps its name where the place is a directory. */
  readonly sources?: readonly string[];
  /** Everything below goes as well. */
  readonly isDeep?: boolean;
};

const ALL: readonly WriteKind[] = ['content', 'meta', 'presence'];
const PLAIN: readonly WriteKind[] = ['content', 'presence'];

/** `undefined`: not a program that writes files by name. No paths: it wrote none that it names. */
function writes({ program, options, operands, rest }: Command): Writes | undefined {
  const has = (short: string, long: string): boolean =>
    options.some(
      (option) =>
        option === long ||
        option.startsWith(`${long}=`) ||
        new RegExp(`^-[A-Za-z]*${short}`).test(option),
    );
  const last = operands.slice(-1);
  if (EDITORS.has(program)) {
    if (has('R', '--readonly') || has('c', '--check')) return { paths: [], wrote: [] };
    const own = OWN_FILE[program];
    return { paths: own !== undefined && operands.length === 0 ? [own] : operands, wrote: PLAIN };
  }
  switch (program) {
    case 'tee':
    case 'patch':
    case 'truncate':
      return { paths: operands, wrote: PLAIN };
    case 'touch':
    case 'mkdir':
    case 'rmdir':
      return { paths: operands, wrote: ['presence'] };
    case 'rm':
    case 'unlink':
    case 'shred':
      return { paths: operands, wrote: ALL, isDeep: has('[rR]', '--recursive') };
    case 'cp':
    case 'install':
    case 'ln':
    case 'rsync':
    case 'mv': {
      const into = intoDirectory(rest);
      const sources = into === undefined ? operands.slice(0, -1) : operands;
      const paths = into === undefined ? last : [into];
      return {
        paths: program === 'mv' ? [...paths, ...sources] : paths,
        wrote: program === 'cp' || program === 'ln' ? PLAIN : ALL,
        sources,
      };
    }
    case 'dd':
      return {
        paths: operands.flatMap((word) => (word.startsWith('of=') ? [word.slice(3)] : [])),
        wrote: PLAIN,
      };
    case 'sed':
    case 'perl':
      if (!has('i', '--in-place')) return { paths: [], wrote: [] };
      return { paths: operands, wrote: PLAIN };
    case 'chmod':
    case 'chown':
    case 'chgrp':
    case 'setfacl':
    case 'chattr':
      return { paths: operands.slice(1), wrote: ['meta'], isDeep: has('R', '--recursive') };
    default:
      return undefined;
  }
}

const OWN_FILE: Readonly<Record<string, string>> = {
  visudo: '/etc/sudoers',
  vipw: '/etc/passwd',
  vigr: '/etc/group',
};

function intoDirectory(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-t' || word === '--target-directory');
  if (at !== -1) return words[at + 1];
  return words.find((word) => word.startsWith('--target-directory='))?.slice(19);
}

function touchOfWrites(thing: Thing, written: Writes, cwd: string | null): Touch {
  const { paths, wrote, sources = [], isDeep = false } = written;
  let touched: Touch = 'no';
  for (const each of paths) {
    const path = joinPath(cwd, each);
    if (path === undefined) {
      // Relative to nobody knows where.
      if (baseName(each) === baseName(thing.name)) touched = most(touched, 'may');
      continue;
    }
    const into = sources.map((source) => `${path === '/' ? '' : path}/${baseName(source)}`);
    for (const kind of wrote) {
      for (const one of [path, ...into]) touched = most(touched, touchOfPath(thing, one, kind));
      if (
        isDeep &&
        thing.kind === 'file' &&
        isUnder(thing.name, path) &&
        fits(thing.attribute, kind)
      )
        touched = most(touched, 'did');
    }
    if (/[*?[]/.test(each) && parentOf(path) === parentOf(thing.name))
      touched = most(touched, 'may');
  }
  return touched;
}
