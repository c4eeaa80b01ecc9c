/**
 * When a finding began: after it was last seen as declared, and not after the first look that
 * showed it otherwise. Told from what the store remembers of the entity, so that late and
 * out-of-order looks count for what they saw and not for when they came.
 */
import { type Instant, shift } from '#base/time';
import type { PastTest } from './difference.ts';
import type { ComparedFact } from './facts.ts';

export type Bounds = { readonly notBefore: Instant | null; readonly firstSeen: Instant };

/** One value of one stream from one moment to the next, as it is believed now. */
export type PastRun = ComparedFact & {
  readonly validFrom: Instant;
  readonly validTo: Instant | null;
};

/** What the past is asked. Answers are as believed at the moment of the scan. */
export type Past = {
  /** Every run of the entity, by the sources that count, begun not after now. */
  readonly runs: (entity: string, source: string | null) => readonly PastRun[];
  /** When what was there at `at` was last confirmed then; `null` when nothing was. */
  readonly confirmed: (
    entity: string,
    attribute: string,
    source: string | null,
    at: Instant,
  ) => Instant | null;
  /** The last complete look at the kind of the entity at or before `at`. */
  readonly looked: (entity: string, source: string | null, at: Instant) => Instant | null;
};

/** Moments further back are not asked about: something that moves so often has no beginning. */
const MOST_MOMENTS = 512;

/** `seen`: as the comparison has it; stays where the past does not tell. `since`: no finding began before. */
export function boundsOf(
  test: PastTest,
  past: Past,
  seen: { readonly firstSeen: Instant; readonly lastSeen: Instant },
  since: Instant | null,
): Bounds {
  const runs = past.runs(test.entity, test.source);
  const moments = new Set<Instant>();
  for (const { validFrom, validTo } of runs) {
    if (validFrom <= seen.lastSeen) moments.add(validFrom);
    if (validTo !== null && validTo <= seen.lastSeen) moments.add(validTo);
  }
  const backwards = [...moments].sort((a, b) => b - a).slice(0, MOST_MOMENTS);
  let began: Instant | undefined;
  let isOver = false;
  for (const at of backwards) {
    if (test.holds(factsAt(runs, at))) {
      isOver = true;
      break;
    }
    began = at;
  }
  const firstSeen = began ?? seen.firstSeen;
  const bounded = since !== null && firstSeen < since ? since : firstSeen;
  // Before everything that is remembered nothing of the entity was known.
  const wasDeclared = isOver || (backwards.length < MOST_MOMENTS && test.holds([]));
  const notBefore =
    wasDeclared && began !== undefined ? lastDeclared(test, past, runs, began) : null;
  return { notBefore, firstSeen: bounded < seen.lastSeen ? bounded : seen.lastSeen };
}

/** The last look before `began`: at what was there then, or at the kind, when nothing was. */
function lastDeclared(
  { entity, attribute, source }: PastTest,
  past: Past,
  runs: readonly PastRun[],
  began: Instant,
): Instant | null {
  const before = shift(began, -1);
  const there = factsAt(runs, before).some(
    (fact) => attribute === '*' || fact.attribute === attribute,
  );
  if (!there) return past.looked(entity, source, before);
  return past.confirmed(entity, attribute, source, before);
}

function factsAt(runs: readonly PastRun[], at: Instant): readonly PastRun[] {
  return runs.filter(
    ({ validFrom, validTo }) => validFrom <= at && (validTo === null || at < validTo),
  );
}
