/**
 * What is told, and to whom. The text of a finding is partly a target's own: it was cleaned before it was recorded, is
 * cut here, and stands in plain fields, never in markup.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { type Finding, type FindingStatus, SEVERITIES } from '#model';
import { clean } from '#redaction';
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
  readonly event: 'finding.opened' | 'finding.resolved' | 'report';
  readonly at: Instant;
  readonly subject: string;
  /** What a program reads. */
  readonly data: { readonly [key: string]: Json };
  /** What a person reads: plain lines. */
  readonly lines: readonly string[];
};

const SHOWN_CHARS = 300;
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

function wants({ severity, scopes }: Subscription, finding: Finding): boolean {
  return (
    SEVERITIES.indexOf(finding.severity) >= SEVERITIES.indexOf(severity) &&
    (scopes === null || scopes.includes(finding.scope))
  );
}

function noticeOf(
  { name }: Subscription,
  event: Exclude<Notice['event'], 'report'>,
  transitions: readonly Transition[],
  at: Instant,
): readonly Notice[] {
  if (transitions.length === 0) return [];
  const sorted = transitions.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(b.finding.severity) - SEVERITIES.indexOf(a.finding.severity) ||
      (a.finding.id < b.finding.id ? -1 : 1),
  );
  const shown = sorted.slice(0, MOST_FINDINGS).map(({ finding }) => told(finding));
  const worst = sorted[0]?.finding.severity ?? 'info';
  const targets = [...new Set(sorted.map(({ finding }) => finding.target))];
  const where = targets.length === 1 ? (targets[0] ?? '') : `${targets.length} targets`;
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
      data: {
        type: event,
        timestamp: formatInstant(at),
        data: { findings: shown, total: sorted.length, targets: targets.slice(0, MOST_FINDINGS) },
      },
      lines: [
        ...shown.flatMap((each) => [
          `${each.severity}: ${each.target} ${each.entity} ${each.attribute} is ${each.kind}`,
          `  declared ${each.desired}`,
          `  observed ${each.observed}`,
          `  since ${each.firstSeen}${each.owner === null ? '' : `, owner ${each.owner}`}`,
          `  ${each.decide}`,
        ]),
        ...(sorted.length > shown.length ? [`… and ${sorted.length - shown.length} more`] : []),
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

function told(finding: Finding): Told {
  return {
    id: finding.id,
    target: finding.target,
    entity: shown(finding.entity),
    attribute: finding.attribute,
    kind: finding.kind,
    severity: finding.severity,
    status: finding.status,
    declaration: finding.baseline,
    owner: finding.owner,
    desired: shown(finding.desired),
    observed: shown(finding.observed),
    firstSeen: formatInstant(finding.firstSeen),
    decide: `look: holdfast drift explain ${finding.id}`,
  };
}

function shown(value: Json): string {
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return clean(text, { maxChars: SHOWN_CHARS }).text.replaceAll(/\s+/g, ' ');
}
