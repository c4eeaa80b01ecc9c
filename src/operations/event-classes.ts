/**
 * What an event is about for people: what was decided, what changed, who came in, what was refused, what was only looked
 * at. What is not known here counts as a change: nobody passes over it. Pure.
 */
import type { EventRecord } from '#evidence';

export const EVENT_SHOWS = [
  'matters',
  'decisions',
  'changes',
  'sign-ins',
  'refusals',
  'looks',
  'service',
] as const;
/** `matters`: what was done, decided or refused, told once. `refusals`: also what failed. */
export type EventShow = (typeof EVENT_SHOWS)[number];
export const EVENT_CALLERS = ['people', 'assistants', 'service'] as const;
export type EventCaller = (typeof EVENT_CALLERS)[number];

type Told = Pick<EventRecord, 'kind' | 'operation' | 'outcome' | 'fault' | 'surface'>;
type EventClass = 'decisions' | 'changes' | 'sign-ins' | 'looks' | 'service';

export function isShown(event: Told, show: EventShow): boolean {
  const its = classOf(event);
  if (show === 'refusals') return isRefused(event) || event.outcome === 'failed';
  if (show !== 'matters') return its === show;
  // Of a page that looked too early there is nothing to tell; of an assistant that may not look there is.
  if (its === 'looks') return isRefused(event) && ASSISTANTS.has(event.surface);
  if (its === 'service') return event.outcome !== 'done';
  if (isRefused(event)) return event.fault !== ASKED_FIRST;
  return !STEPS.has(event.kind) && !isTwin(event);
}

export function callerOf({ surface, principal }: EventRecord): EventCaller {
  if (ASSISTANTS.has(surface)) return 'assistants';
  return principal.startsWith('operator:') ? 'people' : 'service';
}

export function classOf({ kind, operation }: Pick<Told, 'kind' | 'operation'>): EventClass {
  if (!kind.startsWith('operation')) {
    if (OWN_DECISIONS.has(kind)) return 'decisions';
    return OWN[kind.slice(0, kind.indexOf('.'))] ?? 'changes';
  }
  if (LOOKS.has(operation)) return 'looks';
  if (SIGN_INS.has(operation)) return 'sign-ins';
  return DECISIONS.has(operation) ? 'decisions' : 'changes';
}

const isRefused = ({ kind, outcome }: Told): boolean =>
  outcome === 'refused' || kind.endsWith('.refused');

/** It has an event of its own kind beside it, which says more. */
const isTwin = ({ kind, operation, outcome }: Told): boolean =>
  kind === 'operation' && outcome === 'done' && TWINS.has(operation);

const ASSISTANTS: ReadonlySet<string> = new Set(['mcp-stdio', 'mcp-http', 'api']);

/** No refusal yet: the person is asked for a passkey, and the call comes again. */
const ASKED_FIRST = 'passkey-needed';

const OWN: Readonly<Record<string, EventClass>> = {
  log: 'service',
  service: 'service',
  notice: 'service',
  collect: 'service',
  config: 'decisions',
  standing: 'decisions',
  server: 'decisions',
  session: 'sign-ins',
  passkey: 'sign-ins',
  confirmation: 'sign-ins',
  invitation: 'sign-ins',
  'break-glass': 'sign-ins',
};
const OWN_DECISIONS: ReadonlySet<string> = new Set([
  'change.approved',
  'change.rejected',
  'change.cancelled',
  'change.closed',
  'change.paused',
  'change.resumed',
  'change.ended',
  'change.stopped',
  'change.lifted',
  'change.cleared',
  'enrolment.signed',
  // Somebody at a terminal gave the log another key, or began it anew from a copy.
  'log.key',
  'log.restored',
]);

/** On the way from one word about a change to the next. */
const STEPS: ReadonlySet<string> = new Set([
  'change.proposed',
  'change.previewed',
  'change.intent',
  'change.receipt',
  'change.verified',
]);

const TWINS: ReadonlySet<string> = new Set([
  'run_action',
  'run_command',
  'drift_converge',
  'change_approve',
  'change_reject',
  'change_cancel',
  'change_close',
  'config_apply',
  'stop_lift',
  'emergency_stop',
  'flapping_clear',
  'rollout_end',
  'rollout_pause',
  'rollout_resume',
  'standing_add',
  'standing_revoke',
  'server_confirm',
  'enrolment_apply',
]);

const DECISIONS: ReadonlySet<string> = new Set([
  'change_approve',
  'change_reject',
  'change_cancel',
  'change_close',
  'rollout_end',
  'rollout_pause',
  'rollout_resume',
  'flapping_clear',
  'standing_add',
  'standing_revoke',
  'stop_lift',
  'emergency_stop',
  'config_apply',
  'server_confirm',
  'policy_save',
  'finding_accept',
  'waiver_add',
  'waiver_retire',
  'baseline_bless',
  'baseline_retire',
  'enrolment_apply',
  'lease_issue',
  'lease_readmit',
  'lease_revoke',
  'token_revoke',
  'evidence_hold',
]);

const SIGN_INS: ReadonlySet<string> = new Set([
  'invitation_make',
  'recovery_make',
  'passkey_add',
  'passkey_remove',
  'passkey_rename',
  'session_end',
  'break_glass_open',
  'break_glass_close',
  'oauth_consent',
]);

/** Asked to know something, also where what was seen on the way is kept. */
const LOOKS: ReadonlySet<string> = new Set([
  'access_show',
  'analyze_command',
  'approval_page',
  'approvals_inbox',
  'assistant_activity',
  'baseline_list',
  'baseline_show',
  'break_glass_status',
  'change_bundle',
  'changes_list',
  'changes_regroup',
  'command_statistics',
  'command_suggestions',
  'compare_facts',
  'config_page',
  'config_status',
  'config_wait',
  'config_waiting',
  'console_status',
  'declaration_list',
  'declaration_show',
  'describe_system',
  'doctor',
  'drift_changes',
  'drift_refresh',
  'drift_scan',
  'enrolment_list',
  'enrolment_page',
  'events_list',
  'evidence_status',
  'explain_finding',
  'fact_differences',
  'fact_history',
  'fact_sparkline',
  'find_actions',
  'fleet_changes',
  'fleet_list',
  'fleet_map',
  'fleet_overview',
  'get_change',
  'ingest_observation',
  'invitations_list',
  'lease_list',
  'lease_profiles',
  'log_checkpoint',
  'log_proof',
  'observe',
  'operators_list',
  'passkeys_list',
  'policy_check',
  'policy_explain',
  'policy_matrix',
  'policy_replay',
  'policy_show',
  'policy_test',
  'query_facts',
  'sessions_list',
  'standing_list',
  'standing_page',
  'stop_lift_page',
  'stops_list',
  'target_list',
  'target_show',
  'target_summary',
  'undo_look',
  'verify_log',
  'waiver_list',
  'way_back',
  'what_changed',
]);
