/** The list of changes: what a state means for a person, how far a rollout is, and what a filter leaves. */
export type Change = {
  readonly changeId: string;
  readonly action: string;
  readonly state: string;
  readonly tier: string | null;
  readonly targets: readonly string[];
  readonly reason: string;
  readonly requestedBy: string;
  readonly onBehalfOf: string | null;
  readonly createdAt: string;
  readonly dryRun: boolean;
  readonly undoes: string | null;
  readonly plan: { readonly steps: readonly unknown[]; readonly expiresAt: string };
  readonly receipts: readonly { readonly result: string; readonly direction: string }[];
  readonly outcome: {
    readonly says: string;
    readonly at: string;
    readonly code: string | null;
  } | null;
  readonly approvals: readonly { readonly operator: string }[];
  readonly rollout: {
    readonly batches: readonly {
      readonly state: string;
      readonly targets: readonly { readonly state: string }[];
    }[];
    readonly paused: { readonly why: string } | null;
  } | null;
};

/** What people ask for: states that go together. */
export const PARTS = {
  all: [],
  waiting: ['proposed', 'previewed'],
  running: ['approved', 'executing'],
  look: ['failed', 'ambiguous'],
  done: ['confirmed', 'closed', 'rolled-back'],
  not: ['refused', 'expired', 'cancelled'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Part = keyof typeof PARTS;

export const isPart = (text: string): text is Part => Object.hasOwn(PARTS, text);

export function shownOf(
  changes: readonly Change[],
  filter: {
    readonly part: Part;
    readonly find: string;
    readonly tier: string;
    readonly by: string;
  },
): readonly Change[] {
  const states: readonly string[] = PARTS[filter.part];
  const words = filter.find.toLowerCase().split(/\s+/).filter(Boolean);
  return changes.filter((change) => {
    const { state, tier, requestedBy, onBehalfOf, action, targets, reason, changeId } = change;
    if (states.length > 0 && !states.includes(state)) return false;
    if (filter.tier !== 'all' && tier !== filter.tier) return false;
    const isAssistant = !requestedBy.startsWith('operator:');
    if (filter.by === 'assistants' && !isAssistant) return false;
    if (filter.by === 'people' && isAssistant) return false;
    const text =
      `${changeId} ${action} ${targets.join(' ')} ${requestedBy} ${onBehalfOf ?? ''} ${reason}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export type Progress = { readonly done: number; readonly failed: number; readonly all: number };

/** Of targets in a rollout, of steps otherwise. `null`: nothing to tell. */
export function progressOf({ rollout, receipts, plan, state }: Change): Progress | null {
  if (rollout !== null) {
    const states = rollout.batches.flatMap(({ targets }) => targets.map((each) => each.state));
    return {
      done: states.filter((each) => each === 'held').length,
      failed: states.filter((each) => each === 'failed').length,
      all: states.length,
    };
  }
  if (state !== 'executing' || plan.steps.length === 0) return null;
  const forward = receipts.filter(({ direction }) => direction === 'forward').length;
  return { done: Math.min(forward, plan.steps.length), failed: 0, all: plan.steps.length };
}

/** The tone of a state. */
export function toneOf(state: string): 'good' | 'warn' | 'bad' | 'info' | 'plain' {
  switch (state) {
    case 'confirmed':
    case 'closed':
      return 'good';
    case 'proposed':
    case 'previewed':
    case 'rolled-back':
      return 'warn';
    case 'approved':
    case 'executing':
      return 'info';
    case 'failed':
    case 'ambiguous':
    case 'refused':
      return 'bad';
    default:
      return 'plain';
  }
}
