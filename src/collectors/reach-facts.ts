/**
 * Whether a target could be reached, as facts of the target itself. A host that cannot be reached keeps
 * what was last seen of it, and every kind of it says `unreachable`: it is never taken for healthy.
 */
import type { Instant } from '#base/time';
import { REACH_SOURCE, SSH_SOURCE } from '#model';
import type { Collector } from './look-session.ts';
import type { CollectorSource, Observed } from './observe.ts';
import { shown } from './reading.ts';

export type ReachState = 'reachable' | 'unreachable';

/** `reason` is our own words or a code; `null` when it could be reached. */
export function reachFacts(
  target: string,
  state: ReachState,
  reason: string | null,
  at: Instant,
): Observed {
  const fact = (attribute: string, value: string | null) => ({ entity: target, attribute, value });
  return {
    collector: 'reach',
    source: REACH_SOURCE,
    target,
    observedAt: at,
    tookMs: 0,
    facts: [
      fact('reach.state', state),
      fact('reach.reason', reason === null ? null : shown(reason).slice(0, 300)),
    ],
    // All that this source ever says of a host.
    complete: ['host'],
    shortfalls: [],
  };
}

/** What to record instead of a look that could not be had: nothing is retired, and nothing counts as seen. */
export function unreachableLook(
  target: string,
  collectors: readonly Collector[],
  reason: string,
  at: Instant,
  source: CollectorSource = SSH_SOURCE,
): readonly Observed[] {
  const said = shown(reason).slice(0, 300);
  const looks = collectors.map(
    (collector): Observed => ({
      collector: collector.name,
      source,
      target,
      observedAt: at,
      tookMs: 0,
      facts: [],
      complete: [],
      shortfalls: collector.kinds.map((kind) => ({ kind, status: 'unreachable', reason: said })),
    }),
  );
  return [...looks, reachFacts(target, 'unreachable', reason, at)];
}
