/**
 * What a command would do, decided on its argv. Everything that is not known to only read is
 * something else; what comes out as normal form is what may be shown, signed and run.
 */
import { show } from '#base/nearest';
import type { Tier } from '#model';
import { Reachable } from './address.ts';
import type {
  CommandClass,
  CommandCode,
  CommandEntry,
  Judgement,
  OptionSpec,
  Surroundings,
} from './entry.ts';
import {
  givenOf,
  Misfit,
  type Opening,
  putTogether,
  readOpening,
  type Taken,
  takeApart,
  type Whole,
  worst,
} from './fit.ts';
import { PathGuard } from './paths.ts';
import { type KnownForm, type KnownItem, type Program, Programs } from './programs.ts';
import { greater } from './read-entries.ts';
import { sectionOf } from './sections.ts';
import { MAX_WORDS, wordsObjection } from './text.ts';
import { tokenize } from './tokenize.ts';
import type { Place } from './values.ts';

const DIRECTORIES = /^\/(?:usr\/local\/|usr\/)?s?bin\/([^/]+)$/;
/** What stays refused whoever asks; told first, whatever else does not fit. */
export const HARD_CODES: ReadonlySet<CommandCode> = new Set([
  'secret',
  'device',
  'egress',
  'look-alike',
  'malformed',
]);

export type Judge = {
  readonly programs: ReadonlyMap<string, Program>;
  readonly surroundings: Surroundings;
  readonly judge: (argv: readonly string[]) => Judgement;
  readonly judgeLine: (line: string) => Judgement;
};

/** Prepares all entries; throws `invalid-commands` when they contradict each other. */
export function buildJudge(entries: readonly CommandEntry[], surroundings: Surroundings): Judge {
  const programs = new Programs(entries.map(sectionOf), surroundings.paths);
  programs.check();
  return judgeOver(programs, surroundings);
}

/** Judges over programs that are prepared when they are first asked for. */
export function judgeOver(programs: Programs, surroundings: Surroundings): Judge {
  const place: Place = {
    paths: new PathGuard(surroundings.paths),
    reachable: new Reachable(surroundings.networks, surroundings.hosts),
  };
  const judge = (argv: readonly string[]): Judgement => judgeArgv(argv, programs, place, false);
  return {
    programs,
    surroundings,
    judge,
    judgeLine: (line) => {
      const tokens = tokenize(line);
      if ('argv' in tokens) return judge(tokens.argv);
      const refused = refusal(tokens.code, tokens.because, { class: tokens.class });
      // What needs a shell says so in its words, for a person to read: nothing else would mean the same.
      return tokens.class === 'exec' ? { ...refused, normalForm: ['sh', '-c', line] } : refused;
    },
  };
}

type More = {
  readonly class?: CommandClass;
  readonly entry?: CommandEntry;
  readonly parts?: Judgement['parts'];
};

function refusal(code: CommandCode, because: string, more: More = {}): Judgement {
  const of = more.class ?? 'deny';
  return {
    class: of,
    tier: of === 'deny' ? 'deny' : of === 'exec' ? 'T3' : 'T2',
    code,
    because,
    family: more.entry?.family ?? null,
    entry: more.entry?.program ?? null,
    normalForm: null,
    parts: more.parts ?? [],
  };
}

function judgeArgv(
  argv: readonly string[],
  programs: ReadonlyMap<string, Program>,
  place: Place,
  isWrapped: boolean,
): Judgement {
  const objection = wordsObjection(argv);
  if (objection !== null) return refusal(objection.code, objection.because);
  const given = argv[0] as string;
  const program = programs.get(DIRECTORIES.exec(given)?.[1] ?? given);
  if (program === undefined) return unknownProgram(given);
  const tried: Tried[] = [];
  const openings = new Map(
    program.items.map((item) => [item, readOpening(item, argv, program.longestVerb)]),
  );
  for (const { form, opening } of candidates(program, openings)) {
    let taken: Taken | null = null;
    try {
      taken = takeApart(form, argv, opening);
      const whole = putTogether(taken, place);
      if (!form.form.wraps) {
        if (1 + whole.words.length > MAX_WORDS) throw tooMany();
        const found = settled(program, taken, whole);
        // What a reading form refuses for good is not had by way of a wider one.
        const isSofter = found.class !== 'read' && tried.some(({ misfit }) => isHard(misfit));
        return isSofter ? noneFits(program, tried) : found;
      }
      if (isWrapped)
        return refusal(
          'launches',
          'a command that wraps another stands inside one: give it alone',
          {
            entry: form.item.entry,
          },
        );
      return wrapping(program, taken, whole, judgeArgv(taken.behind, programs, place, true));
    } catch (thrown) {
      if (!(thrown instanceof Misfit)) throw thrown;
      tried.push({ form, misfit: thrown, seen: taken === null ? null : worst(givenOf(taken)) });
    }
  }
  const early = [...openings.values()].map(({ given: each }) => worst(each));
  return noneFits(program, tried, early.find((spec) => spec !== null) ?? null);
}

type Tried = {
  readonly form: KnownForm;
  readonly misfit: Misfit;
  readonly seen: OptionSpec | null;
};

function unknownProgram(given: string): Judgement {
  if (/[^\u0021-\u007e]/.test(given))
    return refusal('look-alike', `the program ${show(given)} is not plain ASCII: type it again`);
  return refusal(
    'unknown-program',
    `no entry knows the program ${show(given)}: see the families for one that answers the same`,
  );
}

/** The forms with the longest verb that matches, in order, each with how the argv begins. */
function candidates(
  program: Program,
  openings: ReadonlyMap<KnownItem, Opening>,
): readonly { readonly form: KnownForm; readonly opening: Opening }[] {
  const matching = program.items.flatMap((item) => {
    const opening = openings.get(item) as Opening;
    return item.forms
      .filter(({ form }) => form.verb.every((word, i) => word.includes(opening.words[i] ?? ' ')))
      .map((form) => ({ form, opening }));
  });
  const longest = Math.max(...matching.map(({ form }) => form.form.verb.length));
  return matching.filter(({ form }) => form.form.verb.length === longest);
}

function settled(program: Program, { form, behind }: Taken, whole: Whole): Judgement {
  const { entry } = form.item;
  const rest = form.form.rest === null ? [] : specsAmong(form, behind);
  const among = rest.reduce<CommandClass>((of, spec) => greater(of, spec.class), form.form.class);
  const of = greater(among, whole.class);
  const tier = tierOf(of, [
    form.form.tier,
    ...[...whole.options, ...rest].map((spec) => spec.tier),
  ]);
  const by = whole.by !== null && whole.class === of && form.form.class !== of ? whole.by : null;
  const said = by ?? rest.find((spec) => spec.class === of && form.form.class !== of) ?? form.form;
  return {
    class: of,
    tier,
    code: of === 'read' ? null : (said.code ?? (of === 'write' ? 'writes' : 'launches')),
    because: `${HOW[of]}: ${said.means}`,
    family: entry.family,
    entry: program.name,
    normalForm: [program.name, ...whole.words],
    parts: [
      { word: program.name, means: entry.summary },
      ...whole.parts,
      ...behind.map((word) => ({ word, means: 'is given on as it stands' })),
    ],
  };
}

const HOW: Readonly<Record<CommandClass, string>> = {
  read: 'it only reads',
  write: 'it changes something',
  exec: 'it runs something else',
  deny: 'it is never run',
};

function specsAmong({ options }: KnownForm, words: readonly string[]): readonly OptionSpec[] {
  return words.flatMap((word) => {
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    return options.byName.get(equals === -1 ? word : word.slice(0, equals))?.spec ?? [];
  });
}

function tierOf(of: CommandClass, tiers: readonly (Tier | null)[]): Judgement['tier'] {
  switch (of) {
    case 'read':
      return 'T0';
    case 'write':
      return (
        tiers
          .filter((tier) => tier !== null)
          .toSorted()
          .at(-1) ?? 'T2'
      );
    case 'exec':
      return 'T3';
    case 'deny':
      return 'deny';
  }
}

function wrapping(program: Program, taken: Taken, whole: Whole, inner: Judgement): Judgement {
  const outer = settled(program, { ...taken, behind: [] }, whole);
  if (1 + whole.words.length + (inner.normalForm?.length ?? 0) > MAX_WORDS) throw tooMany();
  const of = greater(outer.class, inner.class);
  const said = inner.class === of ? inner : outer;
  const tiers = [outer.tier, inner.tier].flatMap((tier) => (tier === 'deny' ? [] : [tier]));
  return {
    class: of,
    tier: tierOf(
      of,
      tiers.filter((tier) => tier !== 'T0'),
    ),
    code: said.code,
    because: said.because,
    family: outer.family,
    entry: outer.entry,
    normalForm:
      outer.normalForm === null || inner.normalForm === null
        ? null
        : [...outer.normalForm, ...inner.normalForm],
    parts: [...outer.parts, ...inner.parts],
  };
}

const tooMany = (): Misfit =>
  new Misfit('too-many', `its normal form has more than ${MAX_WORDS} words: ask for less`);

const isHard = ({ code }: Misfit): boolean => HARD_CODES.has(code);

function noneFits(
  program: Program,
  tried: readonly Tried[],
  early: OptionSpec | null = null,
): Judgement {
  const told =
    tried.find(({ misfit }) => isHard(misfit)) ??
    tried.find(({ misfit }) => misfit.code !== 'unknown-option') ??
    tried[0];
  const entry = (told?.form.item ?? program.items[0])?.entry as CommandEntry;
  const seen = told?.seen ?? early;
  if (seen !== null && (told === undefined || !isHard(told.misfit))) {
    const code = seen.code ?? (seen.class === 'write' ? 'writes' : 'launches');
    const because = `${HOW[seen.class]}: ${seen.names[0]} ${seen.means}`;
    return refusal(code, because, { entry, class: seen.class });
  }
  if (told !== undefined)
    return refusal(told.misfit.code, `${program.name}: ${told.misfit.message}`, { entry });
  return refusal('unknown-form', `this use of ${program.name} is not known: see its examples`, {
    entry,
  });
}
