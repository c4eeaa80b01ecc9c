/** What the operator's rules say of one finding: of each thing, the first rule that says it counts. */

import { matches } from '#base/wildcard';
import type { Finding, FindingRule, FindingRules } from '#model';

type Place = Pick<Finding, 'baseline' | 'target' | 'entity' | 'attribute' | 'kind'>;
type Sayable = 'severity' | 'owner' | 'debounce' | 'ignore';

export function ruleSaying(
  what: Sayable,
  finding: Place,
  rules: FindingRules,
): FindingRule | undefined {
  return rules.find((rule) => rule[what] !== null && isAbout(rule, finding));
}

function isAbout(rule: FindingRule, finding: Place): boolean {
  return (
    (rule.kinds.length === 0 || rule.kinds.includes(finding.kind)) &&
    matches(rule.declaration, finding.baseline) &&
    matches(rule.target, finding.target) &&
    matches(rule.entity, finding.entity) &&
    matches(rule.attribute, finding.attribute)
  );
}
