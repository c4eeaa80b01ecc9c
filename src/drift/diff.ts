/**
 * Declared and observed in, differences out: one engine for every source of "should".
 *
 * Absence is only told from a complete look: where a look fell short there is one `unknown` finding
 * for that source and kind, and what it may hide is handed back as `unsure`, so that nothing
 * closes for want of looking. What was seen to differ counts however short the look fell.
 */
import type { Instant } from '#base/time';
import { type Coverage, type Expectation, kindOf } from '#model';
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

/** A stream that is observed, without its value. */
export type ObservedStream = Pick<ObservedFact, 'source' | 'entity' | 'attribute'>;

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
 * Every value that is wanted, where the declaration asks for nothing but values: then `diffAsDeclared` can tell
 * from a comparison of texts what `diffFacts` would.
 */
export function wantedOf({ exact, general }: Declared): readonly WantedValue[] | undefined {
  if (general.length === 0) return exact;
  const wanted: WantedValue[] = [...exact];
  for (const expectation of general) {
    const { source, entity, attribute, test, where } = expectation;
    if (source !== null || test.op !== 'equals' || where.length > 0) return undefined;
    if (entity.includes('*') || attribute.includes('*')) return undefined;
    wanted.push({ source, entity, attribute, value: test.value });
  }
  return wanted;
}

/** `source` null: of every trusted source. */
export type WantedValue = Omit<ComparedFact, 'source'> & { readonly source: string | null };

/**
 * What `diffFacts` answers when everything of `wantedOf` is observed exactly as wanted, and of the closed sources
 * `besides` too. `undefined` where that does not tell enough, and the facts themselves are needed.
 */
export function diffAsDeclared(
  input: Omit<DiffInput, 'observed'>,
  besides: readonly ObservedStream[],
): DiffResult | undefined {
  const { declared, rules } = input;
  const report = new Report({ ...input, observed: [] });
  // Whether a look in part has seen a fact is told by the fact's own time.
  if (report.looks.hasPartial) return undefined;
  const closed = besides.filter((stream) => report.isClosed(stream));
  if (closed.length > 0 && (declared.whole || !areNamed(closed, declared))) return undefined;
  report.shortfalls();
  for (const expectation of declared.general) {
    const { source, entity, attribute } = expectation;
    const kind = kindOf(entity);
    if (!rules.isVolatile(kind, attribute))
      report.compared(report.weigh(entity, attribute, expectation), source, kind);
  }
  return report.result();
}

/** Of an entity that is named, only a blessed baseline says which attributes it has. */
function areNamed(streams: readonly ObservedStream[], { exact, general }: Declared): boolean {
  const name = ({ source, entity }: Pick<Expectation, 'source' | 'entity'>): string =>
    `${source ?? '*'}\n${entity}`;
  const named = new Set([...exact, ...general].map(name));
  return streams.every(
    ({ source, entity }) =>
      named.has(name({ source, entity })) || named.has(name({ source: null, entity })),
  );
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
