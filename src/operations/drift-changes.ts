/** What became of findings between two moments: the feed that is watched, and that notices are made from. */
import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant, parseInstant } from '#base/time';
import { findingFromFacts } from '#drift';
import { resolveTarget } from '#inventory';
import { DRIFT_SOURCE, FINDING_STATUS, type Finding, type FindingStatus, type Scope } from '#model';
import type { Difference, FactReader, PageKey } from '#store';
import { readScopes } from './filters.ts';
import { look, recording } from './operation.ts';
import { recordDrift } from './record-with-drift.ts';
import { findingShape, scopeInput, showFinding, timeText } from './shapes.ts';

export type FindingChange = { readonly finding: Finding; readonly was: FindingStatus | null };

const PAGE = 500;

/**
 * Findings whose status at `to` is another than at `from`; `was` is `null` for one that was not there. What came and
 * went in between is not among them. At most `most`, by place.
 */
export function findingChanges(
  facts: FactReader,
  scopes: readonly Scope[],
  from: Instant,
  to: Instant,
  most: number,
  target?: string,
): readonly FindingChange[] {
  if (scopes.length === 0 || from >= to) return [];
  const filter = { scopes, source: DRIFT_SOURCE, type: 'drift', attribute: 'status' } as const;
  const narrowed = target === undefined ? filter : { ...filter, target };
  const differences: Difference[] = [];
  let after: PageKey | undefined;
  do {
    const left = Math.min(PAGE, most - differences.length);
    const page = facts.compare(
      narrowed,
      { asOf: from, knownAt: from },
      { asOf: to, knownAt: to },
      left,
      after,
    );
    differences.push(...page.differences);
    after = page.next ?? undefined;
  } while (after !== undefined && differences.length < most);
  return differences.flatMap(({ scope, target: of, entity, before, after: status }) => {
    if (status === undefined) return [];
    const { facts: rows } = facts.query(
      { scopes: [scope], target: of, entity, source: DRIFT_SOURCE, type: 'drift' },
      { asOf: to, knownAt: to },
      100,
    );
    const was = FINDING_STATUS.find((each) => each === before) ?? null;
    return [{ finding: findingFromFacts(rows), was }];
  });
}

export const driftChanges = look({
  name: 'drift_changes',
  title: 'Changes of drift',
  summary: 'Answers findings that opened, closed or changed their status since a moment.',
  capability: 'drift.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    since: timeText('the moment the answer before was of'),
    target: z.string().min(1).max(LIMITS.nameChars).optional(),
    scope: scopeInput,
  }),
  output: z.object({
    changes: z.array(z.object({ finding: findingShape, was: z.enum(FINDING_STATUS).nullable() })),
    /** To be given as `since` next. */
    at: z.string(),
    more: z.boolean().describe('there were more than fit: ask drift_scan'),
  }),
  run(input, { facts }, asking) {
    const scopes = readScopes(input.scope, asking);
    const target =
      input.target === undefined
        ? undefined
        : resolveTarget(asking.inventory, input.target, scopes).id;
    const since = parseInstant(input.since);
    const at = Math.max(since, facts.lastRecordedAt() ?? since) as Instant;
    const found = findingChanges(facts, scopes, since, at, PAGE, target);
    return {
      changes: found.map(({ finding, was }) => ({ finding: showFinding(finding), was })),
      at: formatInstant(at),
      more: found.length === PAGE,
    };
  },
});

/** Compares again what is on record: waivers end and looks grow old without anybody looking. */
export const driftRefresh = recording({
  name: 'drift_refresh',
  title: 'Compare again',
  summary: 'Compares a target with what is declared of it again, from what is on record.',
  capability: 'targets.observe',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ target: z.string().min(1).max(LIMITS.nameChars) }),
  output: z.object({
    target: z.string(),
    open: z.number(),
    opened: z.array(z.string()),
    resolved: z.array(z.string()),
  }),
  prepare: (input) => input,
  run(input, powers, asking) {
    const target = resolveTarget(asking.inventory, input.target, asking.scopes);
    return {
      value: { target: target.id, ...recordDrift(target, powers, asking) },
      targets: [target.id],
    };
  },
});
