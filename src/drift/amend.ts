/**
 * Accepting: a person says that one field is right as it was seen, and nothing else of the baseline moves.
 *
 * Nothing is copied here either: the amendment pins its own moment, and the digest of the baseline binds what the
 * store answers for all of them together.
 */
import type { Amendment, Baseline } from '#model';
import { baselineDigest, declaredFacts } from './baseline.ts';
import { byStream, type ComparedFact, type KindRules } from './facts.ts';
import { driftFault } from './faults.ts';

type Rules = Pick<KindRules, 'isVolatile' | 'comesAndGoes'>;

export const MOST_AMENDMENTS = 256;

/** Observed facts of a moment; those of one entity are enough where an amendment asks. */
export type FactsAt = (
  at: Pick<Amendment, 'at' | 'knownAt'>,
  entity: string | null,
) => Iterable<ComparedFact>;

/** What a baseline declares, its amendments in; sorted. */
export function declaredNow(
  baseline: Pick<Baseline, 'covers' | 'passedOver' | 'blessedAt' | 'knownAt' | 'amended'>,
  factsAt: FactsAt,
  rules: Rules,
): readonly ComparedFact[] {
  const { blessedAt: at, knownAt, amended } = baseline;
  let declared: ComparedFact[] = declaredFacts(factsAt({ at, knownAt }, null), baseline, rules);
  for (const amendment of amended) {
    const then = [...factsAt(amendment, amendment.entity)];
    declared = [
      ...declared.filter((fact) => !isAbout(amendment, fact)),
      ...declaredFacts(then, baseline, rules).filter((fact) => isAbout(amendment, fact)),
    ];
  }
  return amended.length === 0 ? declared : declared.sort(byStream);
}

function isAbout({ entity, attribute }: Amendment, fact: ComparedFact): boolean {
  return fact.entity === entity && (attribute === '*' || fact.attribute === attribute);
}

/** The baseline with one more field accepted. Throws `too-many-amendments`, or `nothing-to-bless` where it changes nothing. */
export function amend(
  baseline: Baseline,
  amendment: Amendment,
  factsAt: FactsAt,
  rules: Rules,
): Baseline {
  if (baseline.amended.length >= MOST_AMENDMENTS)
    throw driftFault(
      'too-many-amendments',
      `a baseline takes ${MOST_AMENDMENTS} amendments: bless ${baseline.name} anew (holdfast baseline bless)`,
    );
  const amended = [...baseline.amended, amendment];
  const declared = declaredNow({ ...baseline, amended }, factsAt, rules);
  const digest = baselineDigest(declared);
  if (digest === baseline.digest)
    throw driftFault(
      'nothing-to-bless',
      `the baseline says so already: ${amendment.entity} ${amendment.attribute}. Look at the target again, and see holdfast drift`,
    );
  return { ...baseline, amended, digest, facts: declared.length };
}
