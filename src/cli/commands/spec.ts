/** The form in which commands are written down; `tree.ts` makes a parser of them. */
import type { Desk } from '../desk.ts';

type OptionValue = string | number | boolean | readonly string[] | undefined;
export type Options = Readonly<Record<string, OptionValue>>;

export type OptionSpec = {
  /** Like `--limit <n>`. */
  readonly flags: string;
  readonly about: string;
  readonly choices?: readonly string[];
  /** `list`: comma separated; `repeated`: given once for each, whatever is in it. */
  readonly read?: 'whole number' | 'port' | 'list' | 'repeated';
  readonly mandatory?: true;
};

export type CommandSpec = {
  /** Like `history <entity> [attribute]`. */
  readonly usage: string;
  /** Like `show what is true, or was`. */
  readonly summary: string;
  /** What the summary leaves open. */
  readonly more?: string;
  readonly examples: readonly string[];
  readonly options?: readonly OptionSpec[];
  /** All values of the first argument; completion offers them. */
  readonly argumentChoices?: readonly string[];
  /** Commands that stand behind its name: `drift`, and `drift watch`. */
  readonly within?: readonly CommandSpec[];
  /** The exit code; nothing is 0. */
  run(desk: Desk, words: readonly (string | undefined)[], options: Options): Promise<number | void>;
};

export type GroupSpec = {
  readonly usage: string;
  readonly summary: string;
  readonly commands: readonly CommandSpec[];
};

export type Chapter = {
  readonly title: string;
  readonly commands: readonly (CommandSpec | GroupSpec)[];
};

export const TARGET: OptionSpec = { flags: '--target <target>', about: 'of this target only' };
export const KIND: OptionSpec = {
  flags: '--kind <kind>',
  about: 'entities of this kind, like package, user, port',
};
export const SOURCE: OptionSpec = { flags: '--source <source>', about: 'as this source saw it' };
export const SCOPE: OptionSpec = {
  flags: '--scope <scope>',
  about: 'org/site; default: all you may see',
};
export const TYPE: OptionSpec = {
  flags: '--type <type>',
  about: 'type of fact; default observed',
  choices: ['observed', 'desired', 'drift', 'known_good'],
};
export const LIMIT: OptionSpec = {
  flags: '--limit <n>',
  about: 'rows per page; default 100, at most 1000',
  read: 'whole number',
};
export const CURSOR: OptionSpec = {
  flags: '--cursor <cursor>',
  about: 'next page, as the page before said',
};

export const AS_OF: OptionSpec = {
  flags: '--as-of <time>',
  about: "when it was true: RFC 3339, '15m ago', -15m, yesterday, 2026-01-31",
};
export const KNOWN_AT: OptionSpec = {
  flags: '--known-at <time>',
  about: 'as believed then; default: everything recorded',
};

/** Only the options that were given, under the operation's names. */
export function given(
  options: Options,
  ...names: readonly string[]
): Record<string, string | number | boolean | readonly string[]> {
  const kept: Record<string, string | number | boolean | readonly string[]> = {};
  for (const name of names) {
    const value = options[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** The moments among the options, as RFC 3339. */
export function moments(
  desk: Desk,
  options: Options,
  ...names: readonly string[]
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = options[name];
    if (typeof value === 'string') kept[name] = desk.moment(value);
  }
  return kept;
}
