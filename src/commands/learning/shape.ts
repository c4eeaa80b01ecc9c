/**
 * The shape of a refused command, as the grammar sees it: program, verb, names of options, and of every
 * value only what kind of thing it is. No value is in it; what could hide one has no shape at all.
 */
import { parseAddress } from '#base/address';
import type { CommandCode, CommandEntry } from '../entry.ts';
import { type Opening, readOpening } from '../fit.ts';
import type { Judge } from '../judge.ts';
import type { Known, KnownForm, KnownItem, Program } from '../programs.ts';

export const VALUE_SHAPES = ['number', 'path', 'host', 'unit', 'word', 'text'] as const;
export type ValueShape = (typeof VALUE_SHAPES)[number];

export type ShapeWord =
  | {
      readonly option: string;
      readonly value: ValueShape | null;
      /** Given as `--name=value`. */
      readonly glued: boolean;
      /** Stands before the verb is complete. */
      readonly early: boolean;
    }
  | { readonly operand: ValueShape };

export type Shape = {
  readonly program: string;
  readonly code: CommandCode;
  readonly style: CommandEntry['style'];
  readonly verb: readonly string[];
  readonly words: readonly ShapeWord[];
};

/** Refusals of what is not known, or not in this form. All others stay refused whatever an entry says. */
export const SHAPED_CODES: ReadonlySet<CommandCode> = new Set([
  'unknown-program',
  'unknown-form',
  'unknown-option',
  'bad-value',
  'too-many',
  'missing',
]);

const MOST_WORDS = 24;
const PROGRAM = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,39}$/;
const DIRECTORY = /^\/(?:usr\/local\/|usr\/)?s?bin\//;
const VERB = /^[a-z][a-z-]{1,23}$/;
/** A short one has no place for a value behind it: `-tulpn` is a name, `-pHunter2` may be none. */
const OPTION = /^(?:-[A-Za-z]|-[a-z]{2,8}|--[a-z][a-z-]{0,39})$/;

/** `null`: it has none that an entry could have, or one that could give away a value. */
export function shapeOf(judge: Judge, argv: readonly string[], code: CommandCode): Shape | null {
  const [given = '', ...rest] = argv;
  const program = given.replace(DIRECTORY, '');
  if (!SHAPED_CODES.has(code) || rest.length > MOST_WORDS || !PROGRAM.test(program)) return null;
  const known = judge.programs.get(program);
  if (known !== undefined) return shapeOfKnown(known, argv, code);
  const style = rest.some((word) => /^--[^=]+=/.test(word)) ? 'getopt' : 'words';
  const [first = ''] = rest;
  const verb = VERB.test(first) ? [first] : [];
  const words = new Reader(rest.slice(verb.length), style, () => undefined, true).read();
  return words === null ? null : { program, code, style, verb, words };
}

function shapeOfKnown(program: Program, argv: readonly string[], code: CommandCode): Shape | null {
  const [item] = program.items;
  if (item === undefined) return null;
  const { style } = item.entry;
  const operands = operandsOf(argv, program);
  const form = formOf(program, operands, namesIn(argv));
  let verb = form === null ? [] : operands.slice(0, form.form.verb.length);
  const takesMore = form !== null && form.form.operands.length > 0;
  if (code === 'unknown-form' && !takesMore) {
    const next = operands[verb.length] ?? '';
    if (!VERB.test(next)) return null;
    verb = [...verb, next];
  }
  const table = (name: string): Known | undefined =>
    form?.options.byName.get(name) ?? optionsBefore(program).get(name);
  const words = new Reader(argv.slice(1), style, table, false, verb).read();
  return words === null ? null : { program: program.name, code, style, verb, words };
}

/** The form with the longest verb, of class read where there is one, that knows the most of the options. */
export function formOf(
  program: Program,
  verb: readonly string[],
  options: readonly string[],
): KnownForm | null {
  const matching = program.items
    .flatMap(({ forms }) => forms)
    .filter(({ form }) => form.verb.every((word, i) => word.includes(verb[i] ?? ' ')));
  const longest = Math.max(0, ...matching.map(({ form }) => form.verb.length));
  const all = matching.filter(({ form }) => form.verb.length === longest);
  const knows = (each: KnownForm): number =>
    options.filter((name) => each.options.byName.has(name)).length;
  const ranked = all.toSorted((a, b) => knows(b) - knows(a));
  return ranked.find(({ form }) => form.class === 'read') ?? ranked[0] ?? null;
}

/** What may be the name of an option, a cluster taken apart. */
function namesIn(argv: readonly string[]): readonly string[] {
  return argv.flatMap((word) => {
    if (!word.startsWith('-')) return [];
    const name = word.split('=')[0] as string;
    return word.startsWith('--')
      ? [name]
      : [name, ...(word.match(/[!-~]/g) ?? []).map((one) => `-${one}`)];
  });
}

function optionsBefore(program: Program): ReadonlyMap<string, Known> {
  return new Map(program.items.flatMap(({ options }) => [...options.byName]));
}

/** As the judge finds them; past what it does not know, as well as can be told. */
function operandsOf(argv: readonly string[], program: Program): readonly string[] {
  const openings = program.items.map(
    (item: KnownItem): Opening => readOpening(item, argv, program.longestVerb + 1),
  );
  const [found] = openings.toSorted((a, b) => b.words.length - a.words.length);
  if (found !== undefined && found.words.length > 0) return found.words;
  return argv.slice(1).filter((word) => !word.startsWith('-'));
}

class Reader {
  readonly #argv: readonly string[];
  readonly #style: CommandEntry['style'];
  readonly #table: (name: string) => Known | undefined;
  readonly #isAdjacent: boolean;
  readonly #verb: readonly string[];
  readonly #words: ShapeWord[] = [];
  #at = 0;
  #verbs = 0;

  /** `isAdjacent`: nothing is known, so what follows an option counts as its value. */
  constructor(
    argv: readonly string[],
    style: CommandEntry['style'],
    table: (name: string) => Known | undefined,
    isAdjacent: boolean,
    verb: readonly string[] = [],
  ) {
    this.#argv = argv;
    this.#style = style;
    this.#table = table;
    this.#isAdjacent = isAdjacent;
    this.#verb = verb;
  }

  read(): readonly ShapeWord[] | null {
    for (let word = this.#argv[this.#at]; word !== undefined; word = this.#argv[this.#at]) {
      this.#at += 1;
      const isOption = word.startsWith('-') && word !== '-';
      if (!isOption && this.#verbs < this.#verb.length && word === this.#verb[this.#verbs]) {
        this.#verbs += 1;
        continue;
      }
      if (!isOption && this.#table(word) === undefined) {
        this.#words.push({ operand: valueShape(word) });
        continue;
      }
      if (!this.#option(word)) return null;
    }
    return this.#verbs === this.#verb.length ? this.#words : null;
  }

  #option(word: string): boolean {
    const equals = this.#style === 'getopt' && word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals === -1 ? word : word.slice(0, equals);
    const known = this.#table(name);
    if (known === undefined)
      return this.#unknown(name, equals === -1 ? null : word.slice(equals + 1));
    if (known.spec.rest) return false;
    if (known.kind === null) return equals === -1 && this.#push(name, null, false);
    if (equals !== -1) return this.#push(name, word.slice(equals + 1), true);
    return known.spec.optional
      ? this.#push(name, null, false)
      : this.#push(name, this.#next(), false);
  }

  #unknown(name: string, value: string | null): boolean {
    if (this.#cluster(name)) return true;
    if (!OPTION.test(name)) return false;
    const isShort = /^-[A-Za-z]$/.test(name);
    const mayTake = this.#isAdjacent && (this.#style === 'words' || isShort);
    const next = this.#argv[this.#at];
    const takes = value === null && mayTake && next !== undefined && !next.startsWith('-');
    return this.#push(name, value ?? (takes ? this.#next() : null), value !== null);
  }

  /** `-xvalue` and `-xyz` of options that are known; one that is not among them leaves it in the dark. */
  #cluster(word: string): boolean {
    if (this.#style !== 'getopt' || this.#isAdjacent || word.startsWith('--') || word.length < 3)
      return false;
    const before = this.#words.length;
    for (let i = 1; i < word.length; i += 1) {
      const name = `-${word[i] as string}`;
      const known = this.#table(name);
      if (known === undefined || known.spec.rest) {
        this.#words.length = before;
        return false;
      }
      if (known.kind === null) this.#push(name, null, false);
      else return this.#push(name, word.slice(i + 1) || this.#next(), false);
    }
    return true;
  }

  #next(): string | null {
    const word = this.#argv[this.#at];
    this.#at += 1;
    return word ?? null;
  }

  #push(option: string, value: string | null, glued: boolean): boolean {
    const early = this.#verbs < this.#verb.length;
    const shape = value === null ? null : valueShape(value);
    this.#words.push({ option, value: shape, glued, early });
    return true;
  }
}

const UNIT =
  /^[A-Za-z0-9:_.\\@-]+\.(?:service|socket|timer|mount|automount|target|path|slice|scope|swap)$/;
const DOMAIN = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

/** A name with dots counts as a host: that is the narrower guess. */
export function valueShape(word: string): ValueShape {
  if (/^[0-9]{1,15}$/.test(word)) return 'number';
  if (UNIT.test(word)) return 'unit';
  if (parseAddress(word) !== null) return 'host';
  if (/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(word)) return 'word';
  if (
    /^(?:\.{0,2}\/)?[A-Za-z0-9_.@%+,-]+(?:\/[A-Za-z0-9_.@%+,-]+)*\/?$/.test(word) &&
    word.includes('/')
  )
    return 'path';
  if (word === '/') return 'path';
  return DOMAIN.test(word) && word.includes('.') ? 'host' : 'text';
}

/** `foo status --all -n <number> <path>`: for people, and never to be run. */
export function showShape({ program, verb, words }: Shape): string {
  const told = words.map((word) => {
    if ('operand' in word) return `<${word.operand}>`;
    if (word.value === null) return word.option;
    return `${word.option}${word.glued ? '=' : ' '}<${word.value}>`;
  });
  return [program, ...verb, ...told].join(' ');
}
