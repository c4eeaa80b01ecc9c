/** What needs a person now, most pressing first: one line for each, with where to go. Pure. */
import type { ChangeLine, Overview } from './answers.ts';

export type Need = {
  readonly id: string;
  readonly tone: 'bad' | 'warn' | 'info';
  readonly mark: string;
  readonly says: string;
  readonly why: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly action: string;
};

export type Situation = {
  readonly overview: Overview | undefined;
  readonly waiting: number;
  readonly ambiguous: readonly ChangeLine[];
  readonly failed: readonly ChangeLine[];
  readonly config: { readonly status: string; readonly changed: readonly unknown[] } | undefined;
};

const many = (count: number, one: string, more: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : more}`;

export function needsOf({ overview, waiting, ambiguous, failed, config }: Situation): Need[] {
  const needs: Need[] = [];
  if (overview !== undefined && !overview.log.writable)
    needs.push({
      id: 'log',
      tone: 'bad',
      mark: '✕',
      says: 'The event log cannot be written',
      why: `Nothing that writes is accepted: ${overview.log.reason ?? 'the reason is not known'}`,
      to: '/evidence',
      action: 'See the log',
    });
  if (config?.status === 'changed' || config?.status === 'restored')
    needs.push({
      id: 'config',
      tone: 'bad',
      mark: '✎',
      says:
        config.status === 'restored'
          ? 'This service was restored: its configuration waits for a signature'
          : 'The configuration is not as it was signed',
      why: 'Changes are frozen until an operator signs what is in force. Looking goes on.',
      to: '/settings',
      action: 'See what changed',
    });
  if (waiting > 0)
    needs.push({
      id: 'approvals',
      tone: 'warn',
      mark: '▲',
      says: `${many(waiting, 'change waits', 'changes wait')} for your signature`,
      why: 'Nothing of it runs before, and each expires by itself.',
      to: '/approvals',
      action: 'Decide',
    });
  if (ambiguous.length > 0)
    needs.push({
      id: 'ambiguous',
      tone: 'bad',
      mark: '?',
      says: `${many(ambiguous.length, 'change', 'changes')} with an effect that is not known`,
      why: 'It was sent, and nobody can tell yet what came of it. It is never sent again by itself.',
      to: '/changes',
      search: { state: 'ambiguous' },
      action: 'Look at it',
    });
  if (failed.length > 0)
    needs.push({
      id: 'failed',
      tone: 'bad',
      mark: '✕',
      says: `${many(failed.length, 'change', 'changes')} failed in the last week`,
      why: 'Each says what ran, what did not, and whether there is a way back.',
      to: '/changes',
      search: { state: 'failed' },
      action: 'See why',
    });
  if (overview === undefined) return needs;
  const { findings, states } = overview;
  if (findings.critical > 0)
    needs.push({
      id: 'critical',
      tone: 'bad',
      mark: '⬣',
      says: many(findings.critical, 'critical finding is open', 'critical findings are open'),
      why: 'Something that security rests on is not as declared.',
      to: '/drift',
      search: { severity: 'critical' },
      action: 'See them',
    });
  if (states.unreachable > 0)
    needs.push({
      id: 'unreachable',
      tone: 'bad',
      mark: '✕',
      says: many(states.unreachable, 'target cannot be reached', 'targets cannot be reached'),
      why: 'What was last seen of them is not taken for how they are.',
      to: '/fleet',
      search: { states: 'unreachable' },
      action: 'List them',
    });
  if (states.stale > 0)
    needs.push({
      id: 'stale',
      tone: 'warn',
      mark: '◷',
      says: `${many(states.stale, 'target', 'targets')} with nothing fresh known`,
      why: 'Nobody looked at them for longer than they may go unseen.',
      to: '/fleet',
      search: { states: 'stale' },
      action: 'List them',
    });
  if (findings.warning > 0)
    needs.push({
      id: 'warning',
      tone: 'warn',
      mark: '▲',
      says: many(findings.warning, 'warning is open', 'warnings are open'),
      why: 'Something differs from what is declared.',
      to: '/drift',
      action: 'See the drift board',
    });
  if (states.never > 0)
    needs.push({
      id: 'never',
      tone: 'info',
      mark: '?',
      says: `Nobody ever looked at ${many(states.never, 'target', 'targets')}`,
      why: 'They stand in the inventory, and nothing is known of them.',
      to: '/fleet',
      search: { states: 'never' },
      action: 'List them',
    });
  return needs;
}

/** Failures a person should still look at. */
export function failedSince(changes: readonly ChangeLine[], sinceMs: number): ChangeLine[] {
  return changes.filter(({ createdAt }) => Date.parse(createdAt) >= sinceMs);
}

/** How much of a fleet is really seen: whole numbers that never round up to everything. */
export function seenShare({ states, targets }: Pick<Overview, 'states' | 'targets'>): number {
  if (targets === 0) return 0;
  const seen = states.healthy + states.odd + states.partial;
  return Math.floor((seen / targets) * 100);
}
