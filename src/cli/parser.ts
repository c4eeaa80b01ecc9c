/** The parser made of commands as they are written down. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { Fault } from '#base/fault';
import type { Chapter, CommandSpec, GroupSpec, OptionSpec, Options } from './commands/spec.ts';
import type { Globals } from './desk.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--home <directory>', about: 'data directory; default HOLDFAST_HOME, then ~/.holdfast' },
  { flags: '--json', about: "print the operation's object as one line of JSON" },
  { flags: '--pretty', about: 'the same, indented' },
];

export type Run = (
  spec: CommandSpec,
  words: readonly (string | undefined)[],
  options: Options,
  globals: Globals,
) => Promise<void>;

export type Output = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number;
};

/** The parser of all commands of these chapters. */
export function parserOf(chapters: readonly Chapter[], run: Run, output: Output): Command {
  const root = new Command('holdfast')
    .description('See what is true of your machines, now and at any moment, and prove it.')
    .usage('<command> [options]')
    .addHelpText(
      'after',
      `
Errors go to standard error as "holdfast: <code>: <message>", with --json as {"error": {kind, code, message, facts}}.
Standard output then stays empty.

${EXIT_CODES_HELP}

Examples:
  $ holdfast up --once
  $ holdfast query 'package:*/openssl' --json
  $ holdfast diff --from yesterday
  $ holdfast help query`,
    );
  for (const option of GLOBAL_OPTIONS) root.addOption(optionOf(option));
  settle(root, output);
  for (const { title, commands } of chapters) {
    for (const spec of commands) {
      const command = 'commands' in spec ? groupOf(spec, run, output) : leafOf(spec, run, output);
      root.addCommand(command.helpGroup(title));
    }
  }
  root.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .description('show help of a command')
      .helpGroup('Run:'),
  );
  return root;
}

function groupOf(spec: GroupSpec, run: Run, output: Output): Command {
  const group = settle(new Command(spec.usage).description(spec.summary), output);
  for (const each of spec.commands) group.addCommand(leafOf(each, run, output));
  return group;
}

function leafOf(spec: CommandSpec, run: Run, output: Output): Command {
  const [name = '', ...words] = spec.usage.split(' ');
  const command = settle(new Command(name).description(spec.summary), output);
  for (const [i, word] of words.entries()) {
    const argument = new Argument(word);
    if (i === 0 && spec.argumentChoices !== undefined) argument.choices(spec.argumentChoices);
    command.addArgument(argument);
  }
  for (const option of spec.options ?? []) command.addOption(optionOf(option));
  for (const each of spec.within ?? []) command.addCommand(leafOf(each, run, output));
  const examples = spec.examples.map((example) => `  $ holdfast ${example}`).join('\n');
  const more = spec.more === undefined ? '' : `\n${spec.more}\n`;
  command.addHelpText('after', `${more}\nExamples:\n${examples}`);
  return command.action((...given: unknown[]) => {
    const self = given.at(-1) as Command;
    const positional = given.slice(0, -2) as (string | undefined)[];
    // An option that the command around it has too is given to that one; it is meant for this one.
    const all = self.optsWithGlobals<Globals & Record<string, Options[string]>>();
    const names = self.options.map((option) => option.attributeName());
    refuseForeign(self, names);
    const own = Object.fromEntries(names.map((name) => [name, all[name]]));
    return run(spec, positional, own, all);
  });
}

/** What belongs to the command around it, and means nothing here, would be taken and never used. */
function refuseForeign(self: Command, own: readonly string[]): void {
  const around = self.parent;
  if (around === null || around.parent === null) return;
  const foreign = around.options.find((option) => {
    const name = option.attributeName();
    return !own.includes(name) && around.getOptionValueSource(name) === 'cli';
  });
  if (foreign !== undefined)
    throw new Fault(
      'invalid',
      'usage',
      `${around.name()} ${self.name()} takes no ${foreign.long ?? foreign.flags}: see holdfast ${around.name()} ${self.name()} --help`,
    );
}

/** Those of the program: what the command around this one takes is its own. */
function globalOptions(command: Command): Option[] {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return root === command ? [] : [...root.options];
}

function settle(command: Command, { out, err, columns }: Output): Command {
  return command
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions: globalOptions,
      helpWidth: columns,
      subcommandTerm: (each) => each.name(),
    })
    .configureOutput({
      writeOut: out,
      writeErr: err,
      // A parser's error is reported once, with all the others.
      outputError: () => {},
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.about);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.mandatory === true) option.makeOptionMandatory();
  switch (spec.read) {
    case undefined:
      break;
    case 'whole number':
      option.argParser((text) => wholeNumber(text, Number.MAX_SAFE_INTEGER));
      break;
    case 'port':
      option.argParser((text) => wholeNumber(text, 65_535));
      break;
    case 'repeated':
      option.argParser((text, before: readonly string[] | undefined) => [...(before ?? []), text]);
      break;
    case 'list':
      option.argParser((text, before: readonly string[] | undefined) => [
        ...(before ?? []),
        ...text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      ]);
      break;
  }
  return option;
}

function wholeNumber(text: string, most: number): number {
  const number = Number(text);
  if (/^\d{1,16}$/.test(text) && number <= most) return number;
  throw new InvalidArgumentError(
    most === Number.MAX_SAFE_INTEGER
      ? 'Give a whole number.'
      : `Give a whole number up to ${most}.`,
  );
}
