/**
 * What is told, and to whom. The text of a finding is partly a target's own: it was cleaned before it was recorded, is
 * cut here, and stands in plain fields, never in markup.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { type Finding, type FindingStatus, SEVERITIES } from '#model';
import { inert, shown } from './inert.ts';
import type { NoticeSettings, Subscription } from './settings.ts';

/** A finding whose status is another than before; `was` is `null` for a new one. */
export type Transition = {
  readonly finding: Finding;
  readonly was: FindingStatus | null;
  readonly at: Instant;
};

export type Notice = {
  /** The same for the same occurrence, so that who gets it twice can tell. */
  readonly id: string;
  readonly subscription: string;
  readonly event:
    | 'finding.opened'
    | 'finding.resolved'
    | 'report'
    | 'change.waiting'
    | 'change.done'
    | 'change.failed'
    | 'change.undone'
    | 'change.rejected'
    | 'change.expired'
    | 'stop.tripped'
    | 'stop.lifted'
    | 'lease.issued'
    | 'lease.revoked'
    | 'break-glass.opened'
    | 'break-glass.ended'
    | 'passkey.registered';
  readonly at: Instant;
  readonly subject: string;
  /** Path in the console: where to look and decide. It names an id and grants nothing. */
  readonly link: string;
  /** What a program reads. */
  readonly data: { readonly [key: string]: Json };
  /** What a person reads: plain lines. */
  readonly lines: readonly string[];
};

const MOST_FINDINGS = 50;

/** One notice for each subscription and kind of event: many findings of one moment are one message. */
export function compose(
  transitions: readonly Transition[],
  settings: NoticeSettings,
  at: Instant,
): readonly Notice[] {
  return settings.subscriptions.flatMap((subscription) => {
    const about = transitions.filter(({ finding }) => wants(subscription, finding));
    const opened = about.filter(({ finding, was }) => finding.status === 'open' && was !== 'open');
    const resolved = subscription.resolved
      ? about.filter(({ finding, was }) => finding.status === 'resolved' && was === 'open')
      : [];
    return [
      ...noticeOf(subscription, 'finding.opened', opened, at),
      ...noticeOf(subscription, 'finding.resolved', resolved, at),
    ];
  });
}

function wants({ about, severity, scopes }: Subscription, finding: Finding): boolean {
  return (
    about.includes('findings') &&
    SEVERITIES.indexOf(finding.severity) >= SEVERITIES.indexOf(severity) &&
    (scopes === null || scopes.includes(finding.scope))
  );
}

function noticeOf(
  { name }: Subscription,
  event: 'finding.opened' | 'finding.resolved',
  transitions: readonly Transition[],
  at: Instant,
): readonly Notice[] {
  if (transitions.length === 0) return [];
  const sorted = transitions.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(b.finding.severity) - SEVERITIES.indexOf(a.finding.severity) ||
      (a.finding.id < b.finding.id ? -1 : 1),
  );
  const most = sorted.slice(0, MOST_FINDINGS);
  const worst = sorted[0]?.finding.severity ?? 'info';
  const targets = [...new Set(sorted.map(({ finding }) => finding.target))];
  const where = targets.length === 1 ? inert(targets[0] ?? '', 100) : `${targets.length} targets`;
  const what = event === 'finding.opened' ? 'drift' : 'drift over';
  const many = sorted.length === 1 ? '1 finding' : `${sorted.length} findings`;
  const key = sorted.map(({ finding }) => `${finding.id} ${finding.firstSeen} ${finding.status}`);
  return [
    {
      id: `notice_${sha256(canonicalJson([name, event, ...key])).slice(0, 24)}`,
      subscription: name,
      event,
      at,
      subject: `[holdfast] ${worst} ${what}: ${many} on ${where}`,
      link: sorted.length === 1 ? `/findings/${sorted[0]?.finding.id ?? ''}` : '/drift',
      data: {
        type: event,
        timestamp: formatInstant(at),
        data: {
          findings: most.map(({ finding }) => told(finding, shown)),
          total: sorted.length,
          targets: targets.slice(0, MOST_FINDINGS),
        },
      },
      lines: [
        ...most
          .map(({ finding }) => told(finding, inert))
          .flatMap((each) => [
            `${each.severity}: ${each.target} ${each.entity} ${each.attribute} is ${each.kind}`,
            `  declared ${each.desired}`,
            `  observed ${each.observed}`,
            `  since ${each.firstSeen}${each.owner === null ? '' : `, owner ${each.owner}`}`,
            `  ${each.decide}`,
          ]),
        ...(sorted.length > most.length ? [`… and ${sorted.length - most.length} more`] : []),
        'This message decides nothing: look, and decide there.',
      ],
    },
  ];
}

type Told = {
  readonly id: string;
  readonly target: string;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  readonly declaration: string;
  readonly owner: string | null;
  readonly desired: string;
  readonly observed: string;
  readonly firstSeen: string;
  readonly decide: string;
};

/** Text of a target by way of `text`. */
function told(finding: Finding, text: (value: Json) => string): Told {
  return {
    id: finding.id,
    target: finding.target,
    entity: text(finding.entity),
    attribute: text(finding.attribute),
    kind: finding.kind,
    severity: finding.severity,
    status: finding.status,
    declaration: finding.baseline,
    owner: finding.owner === null ? null : text(finding.owner),
    desired: text(finding.desired),
    observed: text(finding.observed),
    firstSeen: formatInstant(finding.firstSeen),
    decide: `look: holdfast drift explain ${finding.id}`,
  };
}
