/** How a target stands, in a word with a mark of its own shape; and how many stand how. */
import type { ReactNode } from 'react';
import { Badge, type Tone } from '../kit/index.ts';
import { type Findings, type FleetState, type Kinds, STATES, type States } from './answers.ts';

export const STATE_LOOKS: Readonly<
  Record<
    FleetState,
    { readonly tone: Tone; readonly mark: string; readonly name: string; readonly says: string }
  >
> = {
  unreachable: {
    tone: 'bad',
    mark: '✕',
    name: 'unreachable',
    says: 'the last look could not reach it',
  },
  never: { tone: 'plain', mark: '?', name: 'never seen', says: 'nobody ever looked at it' },
  stale: { tone: 'warn', mark: '◷', name: 'stale', says: 'nothing fresh is known of it' },
  odd: {
    tone: 'warn',
    mark: '▲',
    name: 'drifted',
    says: 'something differs from what is declared',
  },
  partial: { tone: 'info', mark: '◐', name: 'partly seen', says: 'only a part of it is seen' },
  healthy: { tone: 'good', mark: '✓', name: 'healthy', says: 'all of it is seen, and as declared' },
};

export function FleetStateBadge({ state }: { readonly state: FleetState }): ReactNode {
  const { tone, mark, name, says } = STATE_LOOKS[state];
  return (
    <Badge tone={tone} mark={mark} title={says}>
      {name}
    </Badge>
  );
}

/** One bar of all that there is. The words beside it say the same. */
export function StatesBar({ states }: { readonly states: States }): ReactNode {
  const total = STATES.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  const label = STATES.filter((state) => states[state] > 0)
    .map((state) => `${states[state]} ${STATE_LOOKS[state].name}`)
    .join(', ');
  return (
    <div className="states-bar" role="img" aria-label={label === '' ? 'no targets' : label}>
      {STATES.toReversed().map((state) =>
        states[state] > 0 && total > 0 ? (
          <span
            key={state}
            className={`states-part states-${state}`}
            style={{ flexGrow: states[state] }}
            title={`${states[state]} ${STATE_LOOKS[state].name}`}
          />
        ) : null,
      )}
    </div>
  );
}

export function FindingCounts({ findings }: { readonly findings: Findings }): ReactNode {
  const { critical, warning, info } = findings;
  if (critical + warning + info === 0) return <span className="quiet">–</span>;
  return (
    <span className="counts">
      {critical > 0 ? (
        <Badge tone="bad" mark="⬣" title={`${critical} critical`}>
          {critical}
          <span className="hidden-visually"> critical</span>
        </Badge>
      ) : null}
      {warning > 0 ? (
        <Badge tone="warn" title={`${warning} warnings`}>
          {warning}
          <span className="hidden-visually"> warnings</span>
        </Badge>
      ) : null}
      {info > 0 ? (
        <Badge title={`${info} to know`}>
          {info}
          <span className="hidden-visually"> to know</span>
        </Badge>
      ) : null}
    </span>
  );
}

/** How much of what is known of a target is known whole: in words, for nobody to take a part for the whole. */
export function Coverage({ kinds }: { readonly kinds: Kinds }): ReactNode {
  const all = kinds.complete + kinds.partial + kinds.stale + kinds.unreachable;
  if (all === 0) return <span className="quiet">nothing seen</span>;
  const short = (['partial', 'stale', 'unreachable'] as const)
    .filter((status) => kinds[status] > 0)
    .map((status) => `${kinds[status]} ${status}`);
  return (
    <span className="number" title={[`${kinds.complete} complete`, ...short].join(', ')}>
      {kinds.complete} of {all} kinds
    </span>
  );
}
