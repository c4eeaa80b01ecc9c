/** `findings:` of `declarations.yaml`: what findings weigh, whose they are, how long until they are believed. */
import {
  type Debounce,
  FINDING_KINDS,
  type FindingRule,
  type FindingRules,
  SEVERITIES,
} from '#model';
import type { Value, Yaml } from '#strict-yaml';

const MOST_RULES = 500;
const MOST_SECONDS = 7 * 86_400;
const PATTERNS = ['declaration', 'target', 'entity', 'attribute'] as const;
const SAYS = ['severity', 'owner', 'debounce', 'ignore'] as const;

export function readFindingRules(yaml: Yaml, value: Value | undefined, file: string): FindingRules {
  const list = yaml.list(value, 'findings');
  if (list.length > MOST_RULES)
    yaml.problem(value?.at ?? 0, `findings has more than ${MOST_RULES} rules: take some out`);
  return list.slice(0, MOST_RULES).map((each) => readRule(yaml, each, file));
}

function readRule(yaml: Yaml, value: Value, file: string): FindingRule {
  const given = yaml.record(value, 'a rule', [...PATTERNS, 'kinds', ...SAYS]);
  const pattern = (name: (typeof PATTERNS)[number]): string =>
    yaml.text(given[name], name, 512) ?? '*';
  if (SAYS.every((name) => given[name] === undefined))
    yaml.problem(value.at, `a rule says nothing: give ${SAYS.join(', ')}`);
  const rule: FindingRule = {
    declaration: pattern('declaration'),
    target: pattern('target'),
    entity: pattern('entity'),
    attribute: pattern('attribute'),
    kinds: yaml
      .list(given.kinds, 'kinds')
      .flatMap((kind) => yaml.oneOf(kind, 'a kind of finding', FINDING_KINDS) ?? []),
    severity: yaml.oneOf(given.severity, 'severity', SEVERITIES),
    owner: yaml.text(given.owner, 'owner', 128),
    debounce: given.debounce === undefined ? null : readDebounce(yaml, given.debounce),
    ignore: yaml.text(given.ignore, 'ignore', 500),
    at: `${file}:${yaml.lineOf(value.at)}`,
  };
  if (rule.ignore !== null && PATTERNS.every((name) => /^\*+$/.test(rule[name])))
    yaml.problem(value.at, 'the rule would ignore everything: name what it is about');
  return rule;
}

function readDebounce(yaml: Yaml, value: Value): Debounce {
  const given = yaml.record(value, 'debounce', ['seconds', 'looks']);
  if (given.seconds === undefined && given.looks === undefined)
    yaml.problem(value.at, 'debounce says nothing: give seconds, looks or both');
  return {
    seconds: yaml.whole(given.seconds, 'seconds', 0, MOST_SECONDS),
    looks: yaml.whole(given.looks, 'looks', 1, 100),
  };
}
