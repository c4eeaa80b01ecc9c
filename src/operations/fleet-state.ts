/**
 * How each target stands at a moment: how well it is seen, and what was found. Pure.
 *
 * A target that cannot be reached, or that nobody looked at for too long, is never `healthy`, whatever was seen of it
 * before; one of which only a part is seen is never more than `partial`.
 */
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { Inventory } from '#inventory';
import {
  LOCAL_SOURCE,
  REACH_SOURCE,
  type Severity,
  SSH_SOURCE,
  TALOS_SOURCE,
  type Target,
  TOFU_SOURCE,
  WINRM_SOURCE,
} from '#model';
import type { KindCoverage, OriginCoverage } from '#store';
import { OWN_RECORDS, staleAfter } from './coverage.ts';

/** Worst first. */
export const FLEET_STATES = ['unreachable', 'never', 'stale', 'odd', 'partial', 'healthy'] as const;
export type FleetState = (typeof FLEET_STATES)[number];

export type Findings = Readonly<Record<Severity, number>>;

export type KindCounts = {
  readonly complete: number;
  readonly partial: number;
  readonly stale: number;
  readonly unreachable: number;
};

export type TargetState = {
  readonly target: Target;
  readonly state: FleetState;
  /** When anything of it was seen last; a look that could not be had saw nothing. */
  readonly seenAt: Instant | null;
  readonly kinds: KindCounts;
  /** Of the newest look that fell short, in its own words. */
  readonly reason: string | null;
  readonly findings: Findings;
};

export const NO_FINDINGS: Findings = { critical: 0, warning: 0, info: 0 };

/** What they tell is not how well a target is seen. */
export const NO_LOOKS: readonly string[] = [REACH_SOURCE, ...OWN_RECORDS];

const SOURCES: Readonly<Record<Target['transport'], string | null>> = {
  local: LOCAL_SOURCE,
  ssh: SSH_SOURCE,
  tofu: TOFU_SOURCE,
  talos: TALOS_SOURCE,
  winrm: WINRM_SOURCE,
  none: null,
};

export function stateOf(
  target: Target,
  origins: readonly OriginCoverage[],
  findings: Findings,
  asOf: Instant,
  inventory: Inventory,
): TargetState {
  const kinds = { complete: 0, partial: 0, stale: 0, unreachable: 0 };
  let seenAt: Instant | null = null;
  let fellShort: KindCoverage | undefined;
  let isFresh = false;
  let reached = 0;
  let unreached = 0;
  let isCutOff = false;
  for (const { source, kinds: known } of origins) {
    if (NO_LOOKS.includes(source) || known.length === 0) continue;
    const limit = staleAfter(inventory, target.id, source) * MICROS_PER_SECOND;
    for (const each of known) {
      const { status, observedAt } = each;
      if (status !== 'unreachable' && (seenAt === null || observedAt > seenAt)) seenAt = observedAt;
      const isStale = status !== 'unreachable' && asOf - observedAt > limit;
      if (status !== 'unreachable' && !isStale) isFresh = true;
      kinds[isStale ? 'stale' : status] += 1;
      if (status !== 'complete' && observedAt >= (fellShort?.observedAt ?? observedAt))
        fellShort = each;
    }
    const isOut = newestIsUnreachable(known);
    if (isOut) unreached += 1;
    else reached += 1;
    if (isOut && source === SOURCES[target.transport]) isCutOff = true;
  }
  const odd = findings.critical + findings.warning + findings.info > 0;
  const state = ((): FleetState => {
    if (reached + unreached === 0) return 'never';
    if (isCutOff || reached === 0) return 'unreachable';
    if (!isFresh) return 'stale';
    if (odd) return 'odd';
    return kinds.partial + kinds.stale + kinds.unreachable > 0 ? 'partial' : 'healthy';
  })();
  return { target, state, seenAt, kinds, reason: fellShort?.reason ?? null, findings };
}

/** What was tried last could not be had, and none of it was seen. */
function newestIsUnreachable(kinds: readonly KindCoverage[]): boolean {
  let newest: Instant | undefined;
  let isOut = false;
  for (const { observedAt, status } of kinds) {
    if (newest !== undefined && observedAt < newest) continue;
    if (newest === undefined || observedAt > newest) isOut = true;
    newest = observedAt;
    if (status !== 'unreachable') isOut = false;
  }
  return isOut;
}
