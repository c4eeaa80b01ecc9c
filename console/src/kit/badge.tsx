/** Short states. Each has a word and a mark of its own shape; the colour only repeats them. */
import type { ReactNode } from 'react';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'info' | 'foreign' | 'accent';

const MARKS: Readonly<Record<Tone, string>> = {
  plain: '○',
  good: '✓',
  warn: '▲',
  bad: '✕',
  info: '●',
  foreign: '◆',
  accent: '●',
};

export function Badge({
  tone = 'plain',
  mark,
  title,
  children,
}: {
  readonly tone?: Tone;
  /** `false`: the word alone. */
  readonly mark?: string | false;
  readonly title?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <span className={`badge badge-${tone}`} title={title}>
      {mark === false ? null : (
        <span className="badge-mark" aria-hidden="true">
          {mark ?? MARKS[tone]}
        </span>
      )}
      {children}
    </span>
  );
}

const TIERS: Readonly<Record<string, readonly [Tone, string]>> = {
  T0: ['good', 'looks only'],
  T1: ['info', 'small and reversible'],
  T2: ['warn', 'a person signs'],
  T3: ['bad', 'dangerous: name and reason are typed'],
};

export function TierBadge({
  tier,
  long,
}: {
  readonly tier: string | null;
  readonly long?: boolean;
}): ReactNode {
  const [tone, says] = TIERS[tier ?? ''] ?? ['plain', 'not yet known'];
  return (
    <Badge tone={tone} mark={false} title={says}>
      {long === true ? `${tier ?? '–'} · ${says}` : (tier ?? '–')}
    </Badge>
  );
}

const SEVERITIES: Readonly<Record<string, Tone>> = {
  critical: 'bad',
  high: 'bad',
  warning: 'warn',
  medium: 'warn',
  low: 'info',
  info: 'plain',
};

export function SeverityBadge({ severity }: { readonly severity: string }): ReactNode {
  const mark = severity === 'critical' ? '⬣' : severity === 'high' ? '▲' : undefined;
  return (
    <Badge tone={SEVERITIES[severity] ?? 'plain'} {...(mark === undefined ? {} : { mark })}>
      {severity}
    </Badge>
  );
}

const STATES: Readonly<Record<string, Tone>> = {
  previewed: 'warn',
  active: 'good',
  confirmed: 'good',
  held: 'good',
  proposed: 'info',
  approved: 'info',
  executing: 'info',
  running: 'info',
  failed: 'bad',
  refused: 'bad',
  revoked: 'bad',
  ambiguous: 'bad',
};

/** Where the service's own word would puzzle people. */
const STATE_WORDS: Readonly<Record<string, string>> = {
  previewed: 'waits for approval',
  proposed: 'being prepared',
  ambiguous: 'effect not known',
};

export function stateInWords(state: string): string {
  return STATE_WORDS[state] ?? state.replaceAll('-', ' ');
}

/** Of a change, a lease, a step. */
export function StateBadge({
  state,
  tone,
}: {
  readonly state: string;
  readonly tone?: Tone;
}): ReactNode {
  return <Badge tone={tone ?? STATES[state] ?? 'plain'}>{stateInWords(state)}</Badge>;
}

const ASSURANCES: Readonly<Record<string, readonly [Tone, string]>> = {
  'same-user': ['warn', 'a software key: whatever runs as that account can sign'],
  touch: ['good', 'a passkey or security key, with presence and verification'],
  separate: ['good', 'a passkey, on a page that another machine or account served'],
};

/** `long`: what the word means stands beside it. */
export function AssuranceBadge({
  assurance,
  long = false,
}: {
  readonly assurance: string;
  readonly long?: boolean;
}): ReactNode {
  const [tone, says] = ASSURANCES[assurance] ?? ['plain', assurance];
  const badge = (
    <Badge tone={tone} title={says}>
      {assurance}
    </Badge>
  );
  return long ? (
    <>
      {badge} <span className="small">{says}</span>
    </>
  ) : (
    badge
  );
}
