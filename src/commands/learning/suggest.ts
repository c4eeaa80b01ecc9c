/**
 * From what was refused to what a person may look at. A suggestion says that something is asked for again
 * and again, and how the smallest entry for it would read. It admits nothing: how often it was asked
 * moves its place in the list, and never its class or tier.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { nearest } from '#base/nearest';
import { formatInstant, type Instant } from '#base/time';
import { readExamples } from '../find-commands.ts';
import type { Judge } from '../judge.ts';
import { draftEntry } from './draft.ts';
import { type Shape, showShape } from './shape.ts';
import type { Learnt } from './tally.ts';

export const SUGGESTED_AFTER = { blocks: 5, hours: 24, sessionsOrDays: 2 } as const;
const MICROS_PER_HOUR = 3_600_000_000;

export type CommandSuggestion = {
  readonly id: string;
  readonly command: string;
  readonly program: string;
  readonly code: string;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly sessions: number;
  readonly people: number;
  readonly targets: number;
  readonly days: number;
  readonly samples: readonly string[];
  /** The smallest entry that admits it. */
  readonly yaml: string;
  readonly why: string;
  readonly unknown: readonly string[];
  /** Commands of the entries there are, near to it. */
  readonly similar: readonly string[];
};

/** Like `foo-3f2a9c1d04`: the name of its file, too. */
export function idOfShape(shape: Shape): string {
  const name = shape.program
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${name.slice(0, 40) || 'command'}-${sha256(canonicalJson(shape as unknown as Json))
    .replace(/^sha256:/, '')
    .slice(0, 10)}`;
}

/** Asked often enough, for long enough, and not in one sitting. */
export function isRipe({ count, firstAt, lastAt, body }: Learnt): boolean {
  const { blocks, hours, sessionsOrDays } = SUGGESTED_AFTER;
  return (
    count >= blocks &&
    lastAt - firstAt >= hours * MICROS_PER_HOUR &&
    (body.sessions.length >= sessionsOrDays || body.days >= sessionsOrDays)
  );
}

/** The most frequent first. */
export function suggestionsFrom(
  rows: readonly Learnt[],
  judge: Judge,
): readonly CommandSuggestion[] {
  return rows
    .filter((row) => isRipe(row) && row.body.noDraft === null)
    .toSorted((a, b) => b.count - a.count || b.lastAt - a.lastAt || (a.id < b.id ? -1 : 1))
    .flatMap((row) => suggestionOf(row, judge) ?? []);
}

/** `null`: the entries in force know it now, or none can be drafted any more. */
export function suggestionOf(row: Learnt, judge: Judge): CommandSuggestion | null {
  const { shape, sessions, people, targets, days, samples } = row.body;
  const draft = draftEntry(judge, shape);
  if ('why' in draft) return null;
  const told: Omit<CommandSuggestion, 'yaml'> = {
    id: row.id,
    command: showShape(shape),
    program: shape.program,
    code: shape.code,
    count: row.count,
    firstAt: row.firstAt,
    lastAt: row.lastAt,
    sessions: sessions.length,
    people: people.length,
    targets: targets.length,
    days,
    samples,
    why: whyOf(row),
    unknown: unknownOf(shape),
    similar: similarTo(shape, judge),
  };
  return { ...told, yaml: `${header(told)}${draft.yaml}` };
}

function whyOf({ count, firstAt, lastAt, body }: Learnt): string {
  const between = `${formatInstant(firstAt)} and ${formatInstant(lastAt)}`;
  return `refused ${count} times between ${between}, in ${body.sessions.length} sessions, on ${body.days} days`;
}

function unknownOf({ code, verb, words }: Shape): readonly string[] {
  const what = [
    code === 'unknown-program'
      ? 'what the program does, and whether it writes, runs others or speaks to other hosts'
      : code === 'unknown-form'
        ? `what ${verb.join(' ')} does`
        : 'what the option does',
  ];
  if (words.some((word) => 'option' in word && word.value !== null))
    what.push('whether the word behind an option is its value');
  if (words.some((word) => valueIn(word) === 'host'))
    what.push('whether a name with dots is a host or a file');
  if (words.some((word) => valueIn(word) === 'path'))
    what.push('whether a path is read, or only named, or written');
  return what;
}

const valueIn = (word: Shape['words'][number]): string | null =>
  'operand' in word ? word.operand : word.value;

const MOST_SIMILAR = 5;

function similarTo({ program }: Shape, judge: Judge): readonly string[] {
  const names = judge.programs.has(program)
    ? [program]
    : nearest(program, judge.programs.keys(), 3);
  return names
    .flatMap((name) =>
      readExamples(judge.programs.get(name)?.items.flatMap(({ entry }) => entry.forms) ?? []),
    )
    .slice(0, MOST_SIMILAR);
}

function header({
  command,
  why,
  unknown,
  similar,
  program,
}: Omit<CommandSuggestion, 'yaml'>): string {
  const says = [
    `Suggested: ${command}`,
    `Because it was ${why}.`,
    'It does nothing where it lies. Often asked says nothing of what it does.',
    ...unknown.map((each) => `Not known: ${each}.`),
    ...(similar.length === 0 ? [] : [`Known already: ${similar.join(' | ')}`]),
    `Everything is class write (T2) until you say otherwise. Before any class: read, check with man ${program}:`,
    'it writes nothing, runs nothing else, ends by itself, reads no secrets or devices, sends nothing outward,',
    'whatever the values are that its types admit. Then correct summary, means, types and classes.',
  ];
  return says
    .map((line) => `# ${line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 400)}\n`)
    .join('');
}
