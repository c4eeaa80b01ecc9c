/**
 * What `analyze_command` answers: the judgement in words, what it means for whoever asks, and what
 * to do instead. It explains; it never runs anything and never makes a refusal milder.
 */
import { nearest } from '#base/nearest';
import type { CommandClass, CommandVerdict, Judgement } from './entry.ts';
import { readExamples } from './find-commands.ts';
import { HARD_CODES, type Judge } from './judge.ts';
import { tokenize } from './tokenize.ts';

export type CommandLabel = 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';
/** An assistant asks over MCP; an operator by their own hand. */
export type CommandAsker = 'assistant' | 'operator';

export type CommandAnalysis = {
  readonly class: CommandClass;
  readonly tier: Judgement['tier'];
  /** Computed from the tier, and from nothing else. */
  readonly label: CommandLabel;
  readonly verdict: CommandVerdict;
  readonly code: Judgement['code'];
  readonly family: string | null;
  readonly entry: string | null;
  readonly normalForm: readonly string[] | null;
  readonly because: string;
  readonly parts: Judgement['parts'];
  /** How to get the same safely; may be empty. */
  readonly safer: readonly string[];
  /** Commands that only read, near to this one. */
  readonly similar: readonly string[];
};

const LABELS = {
  T0: 'LOW',
  T1: 'LOW',
  T2: 'MEDIUM',
  T3: 'HIGH',
  deny: 'CRITICAL',
} as const satisfies Record<Judgement['tier'], CommandLabel>;

export type CommandGiven = { readonly argv: readonly string[] } | { readonly line: string };

export function analyse(judge: Judge, given: CommandGiven, asker: CommandAsker): CommandAnalysis {
  const argv = argvOf(given);
  const found = 'line' in given ? judge.judgeLine(given.line) : judge.judge(given.argv);
  const { judgement, verdict } = answerFor(found, asker, argv);
  return {
    class: judgement.class,
    tier: judgement.tier,
    label: LABELS[judgement.tier],
    verdict,
    code: judgement.code,
    family: judgement.family,
    entry: judgement.entry,
    normalForm: judgement.normalForm,
    because: judgement.because,
    parts: judgement.parts,
    safer: judgement.class === 'read' ? [] : saferWays(judge, given, judgement),
    similar: judgement.class === 'read' ? [] : similar(judge, argv, judgement),
  };
}

function argvOf(given: CommandGiven): readonly string[] | null {
  if ('argv' in given) return given.argv;
  const tokens = tokenize(given.line);
  return 'argv' in tokens ? tokens.argv : null;
}

/**
 * The verdict, by who asks. By their own hand an operator may have what no entry knows run as a
 * change of tier T3, with the words as they stand; what is refused for what it is stays refused.
 */
export function answerFor(
  judgement: Judgement,
  asker: CommandAsker,
  argv: readonly string[] | null,
): { readonly judgement: Judgement; readonly verdict: CommandVerdict } {
  if (judgement.class === 'read') return { judgement, verdict: 'allow' };
  if (judgement.class !== 'deny' && judgement.normalForm !== null)
    return { judgement, verdict: 'needs-approval' };
  const stays = judgement.code === null || REFUSED.has(judgement.code);
  const [program, ...words] = argv ?? [];
  if (asker !== 'operator' || stays || program === undefined) return { judgement, verdict: 'deny' };
  return {
    judgement: { ...judgement, tier: 'T3', normalForm: [program, ...words] },
    verdict: 'needs-approval',
  };
}

/** Refused for what it is, not for what is not known of it. */
const REFUSED: ReadonlySet<string> = HARD_CODES;

function saferWays(judge: Judge, given: CommandGiven, { code, entry }: Judgement): string[] {
  const ways: string[] = [];
  if ('line' in given && code === 'needs-shell') {
    ways.push(
      /[|;&\n]/.test(given.line)
        ? 'Give each part as a command of its own: what one finds can be asked for by options of the next, or filtered from its answer.'
        : 'Put what is meant as it stands in single quotes, and write out what a shell would have filled in.',
    );
  }
  if (code === 'env-prefix')
    ways.push('Leave the variable out: programs run in a fixed environment.');
  if (code === 'never-ends')
    ways.push(
      'Ask for what is there now, and ask again later: "tail -n 100" in place of "tail -f".',
    );
  if (code === 'outside-roots') ways.push('Name the directory that matters instead of everything.');
  if (code === 'egress')
    ways.push('Ask only hosts of the inventory; an operator adds networks to the file of paths.');
  if (code !== null && HARD_CODES.has(code) && code !== 'egress' && code !== 'malformed')
    ways.push('There is no way to have this: it stays refused.');
  const items = entry === null ? [] : (judge.programs.get(entry)?.items ?? []);
  for (const { entry: each } of items) if (each.safer !== null) ways.push(each.safer);
  return [...new Set(ways)];
}

const MAX_SIMILAR = 5;

function similar(judge: Judge, argv: readonly string[] | null, { entry }: Judgement): string[] {
  const given = entry ?? argv?.[0]?.split('/').at(-1) ?? '';
  const names = judge.programs.has(given) ? [given] : nearest(given, judge.programs.keys(), 3);
  const examples = names.flatMap((name) =>
    readExamples(judge.programs.get(name)?.items.flatMap((item) => item.entry.forms) ?? []),
  );
  const words = new Set(argv?.slice(1) ?? []);
  const near = (example: string): number =>
    example.split(' ').filter((word) => words.has(word)).length;
  return [...new Set(examples)].toSorted((a, b) => near(b) - near(a)).slice(0, MAX_SIMILAR);
}
