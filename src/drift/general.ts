/** Tests that are not one value of one stream: patterns, conditions, ranges, any source. */
import type { Json } from '#base/json';
import { matches } from '#base/wildcard';
import { type Expectation, kindOf } from '#model';
import type { DiffInput } from './diff.ts';
import type { ComparedFact, KindRules, ObservedFact } from './facts.ts';
import type { Report } from './report.ts';
import { holds, wanted } from './value-test.ts';

export function compareGeneral(
  expectations: readonly Expectation[],
  observed: readonly ObservedFact[],
  input: DiffInput,
  report: Report,
): void {
  const { rules, isTrusted } = input;
  const entities = Map.groupBy(observed, (fact) => fact.entity);
  const kinds = Map.groupBy(entities.keys(), kindOf);
  const heard = (expectation: Expectation, entity: string): readonly ObservedFact[] =>
    (entities.get(entity) ?? []).filter(
      ({ source }) =>
        source === expectation.source ||
        (expectation.source === null && isTrusted(source, kindOf(entity))),
    );
  const gone = new Map<string, Expectation[]>();
  for (const expectation of expectations) {
    const { entity, attribute } = expectation;
    if (!entity.includes('*')) {
      const facts = heard(expectation, entity);
      if (facts.length > 0) compareOne(expectation, entity, facts, rules, report);
      else if (expectation.test.op === 'absent' || expectation.where.length > 0)
        report.compared(
          report.weigh(entity, attribute, expectation),
          expectation.source,
          kindOf(entity),
        );
      else {
        const key = `${expectation.source ?? ''}\n${entity}`;
        const known = gone.get(key);
        if (known === undefined) gone.set(key, [expectation]);
        else known.push(expectation);
      }
      continue;
    }
    const kind = kindOf(entity);
    const among = kind.includes('*') ? entities.keys() : (kinds.get(kind) ?? []);
    for (const each of among) {
      if (!matches(entity, each)) continue;
      const facts = heard(expectation, each);
      if (facts.length > 0) compareOne(expectation, each, facts, rules, report);
    }
  }
  for (const whole of gone.values()) missing(whole, rules, report);
}

/** One expectation of one entity that is there. */
function compareOne(
  expectation: Expectation,
  entity: string,
  facts: readonly ObservedFact[],
  rules: KindRules,
  report: Report,
): void {
  const { attribute, test, source } = expectation;
  const kind = kindOf(entity);
  if (attribute !== '*' && rules.isVolatile(kind, attribute)) return;
  if (!fits(expectation, entity, facts, rules)) return;
  const weight = report.compared(report.weigh(entity, attribute, expectation), source, kind);
  // What a condition rests on may be missing only because nobody saw all of it.
  const doubtful =
    expectation.where.length > 0 &&
    report.looks.hasPartial &&
    !report.looks.isComplete(source, kind);
  const told = {
    source,
    entity,
    attribute,
    attributes: [attribute],
    expectation,
    weight,
    past: (then: readonly ComparedFact[]) => isAsDeclared(expectation, entity, then, rules),
  };
  if (attribute === '*') {
    if (test.op !== 'absent') return;
    report.tell({
      ...told,
      kind: 'unexpected',
      attributes: [...new Set(facts.map((fact) => fact.attribute))],
      observed: asObject(facts.filter((fact) => !rules.isVolatile(kind, fact.attribute))),
      desired: null,
      facts,
      doubtful,
    });
    return;
  }
  const there = facts.filter((fact) => fact.attribute === attribute);
  const wrong = there.filter((fact) => !holds(test, entity, attribute, fact.value, rules));
  const [first] = wrong;
  if (first !== undefined) {
    report.tell({
      ...told,
      kind: test.op === 'absent' ? 'unexpected' : 'changed',
      observed: first.value,
      desired: wanted(test),
      facts: [first],
      doubtful: doubtful || report.passes(wrong),
    });
  } else if (there.length === 0 && test.op !== 'absent') {
    report.tell({
      ...told,
      kind: 'missing',
      observed: null,
      desired: wanted(test),
      facts: [],
      doubtful,
    });
  }
}

/** Entities that are named and not there: one finding each, or one for each reason they are named for. */
function missing(whole: readonly Expectation[], rules: KindRules, report: Report): void {
  const told = whole.filter(
    ({ entity, attribute }) => attribute === '*' || !rules.isVolatile(kindOf(entity), attribute),
  );
  const [first] = told;
  if (first === undefined) return;
  const reasons = new Set(told.map(({ because }) => `${because.id}\n${because.title}`));
  const isWhole = reasons.size === 1 || told.every(({ attribute }) => attribute === '*');
  for (const part of isWhole ? [told] : told.map((each) => [each])) {
    const lead = worst(part);
    const { source, entity, attribute } = lead;
    const sum = part.reduce(
      (all, each) => all + report.weigh(each.entity, each.attribute, each),
      0,
    );
    const weight = report.compared(sum, source, kindOf(entity));
    report.tell({
      source,
      entity,
      attribute: isWhole ? '*' : attribute,
      kind: 'missing',
      attributes: part.map((each) => each.attribute),
      observed: null,
      desired: isWhole ? desiredObject(part) : wanted(lead.test),
      facts: [],
      expectation: lead,
      weight,
      doubtful: false,
      past: isWhole
        ? (then) => then.length > 0
        : (then) => isAsDeclared(lead, entity, then, rules) && then.length > 0,
    });
  }
}

/** Whether the entity is one that the expectation is about, by its conditions. */
function fits(
  { where, source }: Expectation,
  entity: string,
  facts: readonly ComparedFact[],
  rules: KindRules,
): boolean {
  return where.every(({ attribute, test }) => {
    const values = facts.filter((fact) => fact.attribute === attribute);
    if (values.length === 0) return holds(test, entity, attribute, undefined, rules);
    const passes = (fact: ComparedFact): boolean =>
      holds(test, entity, attribute, fact.value, rules);
    // Two sources that disagree do not take an entity out of sight.
    return source === null ? values.some(passes) : values.every(passes);
  });
}

function isAsDeclared(
  expectation: Expectation,
  entity: string,
  then: readonly ComparedFact[],
  rules: KindRules,
): boolean {
  const { attribute, test } = expectation;
  if (then.length === 0) return expectation.entity.includes('*') || test.op === 'absent';
  if (!fits(expectation, entity, then, rules)) return true;
  if (attribute === '*') return test.op !== 'absent';
  const values = then.filter((fact) => fact.attribute === attribute);
  if (values.length === 0) return test.op === 'absent';
  return values.every((fact) => holds(test, entity, attribute, fact.value, rules));
}

const RANK = { critical: 0, warning: 1, info: 2 } as const;

function worst(expectations: readonly Expectation[]): Expectation {
  const rank = ({ severity }: Expectation): number => (severity === null ? 3 : RANK[severity]);
  return expectations.reduce((a, b) => (rank(b) < rank(a) ? b : a));
}

function desiredObject(expectations: readonly Expectation[]): Json {
  const named = expectations.filter(({ attribute }) => attribute !== '*');
  if (named.length === 0) return { present: true };
  return Object.fromEntries(named.map(({ attribute, test }) => [attribute, wanted(test)]));
}

function asObject(facts: readonly ComparedFact[]): Json {
  return Object.fromEntries(facts.map((fact) => [fact.attribute, fact.value]));
}
