/**
 * Entries that are judged beside the grammar in force, and never act: what they would have said is
 * counted, so that a person sees what they do before they sign for them.
 */
import { analyse, type CommandAsker, type CommandGiven } from '../analyse.ts';
import type { CommandEntry, CommandVerdict } from '../entry.ts';
import type { Judge } from '../judge.ts';
import { tokenize } from '../tokenize.ts';
import { withEntries } from './draft.ts';

const VERDICTS = ['allow', 'needs-approval', 'deny'] as const satisfies readonly CommandVerdict[];

/** `asked` = `agreed` + `milder` + `stricter`. */
export type ShadowCounts = {
  readonly asked: number;
  /** The same class and tier as what is in force says. */
  readonly agreed: number;
  readonly milder: number;
  readonly stricter: number;
  /** Of the milder ones, how many would have run without a person. */
  readonly wouldRun: number;
};
export const NO_SHADOW: ShadowCounts = { asked: 0, agreed: 0, milder: 0, stricter: 0, wouldRun: 0 };

export type Shadow = { readonly programs: ReadonlySet<string>; readonly judge: Judge };

/** Throws `invalid-commands` when the entries contradict those in force. */
export function shadowOf(judge: Judge, entries: readonly CommandEntry[]): Shadow {
  const programs = new Set(entries.flatMap(({ program, aliases }) => [program, ...aliases]));
  return { programs, judge: withEntries(judge, entries) };
}

/** The counts with this question in them; the very same where the shadow has nothing to say. */
export function counted(
  counts: ShadowCounts,
  shadow: Shadow,
  inForce: Judge,
  given: CommandGiven,
  asker: CommandAsker,
): ShadowCounts {
  const tokens = 'line' in given ? tokenize(given.line) : given;
  const argv = 'argv' in tokens ? tokens.argv : [];
  if (!argv.some((word) => shadow.programs.has(word.split('/').at(-1) ?? ''))) return counts;
  const now = analyse(inForce, given, asker);
  const then = analyse(shadow.judge, given, asker);
  const rank = ({ verdict, tier }: typeof now): string => `${VERDICTS.indexOf(verdict)}${tier}`;
  const isMilder = rank(then) < rank(now);
  const same = rank(then) === rank(now);
  return {
    asked: counts.asked + 1,
    agreed: counts.agreed + (same ? 1 : 0),
    milder: counts.milder + (!same && isMilder ? 1 : 0),
    stricter: counts.stricter + (!same && !isMilder ? 1 : 0),
    wouldRun: counts.wouldRun + (then.verdict === 'allow' && now.verdict !== 'allow' ? 1 : 0),
  };
}
