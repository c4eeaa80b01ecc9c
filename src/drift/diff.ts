/**
 * Declared and observed in, differences out: one engine for every source of "should".
 *
 * Absence is only told from a complete look: where a look fell short there is one `unknown` finding
 * for that source and kind, and what it may hide is handed back as `unsure`, so that nothing
 * closes for want of looking. What was seen to differ counts however short the look fell.
 */
import type { Instant } from '#base/time';
import type { Coverage } from '#model';
import type { Declared, ExactFact } from './declared.ts';
import type { ComparedFact, KindRules, ObservedFact } from './facts.ts';
import { byStream } from './facts.ts';
import { compareGeneral } from './general.ts';
import { Report, type ReportResult } from './report.ts';
import { sameFact } from './value-test.ts';

export type DiffInput = {
  readonly declared: Declared;
  /** Observed facts of the target now, of any source. */
  readonly observed: Iterable<ObservedFact>;
  /** Coverage of the target now, staleness judged. */
  readonly coverage: readonly Coverage[];
  /** Trust as it is now. What a source said before it lost it neither opens nor closes a finding. */
  readonly isTrusted: (source: string, kind: string) => boolean;
  readonly rules: KindRules;
  readonly now: Instant;
};

export type DiffResult = ReportResult;

/**
 * Compares in linear time, whatever the order of the facts; fastest when both sides come in the
 * same order. Only tests with `*` in their entity cost as much as there are entities.
 */
export function diffFacts(input: DiffInput): DiffResult {
  const { declared, rules } = input;
  const observed = Array.isArray(input.observed)
    ? (input.observed as readonly ObservedFact[])
    : [...input.observed];
  const report = new Report({ ...input, observed });
  report.shortfalls();
  const alone = pair(declared.exact, observed, (was, is) => {
    if (!sameFact(was, is, rules)) report.changed(was, is);
    else report.equal(was, is);
  });
  if (alone.declared.length > 0) {
    const missing = alone.declared.filter((fact) => report.counts(fact));
    if (missing.length > 0) report.missing(missing, presenceOf(missing, observed));
  }
  if (declared.closed.length > 0 && alone.observed.length > 0) {
    const unexpected = alone.observed.filter((fact) => report.isClosed(fact));
    if (unexpected.length > 0)
      report.unexpected(unexpected, presenceOf(unexpected, declared.exact));
  }
  if (declared.general.length > 0) compareGeneral(declared.general, observed, input, report);
  return report.result();
}

/**
 * Hands every stream that both sides have to `both`, and back what only one has.
 *
 * First both lists are walked together, as if sorted; what that leaves over, for any reason, is
 * matched by name. So the order decides the speed and never the answer.
 */
function pair(
  declared: readonly ExactFact[],
  observed: readonly ObservedFact[],
  both: (declared: ExactFact, observed: ObservedFact) => void,
): { readonly declared: readonly ExactFact[]; readonly observed: readonly ObservedFact[] } {
  if (declared.length === 0) return { declared, observed };
  const restDeclared: ExactFact[] = [];
  const restObserved: ObservedFact[] = [];
  let i = 0;
  let j = 0;
  while (i < declared.length && j < observed.length) {
    const was = declared[i] as ExactFact;
    const is = observed[j] as ObservedFact;
    const order = byStream(was, is);
    if (order === 0) {
      both(was, is);
      i++;
      j++;
    } else if (order < 0) {
      restDeclared.push(was);
      i++;
    } else {
      restObserved.push(is);
      j++;
    }
  }
  for (; i < declared.length; i++) restDeclared.push(declared[i] as ExactFact);
  for (; j < observed.length; j++) restObserved.push(observed[j] as ObservedFact);
  if (restDeclared.length === 0 || restObserved.length === 0)
    return { declared: restDeclared, observed: restObserved };
  const byName = new Map(restDeclared.map((fact) => [streamKey(fact), fact]));
  const onlyObserved = restObserved.filter((is) => {
    const key = streamKey(is);
    const was = byName.get(key);
    if (was === undefined) return true;
    byName.delete(key);
    both(was, is);
    return false;
  });
  return { declared: [...byName.values()], observed: onlyObserved };
}

function streamKey(fact: ComparedFact): string {
  return `${fact.source}\n${fact.entity}\n${fact.attribute}`;
}

/** Which entities of `some` the other side knows at all, volatile attributes included. */
function presenceOf(some: readonly ComparedFact[], other: readonly ComparedFact[]): Set<string> {
  const asked = new Set(some.map((fact) => fact.entity));
  const present = new Set<string>();
  for (const fact of other)
    if (asked.has(fact.entity)) present.add(`${fact.source}\n${fact.entity}`);
  return present;
}
