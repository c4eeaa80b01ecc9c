/** Commands of hosts: what one would do, which are known, and running what only reads. */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { ChangeView } from '#execution';
import type { Desk } from '../desk.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Analyst } from '../program.ts';
import { renderAnything } from '../render/anything.ts';
import { renderChange } from '../render/change.ts';
import { renderAnalysis, renderEntry, renderFamilies, renderFound } from '../render/commands.ts';
import { exitOf } from './change.ts';
import { learning } from './learning.ts';
import { linesOf } from './lines.ts';
import { type CommandSpec, type GroupSpec, given, type OptionSpec, type Options } from './spec.ts';

const LINE: OptionSpec = {
  flags: '--line <line>',
  about: 'the command as one line, split strictly: quotes work, nothing is expanded',
};

export const run: CommandSpec = {
  usage: 'run <target> [words...]',
  summary: 'run a command on a target when it only reads; propose it as a change when it does not',
  more: `Words come after --. The output is what the target said, cleaned and without secrets; its exit status is this command's where it only read.
What is not known at all becomes a T3 change here, by your own hand; secrets, devices and other people's hosts never do.`,
  examples: [
    'run web-1 -- systemctl status nginx',
    "run web-1 --line 'df -h /var'",
    "run web-1 --reason 'the cache is stale' -- systemctl restart unbound",
  ],
  options: [
    LINE,
    { flags: '--reason <reason>', about: 'why; needed where it changes something' },
    { flags: '--seconds <n>', about: 'time limit of a look; default 60', read: 'whole number' },
    { flags: '--idempotency-key <key>', about: 'the same key answers with the same change' },
  ],
  async run(desk, [target = '', ...words], options) {
    const answer = (await desk.ask('run_command', {
      target,
      ...questionOf(flat(words), options),
      ...given(options, 'reason', 'seconds', 'idempotencyKey'),
    })) as Ran | ChangeView;
    if ('changeId' in answer) {
      desk.show(answer, renderChange);
      return exitOf(answer);
    }
    if (desk.json) desk.show(answer, renderAnything);
    else {
      if (answer.stdout !== '') desk.raw(answer.stdout);
      if (answer.stderr !== '') desk.raw(answer.stderr.trimEnd(), 'stderr');
      if (answer.truncated) desk.io.stderr('holdfast: the output was cut\n');
    }
    return answer.exit ?? EXIT_CODES.unavailable;
  },
};

type Ran = {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
};

export const analyze: CommandSpec = {
  usage: 'analyze [words...]',
  summary: 'tell what a command would do, without running it; needs no data directory',
  more: `Words come after --, or give --line. With --jsonl, reads lines {"id": …, "line": …} (or "argv") and writes {"id", "class", "tier", …}.
The answer is that for an assistant: an operator's own holdfast run lifts what is unknown to T3.`,
  examples: [
    'analyze -- journalctl -u nginx --since today',
    'analyze --json --line \'find /var/log -name "*.gz" -delete\'',
    'analyze --jsonl --networks 10.0.0.0/8,192.168.0.0/16 < commands.jsonl',
  ],
  options: [
    LINE,
    { flags: '--jsonl', about: 'JSON lines in, JSON lines out' },
    {
      flags: '--networks <list>',
      about: 'blocks, addresses and names that count as ours; default: what the inventory names',
      read: 'list',
    },
  ],
  async run(desk, words, options) {
    const networks = (options['networks'] as readonly string[] | undefined) ?? [];
    const analyst = await desk.commands.analyst(desk.home, networks);
    if (options['jsonl'] === true) {
      await everyLine(desk, analyst);
      return;
    }
    const { argv, line } = questionOf(flat(words), options);
    const analysis = analyst.analyse(argv === undefined ? { line: line ?? '' } : { argv });
    desk.show(analysis, renderAnalysis);
  },
};

async function everyLine(desk: Desk, analyst: Analyst): Promise<void> {
  let number = 0;
  for await (const lines of linesOf(desk.io.stdin)) {
    let out = '';
    for (const text of lines) {
      number++;
      if (text.trim() !== '') out += `${JSON.stringify(answerTo(text, number, analyst))}\n`;
    }
    if (out !== '') desk.io.stdout(out);
  }
}

function answerTo(text: string, number: number, analyst: Analyst): Json {
  let asked: { readonly id?: Json; readonly line?: Json; readonly argv?: Json } | null;
  try {
    asked = JSON.parse(text) as typeof asked;
  } catch {
    asked = null;
  }
  const { id = null, line, argv } = asked ?? {};
  if (typeof line === 'string') return { id, ...analyst.analyse({ line }) } as unknown as Json;
  if (Array.isArray(argv) && argv.every((word) => typeof word === 'string'))
    return { id, ...analyst.analyse({ argv }) } as unknown as Json;
  throw new Fault(
    'invalid',
    'invalid-input',
    `line ${number} is not understood: give {"id": …, "line": "…"} or {"id": …, "argv": […]} on each line`,
  );
}

function flat(words: readonly unknown[]): readonly string[] {
  return words.flat().filter((word) => typeof word === 'string');
}

function questionOf(
  words: readonly string[],
  options: Options,
): { readonly argv?: string[]; readonly line?: string } {
  const line = options['line'];
  if (words.length > 0 === (typeof line === 'string'))
    throw new Fault(
      'invalid',
      'invalid-input',
      'give the command once: its words after --, or one text with --line',
    );
  return typeof line === 'string' ? { line } : { argv: [...words] };
}

export const catalogue: GroupSpec = {
  usage: 'catalogue',
  summary: 'the commands that are known, by families',
  commands: [
    {
      usage: 'list',
      summary: 'list the families and their programs',
      examples: ['catalogue list', 'catalogue list --json'],
      options: [],
      async run(desk) {
        const analyst = await desk.commands.analyst(desk.home, []);
        desk.show(analyst.families(), renderFamilies);
      },
    },
    {
      usage: 'find <query>',
      summary: 'find commands by what they are for',
      examples: ["catalogue find 'open ports'", 'catalogue find disk'],
      options: [],
      async run(desk, [query = '']) {
        const analyst = await desk.commands.analyst(desk.home, []);
        desk.show(analyst.find(query), renderFound);
      },
    },
    {
      usage: 'show <program>',
      summary: 'show everything that is known of a program: forms, options, values, examples',
      examples: ['catalogue show journalctl'],
      options: [],
      async run(desk, [program = '']) {
        const analyst = await desk.commands.analyst(desk.home, []);
        desk.show(analyst.show(program), renderEntry);
      },
    },
    ...learning,
  ],
};
