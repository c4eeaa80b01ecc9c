/** One command from its words to its exit code. */
import { type Command, CommanderError } from 'commander';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { CommandSpec } from './commands/spec.ts';
import { Desk, widthOfTerminal } from './desk.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { commandAlone } from './one-command.ts';
import { type Output, parserOf, type Run } from './parser.ts';
import type { Commands, Io } from './program.ts';
import { oneLine } from './text/paper.ts';
import { safeJson } from './text/words.ts';

/** Faults that say a record does not hold, whatever their kind. */
const UNVERIFIED: ReadonlySet<string> = new Set([
  'log-cut',
  'log-rewritten',
  'log-damaged',
  'log-other',
  'log-head-missing',
  'log-head-behind',
  'log-key-missing',
  'log-checkpoint-wrong',
  'store-damaged',
  'backup-unsound',
]);

export type CliRun = {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly io: Io;
  readonly commands: Commands;
};

/** Never throws; the answer is the exit code. */
export async function runCli({ argv, io, commands }: CliRun): Promise<number> {
  let exit: number = EXIT_CODES.ok;
  try {
    const columns = Math.min(io.isTerminal.stdout ? widthOfTerminal(io.columns) : 100, 120);
    const tree = await parserFor(
      argv,
      async (spec, words, options, globals) => {
        const desk = new Desk(io, commands, globals, askedOf(argv));
        exit = (await spec.run(desk, words, options)) ?? EXIT_CODES.ok;
      },
      { out: io.stdout, err: io.stderr, columns },
    );
    if (argv.length === 0) tree.outputHelp();
    else await tree.parseAsync(await wordsOf(argv), { from: 'user' });
    return exit;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT_CODES.ok;
    return report(
      thrown instanceof CommanderError ? await usageFault(thrown, argv) : faultOf(thrown),
      argv,
      io,
      thrown,
    );
  }
}

/** Knows one command where that is enough. */
async function parserFor(argv: readonly string[], run: Run, output: Output): Promise<Command> {
  const alone: CommandSpec | undefined = await commandAlone(argv);
  if (alone !== undefined)
    return parserOf([{ title: 'Commands:', commands: [alone] }], run, output);
  return (await import('./tree.ts')).commandTree(run, output);
}

/** The words as the parser takes them: it would answer help of an unknown command with all help there is. */
async function wordsOf([first, ...rest]: readonly string[]): Promise<string[]> {
  if (first === '--version') return ['version', ...rest];
  const asked = rest.filter((word) => !word.startsWith('-'));
  if (first !== 'help' || asked.length === 0) return [first ?? '', ...rest];
  const named = (await commandNamed(asked)).trim();
  return named === asked.join(' ') ? [...asked, '--help'] : asked;
}

function report(fault: Fault, argv: readonly string[], io: Io, thrown: unknown): number {
  if (fault.code === 'help') return EXIT_CODES.invalid;
  const { kind, code, message, facts } = fault;
  if (argv.includes('--json') || argv.includes('--pretty')) {
    io.stderr(
      `${safeJson({ error: { kind, code, message, facts } as Json }, argv.includes('--pretty'))}\n`,
    );
  } else {
    io.stderr(`holdfast: ${oneLine(code)}: ${oneLine(message)}\n`);
    if (kind === 'broken' && io.env['HOLDFAST_DEBUG'] && thrown instanceof Error)
      io.stderr(
        `${safeJson(String(thrown.cause instanceof Error ? thrown.cause.stack : thrown.stack), false)}\n`,
      );
  }
  return UNVERIFIED.has(code) ? EXIT_CODES.unverified : EXIT_CODES[kind];
}

/** What the system says of a file that is not as it must be, in words; anything else thrown is a bug. */
const SYSTEM_SAYS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the filesystem is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is no directory',
  ENOENT: 'there is no such file or directory, and it cannot be made',
  EMFILE: 'too many files are open',
  EIO: 'the disk cannot be read or written',
};

function faultOf(thrown: unknown): Fault {
  const { code, path } = (thrown ?? {}) as { readonly code?: unknown; readonly path?: unknown };
  const says = typeof code === 'string' ? SYSTEM_SAYS[code] : undefined;
  if (thrown instanceof Fault || says === undefined || typeof path !== 'string')
    return asFault(thrown);
  return new Fault(
    'unavailable',
    'path-unusable',
    `a file or directory cannot be used: ${path}: ${says}. Mend that, or give another data directory with --home`,
    { cause: thrown },
  );
}

async function usageFault(error: CommanderError, argv: readonly string[]): Promise<Fault> {
  if (error.code === 'commander.help') return new Fault('invalid', 'help', 'help was shown');
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const hint = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  const said = hint === '' ? first : `${first}. ${hint}`;
  return new Fault(
    'invalid',
    'usage',
    `${said.replace(/[.]$/, '')}${said.endsWith('?') ? '' : '.'} See: holdfast ${await commandNamed(argv)}--help`,
  );
}

/** The command that these words name, as far as they name one: where its help is. */
async function commandNamed(argv: readonly string[]): Promise<string> {
  const { CHAPTERS } = await import('./tree.ts');
  const words = argv.filter((word, i) => !word.startsWith('-') && (i > 0 || word !== 'help'));
  for (const { commands } of CHAPTERS) {
    const found = commands.find(({ usage }) => usage.split(' ', 1)[0] === words[0]);
    if (found === undefined) continue;
    const leaf =
      'commands' in found &&
      found.commands.find(({ usage }) => usage.split(' ', 1)[0] === words[1]);
    return leaf ? `${words[0]} ${words[1]} ` : `${words[0]} `;
  }
  return '';
}

/** The words of this command as they may be typed again, without a cursor. */
function askedOf(argv: readonly string[]): string {
  const kept: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--cursor' || word === '--before') i++;
    else if (!word.startsWith('--cursor=') && !word.startsWith('--before='))
      kept.push(quoted(word));
  }
  return kept.join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
