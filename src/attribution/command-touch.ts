/**
 * What a command line did to a thing, as far as its words tell. A program that only reads did nothing, also
 * when it names the thing; one that is not known here may have done anything.
 *
 * sudo logs words with blanks between, so a word with a blank in it looks like two. Whoever plays with that
 * can only bring themselves in.
 */
import type { WriteKind } from './event.ts';
import { baseName, isUnder, joinPath, parentOf } from './paths.ts';
import { touchOfShell } from './shell-touch.ts';
import { fits, isUnit, type Thing, type Touch, touchOfPath } from './thing.ts';

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

type Command = {
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

const ORDER: readonly Touch[] = ['no', 'may', 'shared', 'did'];
export function most(a: Touch, b: Touch): Touch {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

// --- Programs that manage things by name ---------------------------------------------------------------------------

/** `undefined`: nothing is known of this program. */
function touchOfManager(thing: Thing, command: Command): Touch | undefined {
  const { program } = command;
  switch (program) {
    case 'systemctl':
      return touchOfSystemctl(thing, command);
    case 'service':
    case 'invoke-rc.d':
    case 'rc-service':
      return isUnit(thing) && command.operands[1] !== 'status'
        ? sameUnit(thing, command.operands[0], STATE_ATTRIBUTES)
        : 'no';
    case 'apt':
    case 'apt-get':
    case 'aptitude':
    case 'apt-mark':
    case 'dpkg':
    case 'dnf':
    case 'yum':
    case 'rpm':
    case 'apk':
      return touchOfPackages(thing, command);
    case 'useradd':
    case 'adduser':
    case 'usermod':
    case 'userdel':
    case 'deluser':
    case 'passwd':
    case 'chage':
    case 'chsh':
    case 'chfn':
    case 'gpasswd':
    case 'groupadd':
    case 'addgroup':
    case 'groupdel':
    case 'delgroup':
    case 'groupmod':
      return touchOfAccounts(thing, command);
    case 'sysctl':
      return touchOfSysctl(thing, command);
    case 'hostnamectl':
      return onHost(thing, 'hostname', command.operands, ['set-hostname', 'hostname']);
    case 'timedatectl':
      return onHost(thing, 'timezone', command.operands, ['set-timezone']);
    case 'mount':
    case 'umount':
      if (thing.kind !== 'mount') return 'no';
      return command.operands.includes(thing.name) ? 'did' : 'may';
    case 'docker':
    case 'podman':
      if (thing.kind !== 'container' || CONTAINER_READS.has(command.operands[0] ?? '')) return 'no';
      return command.rest.includes(thing.name) ? 'did' : 'may';
    default:
      return undefined;
  }
}

const CONTAINER_READS: ReadonlySet<string> = new Set(
  'ps ls logs inspect images stats top port diff version info events search history'.split(' '),
);

const STATE_ATTRIBUTES = /^(?:state\.(?!enabled|load)|since|restarts|\*$)/;
const ENABLED_ATTRIBUTES = /^(?:state\.(?:enabled|load)|\*$)/;
const DEFINED_ATTRIBUTES = /^(?!state\.enabled)/;
const VERBS: Readonly<Record<string, readonly RegExp[]>> = {
  start: [STATE_ATTRIBUTES],
  stop: [STATE_ATTRIBUTES],
  restart: [STATE_ATTRIBUTES],
  'try-restart': [STATE_ATTRIBUTES],
  'reload-or-restart': [STATE_ATTRIBUTES],
  kill: [STATE_ATTRIBUTES],
  'reset-failed': [STATE_ATTRIBUTES],
  enable: [ENABLED_ATTRIBUTES],
  disable: [ENABLED_ATTRIBUTES],
  reenable: [ENABLED_ATTRIBUTES],
  preset: [ENABLED_ATTRIBUTES],
  mask: [ENABLED_ATTRIBUTES],
  unmask: [ENABLED_ATTRIBUTES],
  link: [ENABLED_ATTRIBUTES],
  edit: [DEFINED_ATTRIBUTES],
  'set-property': [DEFINED_ATTRIBUTES],
  revert: [DEFINED_ATTRIBUTES],
};

function touchOfSystemctl(thing: Thing, { operands, options }: Command): Touch {
  const [verb = '', ...units] = operands;
  if (!isUnit(thing) || options.includes('--user')) return 'no';
  if (verb === 'daemon-reload' || verb === 'isolate') return 'may';
  const own = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (own === undefined) return 'no';
  const isNow = options.includes('--now');
  const attributes = isNow ? [...own, STATE_ATTRIBUTES] : own;
  return units.reduce<Touch>(
    (touched, unit) =>
      attributes.reduce<Touch>((so, each) => most(so, sameUnit(thing, unit, each)), touched),
    'no',
  );
}

function sameUnit(
  { name, attribute, kind }: Thing,
  unit: string | undefined,
  about: RegExp,
): Touch {
  if (unit === undefined) return 'no';
  const whole = /\.[a-z]+$/.test(unit) ? unit : `${unit}.${kind === 'timer' ? 'timer' : 'service'}`;
  if (/[*?[]/.test(unit)) return 'may';
  return whole === name && about.test(attribute) ? 'did' : 'no';
}

const PACKAGE_VERBS: ReadonlySet<string> = new Set(
  'install remove purge reinstall add del erase upgrade update downgrade hold unhold'.split(' '),
);
const WIDE_VERBS: ReadonlySet<string> = new Set(
  'upgrade dist-upgrade full-upgrade autoremove autopurge distro-sync update'.split(' '),
);

function touchOfPackages(thing: Thing, { program, operands, options }: Command): Touch {
  if (thing.kind !== 'package') return 'may';
  if (
    options.some(
      (option) => /^-[a-z]*s$/.test(option) || option === '-d' || option === '--download-only',
    )
  )
    return 'no';
  let names = operands;
  if (program === 'dpkg' || program === 'rpm') {
    const changes = options.some((option) =>
      /^(?:-[irPUFe][a-z]*|--install|--remove|--purge|--unpack|--configure|--upgrade|--erase|--set-selections)$/.test(
        option,
      ),
    );
    if (!changes) return 'no';
  } else {
    const [verb = '', ...rest] = operands;
    if (rest.length === 0 && WIDE_VERBS.has(verb)) return 'may';
    if (!PACKAGE_VERBS.has(verb)) return WIDE_VERBS.has(verb) ? 'may' : 'no';
    const isHold = verb === 'hold' || verb === 'unhold';
    if (isHold !== (thing.attribute === 'held') && thing.attribute !== '*') return 'no';
    names = rest;
  }
  return names.some((word) => packageNamed(word) === thing.name.split(':', 1)[0]) ? 'did' : 'may';
}

/** `lab-tool=1.1`, `lab-tool:amd64`, `./lab-tool_1.1_all.deb`, `lab-tool-`. */
function packageNamed(word: string): string {
  if (/\.(?:deb|rpm|apk)$/.test(word)) return baseName(word).split('_', 1)[0] ?? '';
  return (word.split(/[=:/<>~]/, 1)[0] ?? '').replace(/[+-]$/, '');
}

function touchOfAccounts(
  { kind, name }: Thing,
  { program, operands, rest, options }: Command,
): Touch {
  if (kind !== 'user' && kind !== 'group') return 'no';
  if (
    options.some(
      (option) =>
        option === '-S' || option === '--status' || option === '-l' || option === '--list',
    )
  )
    return program === 'passwd' && options.includes('-l') && operands.at(-1) === name
      ? 'did'
      : 'no';
  if (operands.at(-1) === name) return 'did';
  const isBoth = /^(?:gpasswd|adduser|deluser|usermod|useradd)$/.test(program);
  const lists = rest.flatMap((word) => word.split(','));
  return isBoth && lists.includes(name)
    ? program === 'gpasswd' || kind === 'group'
      ? 'did'
      : 'may'
    : 'no';
}

function touchOfSysctl(thing: Thing, { operands, options }: Command): Touch {
  if (thing.kind !== 'kernel_parameter') return 'no';
  if (options.some((option) => /^-[a-z]*p/.test(option) || option === '--system')) return 'may';
  return operands.some(
    (word) => word.includes('=') && word.split('=', 1)[0]?.replaceAll('/', '.') === thing.name,
  )
    ? 'did'
    : 'no';
}

function onHost(
  thing: Thing,
  attribute: string,
  operands: readonly string[],
  verbs: readonly string[],
): Touch {
  if (thing.kind !== 'host' || thing.attribute !== attribute) return 'no';
  return verbs.includes(operands[0] ?? '') && operands.length > 1 ? 'did' : 'no';
}
