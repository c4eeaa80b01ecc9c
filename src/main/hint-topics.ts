/**
 * What an event moved, for whoever has a page open. A look moves nothing: whoever asks again after a hint leaves an
 * event too, and must not be the reason to ask again.
 */
import type { EventInput } from '#evidence';
import type { Topic } from '#web';

const FACTS = ['facts', 'findings', 'log'] as const;
const CHANGES = ['changes', 'log'] as const;
const SESSIONS = ['sessions', 'log'] as const;

/** Operations that change something. What is not here only tells, whatever its effect is called. */
const MOVED: Readonly<Record<string, readonly Topic[]>> = {
  observe: FACTS,
  ingest_observation: FACTS,
  drift_refresh: ['findings'],
  finding_accept: FACTS,
  baseline_bless: FACTS,
  baseline_retire: FACTS,
  waiver_add: FACTS,
  waiver_retire: FACTS,
  target_add: ['targets', ...FACTS],
  target_remove: ['targets', ...FACTS],
  enrolment_start: ['targets', 'log'],
  enrolment_add: ['targets', 'log'],
  enrolment_remove: ['targets', 'log'],
  enrolment_apply: ['targets', 'log'],
  enrolment_keys: ['targets', 'log'],
  config_apply: ['targets', 'sessions', 'changes', 'log'],
  run_action: CHANGES,
  drift_converge: CHANGES,
  changes_regroup: CHANGES,
  change_approve: CHANGES,
  change_reject: CHANGES,
  change_cancel: CHANGES,
  change_undo: CHANGES,
  change_close: CHANGES,
  rollout_pause: CHANGES,
  rollout_resume: CHANGES,
  rollout_end: CHANGES,
  flapping_clear: CHANGES,
  standing_add: CHANGES,
  standing_revoke: CHANGES,
  emergency_stop: ['stops', ...CHANGES],
  stop_lift: ['stops', ...CHANGES],
  lease_issue: ['leases', 'log'],
  lease_revoke: ['leases', 'log'],
  lease_readmit: ['leases', 'log'],
  token_revoke: ['leases', 'log'],
  config_wait: ['log'],
  invitation_make: SESSIONS,
  passkey_remove: SESSIONS,
  passkey_rename: SESSIONS,
  session_end: SESSIONS,
  recovery_make: SESSIONS,
  break_glass_close: SESSIONS,
  declaration_propose: ['findings', 'log'],
  command_draft: ['log'],
  command_move: ['log'],
  policy_save: ['log'],
  evidence_hold: ['log'],
  evidence_prune: ['log'],
  log_checkpoint: ['log'],
};

export function topicsOf({
  kind,
  operation,
  outcome,
}: Pick<EventInput, 'kind' | 'operation' | 'outcome'>): readonly Topic[] {
  if (kind === 'operation')
    return outcome === 'done' && Object.hasOwn(MOVED, operation ?? '')
      ? (MOVED[operation ?? ''] ?? [])
      : [];
  const [family = ''] = kind.split('.');
  switch (family) {
    case 'change':
    case 'rollout':
      return CHANGES;
    case 'stop':
      return ['stops', ...CHANGES];
    case 'session':
    case 'passkey':
    case 'invitation':
    case 'recovery':
    case 'break-glass':
      return SESSIONS;
    case 'lease':
      return ['leases', 'log'];
    default:
      return ['log'];
  }
}
