/**
 * How long a difference must be seen before it is believed. What security rests on never waits;
 * what flaps by nature is `pending` until a second look, some time after the first, shows it still.
 */
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import { type Debounce, type Finding, type FindingRules, keyOf, kindOf } from '#model';
import type { Difference } from './difference.ts';
import type { KindRules } from './facts.ts';
import { ruleSaying } from './finding-rules.ts';

const AT_ONCE: Debounce = { seconds: 0, looks: 1 };

/** A restart, an update or a reboot is over by then. */
const ACTIVITY: Debounce = { seconds: 300, looks: 2 };
/** Jobs and builds that run in containers come and go. */
const CONTAINERS: Debounce = { seconds: 900, looks: 2 };
/** Sockets that a program opened for answers to its own questions. */
const EPHEMERAL: Debounce = { seconds: 300, looks: 3 };
/** One look that fell short says little; a host that restarts is back by then. */
const SHORTFALL: Debounce = { seconds: 1_800, looks: 2 };

const ACTIVITY_ATTRIBUTES: ReadonlySet<string> = new Set([
  'state.active',
  'state.failed',
  'running',
  'synchronized',
]);
/** Linux gives ports from here on by default, net.ipv4.ip_local_port_range. */
const FIRST_EPHEMERAL_PORT = 32_768;

export function debounceOf(finding: Difference, rules: FindingRules, kinds: KindRules): Debounce {
  const ruled = ruleSaying('debounce', finding, rules)?.debounce;
  if (finding.kind === 'unknown') return ruled ?? ofShortfall(finding);
  const kind = kindOf(finding.entity);
  if (isEphemeral(finding.entity)) return ruled ?? EPHEMERAL;
  if (kinds.isSecurity(kind, finding.attribute) || finding.severity === 'critical') return AT_ONCE;
  if (ruled !== undefined && ruled !== null) return ruled;
  if (ACTIVITY_ATTRIBUTES.has(finding.attribute)) return ACTIVITY;
  if (kind === 'container') return CONTAINERS;
  return AT_ONCE;
}

/** What was never looked at, is not trusted or is stale has waited already. */
function ofShortfall({ observed }: Difference): Debounce {
  const status =
    typeof observed === 'object' && observed !== null && !Array.isArray(observed)
      ? (observed as { readonly status?: unknown }).status
      : undefined;
  return status === 'partial' || status === 'unreachable' ? SHORTFALL : AT_ONCE;
}

/** Only UDP: what listens on TCP was opened for others, on whatever port. */
export function isEphemeral(entity: string): boolean {
  if (kindOf(entity) !== 'port') return false;
  const found = /(?:^|\/)udp6?\/.*:(\d{1,5})$/.exec(keyOf(entity));
  return found !== null && Number(found[1]) >= FIRST_EPHEMERAL_PORT;
}

/** Whether it was there for long enough, in enough looks. Of what could not be seen only the time counts. */
export function isBelieved(
  finding: Pick<Finding, 'kind' | 'firstSeen' | 'lastSeen' | 'looks'>,
  { seconds, looks }: Debounce,
  now: Instant,
): boolean {
  const until = finding.kind === 'unknown' ? now : finding.lastSeen;
  if (until - finding.firstSeen < seconds * MICROS_PER_SECOND) return false;
  return finding.kind === 'unknown' || finding.looks >= looks;
}
