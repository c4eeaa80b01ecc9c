/** Whether a standing approval lets one step run now: its own terms, and what this host has counted. */
import { sha256 } from '#base/digest';
import { type HostPolicy, type PartDocument, type StandingDocument } from './document-values.ts';
import { partCore } from './documents.ts';
import { authorityFault } from './faults.ts';
import type { HostView, RunRequest } from './host-view.ts';

type StandingRefusal = 'standing-expired' | 'outside-window' | 'core-not-listed';
const STANDING_SAYS: Readonly<Record<StandingRefusal, string>> = {
  'standing-expired': 'the standing approval is over: have an operator sign a new one',
  'outside-window':
    'the standing approval does not hold at this time of day: wait, or ask an operator',
  'core-not-listed': 'the standing approval does not list this step: ask an operator to approve it',
};

export function requireStanding(
  host: HostView,
  { skew }: HostPolicy,
  standing: StandingDocument,
  part: PartDocument,
  { part: text, standing: standingText }: RunRequest,
): void {
  const { now } = host;
  if (standing.issued > now + skew) {
    throw authorityFault(
      'clock-skew',
      "the standing approval was issued in the future of the host's clock: set both clocks",
    );
  }
  const check = standingCheck(standing, part.action, partCore(text), now);
  if (check !== null) throw authorityFault(check, STANDING_SAYS[check]);
  const runs = host.counted.get(sha256(standingText ?? '')) ?? [];
  const core = partCore(text);
  if (runs.some((run) => run.core === core && now - run.at < standing.cooldown)) {
    throw authorityFault('cooldown', 'the same step ran a moment ago: wait, or ask an operator');
  }
  const spent = runs.filter((run) => now - run.at < standing.budget.seconds).length;
  if (spent >= standing.budget.runs) {
    throw authorityFault(
      'over-budget',
      `the standing approval is used up for now: ${spent} runs. Wait, or ask an operator`,
    );
  }
}

/** Whether the consent itself covers one core at `now`; counters are the host's. */
export function standingCheck(
  { action, expires, window, cores }: StandingDocument,
  partAction: string,
  core: string,
  now: number,
): StandingRefusal | null {
  if (partAction !== action) return 'core-not-listed';
  if (now > expires) return 'standing-expired';
  if (!isWithin(window, now)) return 'outside-window';
  return cores.includes(core) ? null : 'core-not-listed';
}

function isWithin(window: string, now: number): boolean {
  if (window === 'always') return true;
  const minutes = (clock: string): number =>
    Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
  const from = minutes(window.slice(0, 5));
  const to = minutes(window.slice(6));
  const at = Math.floor((now % 86_400) / 60);
  return from < to ? at >= from && at < to : at >= from || at < to;
}
