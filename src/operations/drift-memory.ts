/**
 * What the last scan of each target found, so that a target of which nothing was recorded, nothing
 * declared otherwise and nothing ran out since is not compared again.
 *
 * Only a memory of this process: losing it costs one whole scan. What time alone changes is
 * foreseen when a scan is kept: a look that becomes stale, a waiver that ends, a wait that is over.
 */
import { ageSeconds, type Instant, LATEST, MICROS_PER_SECOND, shift } from '#base/time';
import { type Score, scoreOf } from '#drift';
import { DEFAULT_STALE_AFTER_SECONDS, type Inventory } from '#inventory';
import type { Coverage, Declaration, Finding, FindingRules, Target } from '#model';
import type { FactReader, Moment } from '#store';
import { readCoverageAhead } from './coverage.ts';
import { type DeclaredBy, type DeclaredFacts, driftOf, waiversOf } from './drift-state.ts';

export type TargetDrift = {
  readonly target: Target;
  /** Every active declaration. */
  readonly active: readonly DeclaredBy[];
  /** Every one, retired ones too. */
  readonly all: readonly DeclaredBy[];
  /** What stands, and what this look ended. */
  readonly findings: readonly Finding[];
  readonly score: Score;
  readonly coverage: readonly Coverage[];
  /** A look at a moment to come is on record, and counts from then on. */
  readonly isAhead: boolean;
};

type Kept = {
  readonly drift: TargetDrift;
  readonly declarations: readonly Declaration[];
  /** Sooner than this, time alone changes nothing. */
  readonly until: Instant;
};

/** Beyond this many findings in all, targets are compared anew rather than remembered. */
const MOST_FINDINGS = 200_000;
/** A wait for a second look ends within a week, and is asked about again this soon. */
const SOON = 60 * MICROS_PER_SECOND;

const memories = new WeakMap<DeclaredFacts, DriftMemory>();

/** One for everything that is compared with the same declarations. */
export function memoryOf(declared: DeclaredFacts): DriftMemory {
  const known = memories.get(declared);
  if (known !== undefined) return known;
  const made = new DriftMemory();
  memories.set(declared, made);
  return made;
}

class DriftMemory {
  readonly #kept = new Map<string, Kept>();
  #at: Moment | undefined;
  #inventory: Inventory | undefined;
  #rules: FindingRules | undefined;
  #findings = 0;

  /** Every target, compared or remembered. Targets must be of one inventory. */
  scan(
    facts: FactReader,
    targets: readonly Target[],
    at: Moment,
    inventory: Inventory,
    declared: DeclaredFacts,
  ): readonly TargetDrift[] {
    const isPresent = this.#catchUp(facts, at, inventory, declared.sources.rules());
    return targets.map((target) => {
      if (!isPresent) return scanTarget(facts, target, at, inventory, declared);
      const key = keyOf(target.scope, target.id);
      const kept = this.#kept.get(key);
      const declarations = declared.sources.declarations(target, facts, at);
      if (kept !== undefined && at.asOf < kept.until && sameList(declarations, kept.declarations))
        return aged(kept.drift, at.asOf);
      this.#forget(key);
      const drift = scanTarget(facts, target, at, inventory, declared);
      const until = holdsUntil(facts, drift, at);
      if (until > at.asOf && this.#findings + drift.findings.length <= MOST_FINDINGS) {
        this.#kept.set(key, { drift, declarations, until });
        this.#findings += drift.findings.length;
      }
      return drift;
    });
  }

  /**
   * Drops what was touched since, or everything. False where the question is about an earlier moment, or about one
   * before what is known: what is on record already and begins later (the clock was set back) is never told as touched.
   */
  #catchUp(facts: FactReader, at: Moment, inventory: Inventory, rules: FindingRules): boolean {
    const before = this.#at;
    const last = facts.lastRecordedAt();
    if (last !== undefined && at.asOf < last && at.asOf < at.knownAt) return false;
    if (before !== undefined && (at.asOf < before.asOf || at.knownAt < before.knownAt))
      return false;
    const isSame = this.#inventory?.digest === inventory.digest && this.#rules === rules;
    if (before === undefined || !isSame) {
      this.#kept.clear();
      this.#findings = 0;
    } else
      for (const { scope, target } of facts.touched(before, at)) this.#forget(keyOf(scope, target));
    this.#at = at;
    this.#inventory = inventory;
    this.#rules = rules;
    return true;
  }

  #forget(key: string): void {
    this.#findings -= this.#kept.get(key)?.drift.findings.length ?? 0;
    this.#kept.delete(key);
  }
}

export function scanTarget(
  facts: FactReader,
  target: Target,
  at: Moment,
  inventory: Inventory,
  declared: DeclaredFacts,
  only?: (by: Pick<DeclaredBy, 'id' | 'name' | 'kind'>) => boolean,
): TargetDrift {
  const asked = { scopes: [target.scope], target: target.id };
  const { coverage, isAhead } = readCoverageAhead(facts, asked, at, inventory);
  const choice = only === undefined ? { coverage } : { coverage, only };
  const now = driftOf(facts, target, at, inventory, declared, choice);
  const all = now.map(({ by }) => by);
  return {
    target,
    all,
    active: all.filter(({ status }) => status === 'active'),
    findings: now.flatMap(({ reconciled: { standing, resolved } }) => [...standing, ...resolved]),
    score: scoreOf(
      now.map(({ weights, reconciled }) => ({ weights, standing: reconciled.standing })),
    ),
    coverage,
    isAhead,
  };
}

/** The first moment at which the same records may answer otherwise. */
function holdsUntil(facts: FactReader, drift: TargetDrift, at: Moment): Instant {
  const { target, coverage, findings } = drift;
  const { asOf } = at;
  if (drift.isAhead) return asOf;
  let until = LATEST;
  const sooner = (moment: Instant): void => {
    if (moment > asOf && moment < until) until = moment;
  };
  const stale = (target.staleAfterSeconds ?? DEFAULT_STALE_AFTER_SECONDS) * MICROS_PER_SECOND;
  for (const { observedAt } of coverage)
    if (observedAt !== null) sooner(shift(observedAt, stale + 1));
  for (const { expiresAt } of waiversOf(facts, target, at)) sooner(expiresAt);
  if (findings.some(({ status }) => status === 'pending')) sooner(shift(asOf, SOON));
  return until;
}

/** As it was found, with ages as of now. */
function aged(drift: TargetDrift, asOf: Instant): TargetDrift {
  return {
    ...drift,
    coverage: drift.coverage.map((row) =>
      row.observedAt === null ? row : { ...row, ageSeconds: ageSeconds(row.observedAt, asOf) },
    ),
  };
}

function keyOf(scope: string, target: string): string {
  return `${scope}\n${target}`;
}

function sameList(a: readonly Declaration[], b: readonly Declaration[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
