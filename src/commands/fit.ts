/** An argv held against one form: its words taken apart into options and operands, and put together again. */
import { show } from '#base/nearest';
import type { CommandClass, CommandCode, CommandEntry, OptionSpec } from './entry.ts';
import type { Known, KnownForm, KnownItem, OptionTable } from './programs.ts';
import { greater } from './read-entries.ts';
import { MAX_WORDS } from './text.ts';
import { badValue, judgeValue, type Place } from './values.ts';

export type Part = { readonly word: string; readonly means: string };

type Given = {
  readonly option: Known;
  /** As the normal form has it. */
  words: readonly string[];
  readonly value: string | null;
};
type Piece = Given | { readonly operand: string };

export type Taken = {
  readonly form: KnownForm;
  /** The words of the verb, as given. */
  readonly verb: readonly string[];
  /** Options before the verb, that stay there. */
  readonly globals: readonly Given[];
  readonly pieces: readonly Piece[];
  /** Words that are not judged by this form: of `rest`, or an argv that is wrapped. */
  readonly behind: readonly string[];
};

export class Misfit extends Error {
  readonly code: CommandCode;
  constructor(code: CommandCode, because: string) {
    super(because);
    this.code = code;
  }
}

/** The operands an argv begins with when only the entry's own options are known, for finding the verb. */
export type Opening = {
  readonly words: readonly string[];
  /** Where each one ends in the argv, and how many options came before it. */
  readonly ends: readonly number[];
  readonly given: readonly Given[];
  readonly givenBefore: readonly number[];
  readonly endedBefore: readonly boolean[];
};

export function readOpening(item: KnownItem, argv: readonly string[], most: number): Opening {
  const reader = new Words(argv, 1, item.options, item.entry, false);
  const words: string[] = [];
  const ends: number[] = [];
  const givenBefore: number[] = [];
  const endedBefore: boolean[] = [];
  try {
    while (words.length < most) {
      const operand = reader.nextOperand();
      if (operand === null) break;
      words.push(operand);
      ends.push(reader.at);
      givenBefore.push(reader.given.length);
      endedBefore.push(reader.isEnded);
    }
  } catch (thrown) {
    if (!(thrown instanceof Misfit)) throw thrown;
  }
  return { words, ends, given: reader.given, givenBefore, endedBefore };
}

/** Takes the words behind the verb apart. Throws `Misfit`. */
export function takeApart(form: KnownForm, argv: readonly string[], opening: Opening): Taken {
  const { length } = form.form.verb;
  const verb = opening.words.slice(0, length);
  const before = length === 0 ? [] : opening.given.slice(0, opening.givenBefore[length - 1]);
  const start = length === 0 ? 1 : (opening.ends[length - 1] as number);
  const keepsGlobals = form.item.entry.globalFirst;
  const globals = keepsGlobals ? before : [];
  const early = keepsGlobals ? [] : before;
  if (form.form.rest !== null)
    return { form, verb, globals: before, pieces: [], behind: argv.slice(start) };
  const isEnded = length > 0 && opening.endedBefore[length - 1] === true;
  const reader = new Words(argv, start, form.options, form.item.entry, isEnded, early);
  const pieces: Piece[] = [...early];
  const most = form.operands.reduce((sum, { spec }) => sum + spec.max, 0);
  let operands = 0;
  for (;;) {
    const from = reader.given.length;
    const operand = reader.nextOperand();
    pieces.push(...reader.given.slice(from));
    if (operand === null) break;
    if (form.form.wraps && operands === most) {
      // The first word of what is wrapped.
      reader.at -= 1;
      break;
    }
    if (operands === 0 && form.longer.has(operand))
      throw new Misfit('unknown-form', `${show(operand)} cannot stand there: see the examples`);
    pieces.push({ operand });
    operands += 1;
    if (form.stop) reader.isEnded = true;
  }
  return { form, verb, globals, pieces, behind: argv.slice(reader.at) };
}

class Words {
  readonly given: Given[] = [];
  at: number;
  isEnded: boolean;
  readonly #argv: readonly string[];
  readonly #options: OptionTable;
  readonly #style: CommandEntry['style'];
  readonly #isApart: boolean;
  readonly #seen = new Set<OptionSpec>();

  constructor(
    argv: readonly string[],
    at: number,
    options: OptionTable,
    { style, apart }: Pick<CommandEntry, 'style' | 'apart'>,
    isEnded: boolean,
    early: readonly Given[] = [],
  ) {
    this.#argv = argv;
    this.at = at;
    this.#options = options;
    this.#style = style;
    this.#isApart = apart;
    this.isEnded = isEnded;
    for (const { option } of early) this.#seen.add(option.spec);
  }

  /** Takes options up to the next operand; `null` at the end. */
  nextOperand(): string | null {
    for (let word = this.#argv[this.at]; word !== undefined; word = this.#argv[this.at]) {
      this.at += 1;
      if (this.isEnded || word === '-') return word;
      if (this.#style === 'words') {
        const option = this.#options.byName.get(word);
        if (option !== undefined) this.#takeWord(word, option);
        else if (this.#isDigits(word))
          this.#take(this.#options.digits as Known, [word], word.slice(1));
        else if (word.startsWith('-')) throw unknown(word);
        else return word;
      } else if (word === '--') this.isEnded = true;
      else if (word.startsWith('--')) this.#takeLong(word);
      else if (word.startsWith('-')) this.#takeShort(word);
      else return word;
    }
    return null;
  }

  #isDigits(word: string): boolean {
    return this.#options.digits !== null && /^-[0-9]+$/.test(word);
  }

  #takeWord(word: string, option: Known): void {
    const name = canonical(option.spec, word);
    if (option.spec.rest) return this.#takeRest(option, name);
    if (option.kind === null) return this.#take(option, [name], null);
    const next = this.#argv[this.at];
    if (option.spec.optional) {
      const fits =
        next !== undefined &&
        !next.startsWith('-') &&
        !this.#options.byName.has(next) &&
        isOfType(option, next);
      if (!fits) return this.#take(option, [name], null);
    } else if (next === undefined) throw new Misfit('missing', `${word} needs a value: give one`);
    this.at += 1;
    this.#take(option, [name, next as string], next as string);
  }

  #takeLong(word: string): void {
    const equals = word.indexOf('=');
    const name = equals === -1 ? word : word.slice(0, equals);
    const option = this.#options.byName.get(name);
    if (option === undefined) throw unknown(name);
    const first = canonical(option.spec, name);
    if (option.spec.rest) return this.#takeRest(option, equals === -1 ? first : word);
    if (option.kind === null) {
      if (equals !== -1) throw new Misfit('bad-value', `${name} takes no value: leave it out`);
      return this.#take(option, [first], null);
    }
    if (equals !== -1) {
      const value = word.slice(equals + 1);
      return this.#take(option, this.#long(option, first, value), value);
    }
    if (option.spec.optional) return this.#take(option, [first], null);
    const value = this.#argv[this.at];
    if (value === undefined) throw new Misfit('missing', `${name} needs a value: give one`);
    this.at += 1;
    this.#take(option, this.#long(option, first, value), value);
  }

  #long({ spec }: Known, name: string, value: string): readonly string[] {
    return this.#isApart && !spec.optional ? [name, value] : [`${name}=${value}`];
  }

  #takeShort(word: string): void {
    if (this.#isDigits(word)) {
      const digits = this.#options.digits as Known;
      // A digit that is an option by itself (`ls -1`) is that option.
      if (word.length > 2 || !this.#options.byName.has(word))
        return this.#take(digits, [word], word.slice(1));
    }
    for (let j = 1; j < word.length; j += 1) {
      const name = `-${word[j] as string}`;
      const option = this.#options.byName.get(name);
      if (option === undefined) throw unknown(name);
      const first = canonical(option.spec, name);
      if (option.spec.rest) return this.#takeRest(option, first);
      if (option.kind === null) {
        this.#take(option, [first], null);
        continue;
      }
      const glued = word.slice(j + 1);
      if (option.spec.optional)
        return this.#take(option, [`${first}${glued}`], glued === '' ? null : glued);
      const value = glued === '' ? this.#argv[this.at] : glued;
      if (value === undefined) throw new Misfit('missing', `${name} needs a value: give one`);
      if (glued === '') this.at += 1;
      return this.#take(option, [first, value], value);
    }
  }

  #takeRest(option: Known, name: string): void {
    this.#take(option, [name, ...this.#argv.slice(this.at)], null);
    this.at = this.#argv.length;
  }

  #take(option: Known, words: readonly string[], value: string | null): void {
    if (this.#seen.has(option.spec) && !option.spec.many)
      throw new Misfit('too-many', `${words[0]} is given twice: give it once`);
    if (this.given.length >= MAX_WORDS)
      throw new Misfit('too-many', `there are more than ${MAX_WORDS} options: give fewer`);
    this.#seen.add(option.spec);
    this.given.push({ option, words, value });
  }
}

function unknown(name: string): Misfit {
  return new Misfit('unknown-option', `option ${show(name)} is not known: leave it out`);
}

function isOfType({ kind }: Known, word: string): boolean {
  // Optional values of words are closed types: nothing of the surroundings is asked.
  return kind !== null && 'normal' in kind.judge(word, NOWHERE);
}
const NOWHERE = null as unknown as Place;

/** The first name with as many dashes as the one that was given. */
function canonical(spec: OptionSpec, given: string): string {
  const dashes = /^-*/.exec(given)?.[0].length ?? 0;
  return spec.names.find((name) => /^-*/.exec(name)?.[0].length === dashes) ?? given;
}

export type Whole = {
  readonly words: readonly string[];
  readonly class: CommandClass;
  /** What makes it that class, besides the form. */
  readonly by: { readonly code: CommandCode | null; readonly means: string } | null;
  readonly options: readonly OptionSpec[];
  readonly parts: readonly Part[];
};

/** The greatest of the options that were seen, when it is not of class read. */
export function worst(pieces: readonly Given[]): OptionSpec | null {
  let found: OptionSpec | null = null;
  for (const { option } of pieces)
    if (
      option.spec.class !== 'read' &&
      (found === null || greater(option.spec.class, found.class) !== found.class)
    )
      found = option.spec;
  return found;
}

export function givenOf({ globals, pieces }: Taken): readonly Given[] {
  return [...globals, ...pieces.filter((piece): piece is Given => 'option' in piece)];
}

/** Judges counts and values, and writes the words behind the program. Throws `Misfit`. */
export function putTogether(taken: Taken, place: Place): Whole {
  const { form, globals, pieces, behind } = taken;
  const { entry } = form.item;
  const given = pieces.filter((piece): piece is Given => 'option' in piece);
  const operands = pieces.flatMap((piece) => ('operand' in piece ? [piece.operand] : []));
  const adds = form.form.class === 'read' ? [...form.item.adds, ...form.adds] : [];
  // Where an option may be given many times the last one wins (grep's --include and --exclude): a form's own word is it.
  const late = adds.filter(
    (add) => entry.style === 'getopt' && add.option.spec.many && form.adds.includes(add),
  );
  const isLate = (each: Given): boolean =>
    late.some(({ option, words }) => each.option === option && sameWords(each.words, words));
  const all = [...globals, ...given];
  const added = adds.filter(
    (add) =>
      !late.includes(add) &&
      !all.some(
        (each) =>
          each.option === add.option && (!add.option.spec.many || sameWords(each.words, add.words)),
      ),
  );
  const present = new Set([...all, ...added, ...late].map(({ option }) => option));
  for (const names of form.requires)
    if (!names.some((option) => present.has(option)))
      throw new Misfit(
        'missing',
        `one of ${names.map(({ spec }) => spec.names.join(', ')).join(', ')} is needed: add it`,
      );
  for (const option of form.conflicts)
    if (present.has(option))
      throw new Misfit(
        'unknown-form',
        `${option.spec.names[0]} does not go with the rest: leave it out`,
      );

  const parts: Part[] = [];
  let greatest: Whole['by'] & { readonly class: CommandClass } = {
    class: 'read',
    code: null,
    means: '',
  };
  const weigh = (of: CommandClass, code: CommandCode | null, means: string): void => {
    if (greater(of, greatest.class) !== greatest.class) greatest = { class: of, code, means };
  };
  const judgeGiven = (each: Given): readonly string[] => {
    const { spec, kind } = each.option;
    weigh(spec.class, spec.code, `${spec.names[0]} ${spec.means}`);
    parts.push({ word: each.words.join(' '), means: spec.means });
    if (kind === null || each.value === null) return each.words;
    const judged = judgeValue(kind, each.value, place);
    if ('must' in judged)
      throw new Misfit(judged.code, badValue(`the value of ${spec.names[0]}`, judged, each.value));
    weigh(judged.class, judged.code, judged.why);
    const last = each.words[each.words.length - 1] as string;
    return [
      ...each.words.slice(0, -1),
      last.slice(0, last.length - each.value.length) + judged.normal,
    ];
  };

  const globalWords = globals.flatMap(judgeGiven);
  // What changes something is shown and run by the very word that was asked for.
  const verb =
    form.form.class === 'read' ? form.form.verb.map(([first]) => first as string) : taken.verb;
  if (verb.length > 0) parts.push({ word: verb.join(' '), means: form.form.means });
  const slots = slotsOf(form, operands.length);
  let position = 0;
  let hasDash = false;
  const optionWords: string[] = [];
  const operandWords: string[] = [];
  const inOrder: string[] = [];
  for (const piece of pieces) {
    if ('option' in piece) {
      const words = judgeGiven(piece);
      if (isLate(piece)) continue;
      optionWords.push(...words);
      inOrder.push(...words);
      continue;
    }
    const { spec, kind } = slots[position] as KnownForm['operands'][number];
    position += 1;
    const { operand } = piece;
    parts.push({ word: operand, means: spec.name });
    let normal = operand;
    if (!(operand === '-' && spec.stdin)) {
      if (operand.startsWith('-') && !kind.mayBeginWithDash)
        throw new Misfit('bad-value', badValue(`the ${spec.name}`, { must: kind.must }, operand));
      const judged = judgeValue(kind, operand, place);
      if ('must' in judged)
        throw new Misfit(judged.code, badValue(`the ${spec.name}`, judged, operand));
      weigh(judged.class, judged.code, judged.why);
      ({ normal } = judged);
    }
    if (normal.startsWith('-') && normal !== '-') hasDash = true;
    operandWords.push(normal);
    inOrder.push(normal);
  }
  const addedWords = (from: KnownForm['adds']): string[] =>
    added.filter((add) => from.includes(add)).flatMap(({ words }) => words);
  const entryAdds = addedWords(form.item.adds);
  const first = entry.globalFirst
    ? [...entryAdds, ...globalWords, ...verb]
    : [...globalWords, ...verb, ...entryAdds];
  const last =
    entry.style === 'words'
      ? inOrder
      : [
          ...optionWords,
          ...late.flatMap(({ words }) => words),
          ...(hasDash ? ['--'] : []),
          ...operandWords,
        ];
  return {
    words: [...first, ...addedWords(form.adds), ...last, ...(form.form.wraps ? [] : behind)],
    class: greatest.class,
    by: greatest.class === 'read' ? null : greatest,
    options: all.map(({ option }) => option.spec),
    parts,
  };
}

/** Which operand each word is: from left to right, each as many as it may, leaving the least that later ones need. */
function slotsOf(form: KnownForm, count: number): readonly KnownForm['operands'][number][] {
  const { operands } = form;
  let needed = operands.reduce((sum, { spec }) => sum + spec.min, 0);
  const most = operands.reduce((sum, { spec }) => sum + spec.max, 0);
  if (count < needed) {
    const names = operands.filter(({ spec }) => spec.min > 0).map(({ spec }) => spec.name);
    throw new Misfit('missing', `it needs ${names.join(' and ')}: add it`);
  }
  if (count > most)
    throw new Misfit(
      'too-many',
      most === 0
        ? 'it takes no further words: leave them out'
        : `it takes at most ${most} of them: give fewer`,
    );
  const slots: KnownForm['operands'][number][] = [];
  let left = count;
  for (const operand of operands) {
    needed -= operand.spec.min;
    const takes = Math.min(operand.spec.max, left - needed);
    for (let i = 0; i < takes; i += 1) slots.push(operand);
    left -= takes;
  }
  return slots;
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}
