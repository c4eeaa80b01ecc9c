/**
 * What a person could consent to in advance, after they approved the very same by hand often enough: only T1, only values of
 * a closed set. That it holds also after text of a target was read is offered only where that was signed by hand as often,
 * with that text on the page. Whoever signed: an offer is a form, and only a signature of its own consents.
 */
import { partCore, partDocument, standingDocument } from '#authority';
import { partOf } from '#planning';
import type { Road } from './context.ts';
import type { StandingTerms } from './protocol.ts';
import { hasClosedValues, type Known } from './record.ts';

/** Of the past, how far back equal approvals count. */
export const EQUAL_DAYS = 30;
/** So many equal approvals by a person, and consent in advance is offered. */
const ENOUGH_TO_OFFER = 3;
const ANY_NONCE = '0'.repeat(32);

/** Equal requests that wait, and equal ones that a person signed. Not again what is consented to already. */
export function offerOf(
  road: Road,
  waiting: readonly Known[],
  equal: readonly Known[],
): StandingTerms | null {
  const [first] = waiting;
  if (first === undefined || first.row.tier !== 'T1' || equal.length < ENOUGH_TO_OFFER) return null;
  // What could be anything is looked at each time.
  if (!waiting.every(hasClosedValues)) return null;
  const tainted = equal.filter(isOfTaintedPlan).length;
  const evenTainted = tainted >= ENOUGH_TO_OFFER && waiting.some(isOfTaintedPlan);
  const given = coresGiven(road);
  const isGiven = (known: Known): boolean =>
    coresOf(known).every((core) =>
      given.some(
        (each) =>
          each.cores.has(core) && (each.evenTainted || !evenTainted || !isOfTaintedPlan(known)),
      ),
    );
  if (waiting.every(isGiven)) return null;
  const { action, arguments: values } = first.asked.proposal;
  const targets = [...waiting, ...equal].flatMap(({ row }) => row.targets.map(({ id }) => id));
  const times = `approved by hand ${equal.length} times in ${EQUAL_DAYS} days`;
  return {
    action,
    targets: [...new Set(targets)].toSorted(),
    arguments: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]])),
    days: EQUAL_DAYS,
    window: 'always',
    budget: { runs: 4, perSeconds: 86_400 },
    cooldownSeconds: 300,
    evenTainted,
    reason: evenTainted ? `${times}, ${tainted} of them after text of a target was read` : times,
  };
}

function isOfTaintedPlan({ plan }: Known): boolean {
  return plan?.tainted === true;
}

/** By what a host would find in them, whoever signed: an offer is a form to fill in, and covers nothing. */
function coresGiven(road: Road): readonly { cores: ReadonlySet<string>; evenTainted: boolean }[] {
  return road.store.changes
    .standings()
    .filter(
      ({ id, revokedAt, expiresAt }) =>
        revokedAt === null && !road.revoked.has(id) && expiresAt > road.clock.now(),
    )
    .map(({ text }) => standingDocument.parse(text))
    .map(({ cores, evenTainted }) => ({ cores: new Set(cores), evenTainted }));
}

function coresOf({ plan }: Known): readonly string[] {
  if (plan === null) return [];
  return plan.steps
    .filter(({ direction }) => direction === 'forward')
    .map((step) => partCore(partDocument.format(partOf(plan, step, ANY_NONCE))));
}
