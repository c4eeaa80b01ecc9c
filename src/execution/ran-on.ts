/** Which changes ran on a target in a window, and what they were to leave there. Nothing of an order. */
import { canonicalJson, type Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Plan, Precondition, RanChange } from '#model';
import type { AttemptRow, ChangeReader } from '#store';
import { last, readKnown } from './record.ts';

/** Of the newest attempts on the target; newest first. */
export function changesRan(
  reader: ChangeReader,
  target: string,
  window: { readonly from: Instant; readonly until: Instant },
): readonly RanChange[] {
  const attempts = reader
    .attemptsOn(target)
    .filter(({ outcome }) => outcome !== 'refused' && outcome !== 'not-started')
    .filter(
      ({ startedAt, endedAt }) =>
        startedAt <= window.until && (endedAt === null || endedAt >= window.from),
    );
  return [...Map.groupBy(attempts, ({ change }) => change)].flatMap(([id, its]) => {
    const known = readKnown(reader, id);
    if (known?.plan == null) return [];
    const { plan, moves, approvals } = known;
    const standing = last(moves, 'standing') ?? null;
    return [
      {
        id,
        action: `${plan.action.id}@${plan.action.version}`,
        approvedBy:
          standing === null
            ? approvals.map(({ operator }) => `operator:${operator}`)
            : signers(reader, standing),
        standing,
        ran: its.map(({ startedAt, endedAt }) => ({ from: startedAt, until: endedAt })),
        steps: stepsOf(plan, target, its),
        facts: its.some(({ direction }) => direction === 'inverse') ? [] : factsOf(plan, target),
      },
    ];
  });
}

function signers(reader: ChangeReader, standing: string): readonly string[] {
  const row = reader.standings().find(({ id }) => id === standing);
  const signed = (row?.detail['signed'] ?? []) as unknown as readonly { operator: string }[];
  return signed.map(({ operator }) => `operator:${operator}`);
}

function stepsOf(
  plan: Plan,
  target: string,
  attempts: readonly AttemptRow[],
): readonly (readonly string[])[] {
  const begun = new Set(attempts.map(({ step, direction }) => `${step} ${direction}`));
  return plan.steps
    .filter((step) => step.target === target && begun.has(`${step.step} ${step.direction}`))
    .map(({ argv }) => argv.filter((arg) => typeof arg === 'string'));
}

/** What was verified to be as it already had to be before is nothing it changed. */
function factsOf(plan: Plan, target: string): RanChange['facts'] {
  const before = (check: { entity: string; attribute: string }): Precondition | undefined =>
    plan.preconditions.find(
      (one) =>
        one.target === target && one.entity === check.entity && one.attribute === check.attribute,
    );
  return plan.verification.flatMap((check) => {
    if (check.kind !== 'fact' || check.target !== target) return [];
    if (check.test !== 'equals' && check.test !== 'absent') return [];
    const value = check.test === 'absent' ? null : (check.value as Json);
    const was = before(check);
    if (
      was !== undefined &&
      canonicalJson(was.absent ? null : (was.value as Json)) === canonicalJson(value)
    )
      return [];
    return [{ entity: check.entity, attribute: check.attribute, value }];
  });
}
