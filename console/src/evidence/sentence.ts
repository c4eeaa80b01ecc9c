/** What an event of the log says, as a sentence: who, what they did, and where to read on. Pure. */
import { actionName } from '../change/shapes.ts';
import type { Shown } from '../verify/index.ts';

export type Event = Shown & {
  readonly time: string;
  readonly kind: string;
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly surface: string;
  readonly operation: string;
  readonly outcome: string;
  readonly fault: string | null;
  readonly targets: readonly string[];
  readonly tainted: boolean;
  readonly arguments?: unknown;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly decision: { readonly verdict: string; readonly because: string };
  readonly requestId: string;
};

export type Sentence = {
  /** Without who did it, and without its end: what went wrong is said beside it. */
  readonly says: string;
  /** What it was done to, each with its page where it has one. */
  readonly of: readonly Mention[];
};
export type Mention = {
  readonly kind: 'change' | 'target' | 'lease';
  readonly id: string;
  readonly name: string;
};

const MOST_TARGETS = 3;

export function sentenceOf(event: Event): Sentence {
  const action = textOf(event.more, 'action') ?? textOf(event.arguments, 'action');
  const change =
    textOf(event.more, 'change') ??
    textOf(event.arguments, 'changeId') ??
    textOf(event.arguments, 'change');
  const lease =
    textOf(event.more, 'lease') ??
    textOf(event.arguments, 'lease') ??
    (LEASES.has(event.operation) ? textOf(event.arguments, 'id') : undefined);
  const targets = event.targets.slice(0, MOST_TARGETS);
  return {
    says: saysOf(event),
    of: [
      ...(change?.startsWith('chg_') === true
        ? [{ kind: 'change' as const, id: change, name: nameOf(action, change) }]
        : []),
      ...(lease === undefined ? [] : [{ kind: 'lease' as const, id: lease, name: lease }]),
      ...targets.map((id) => ({ kind: 'target' as const, id, name: id })),
    ],
  };
}

const LEASES: ReadonlySet<string> = new Set(['lease_revoke', 'lease_readmit']);

const nameOf = (action: string | undefined, change: string): string =>
  action === undefined ? change : actionName(action);

function saysOf(event: Event): string {
  const { kind, operation, more, decision } = event;
  const of = (name: string): string => {
    const value = more?.[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
  };
  switch (kind) {
    case 'operation':
      return ASKED[operation] ?? `asked for ${operation.replaceAll('_', ' ')}`;
    case 'operation.undone':
      return `had ${operation.replaceAll('_', ' ')} taken back, since it could not be written down`;
    case 'change.decided':
      return decision.verdict === 'needs-approval'
        ? 'asked for a change, which waits for a person'
        : decision.verdict === 'deny'
          ? 'asked for a change, which is not allowed'
          : 'asked for a change, which is allowed';
    case 'change.outcome':
      return `ran a change, which ended as ${of('state')}`;
    case 'change.verified':
      return `checked a change: ${of('held')} of ${of('of')} checks held`;
    case 'config.signed':
      return `signed the configuration, version ${of('version')}`;
    case 'log.checkpoint':
      return `signed a checkpoint over ${of('size')} records`;
    default:
      return OWN[kind] ?? `wrote down ${kind.replaceAll(/[.-]/g, ' ')}`;
  }
}

/** What the service wrote down by itself, in the words of who caused it. */
const OWN: Readonly<Record<string, string>> = {
  'change.proposed': 'asked for a change',
  'change.previewed': 'asked for a change, and saw what it would do',
  'change.refused': 'asked for a change, which was refused',
  'change.approved': 'approved a change',
  'change.rejected': 'rejected a change',
  'change.cancelled': 'cancelled a change',
  'change.closed': 'closed a change',
  'change.expired': 'let a change expire',
  'change.intent': 'began to run a change',
  'change.receipt': 'brought back a receipt of a change',
  'change.resumed': 'went on with a change',
  'change.paused': 'paused a rollout',
  'change.ended': 'ended a rollout',
  'change.stopped': 'stopped what was going on',
  'change.lifted': 'lifted a stop',
  'change.cleared': 'let a change run again that had gone back and forth',
  'change.undone': 'took a change back',
  'session.opened': 'signed in',
  'session.refused': 'was not let in',
  'session.ended': 'ended a session',
  'passkey.registered': 'registered a passkey',
  'passkey.refused': 'was refused a passkey',
  'passkey.removed': 'removed a passkey',
  'confirmation.refused': 'did not confirm with a passkey',
  'invitation.made': 'invited a person',
  'break-glass.opened': 'broke the glass',
  'break-glass.refused': 'was refused to break the glass',
  'break-glass.ended': 'mended the glass',
  'standing.added': 'consented in advance',
  'standing.revoked': 'took a consent in advance back',
  'host.enrolled': 'enrolled a host',
  'host.unenrolled': 'removed the enrolment of a host',
  'enrolment.signed': 'signed for hosts to be enrolled',
  'server.confirmed': 'confirmed how this service is reached',
  'service.started': 'started the service',
  'service.stopped': 'stopped the service',
  'log.opened': 'began the log',
  'log.key': 'handed the log on to another key',
  'log.restored': 'restored the log',
  'notice.sent': 'sent a notice',
  'outputs.pruned': 'destroyed kept outputs',
  'transport.keys': 'changed the keys that hosts are entered with',
};

const ASKED: Readonly<Record<string, string>> = {
  baseline_bless: 'blessed what is as the baseline',
  baseline_retire: 'retired a baseline',
  break_glass_close: 'mended the glass',
  break_glass_open: 'asked to break the glass',
  change_approve: 'approved a change',
  change_bundle: 'took the bundle of a change',
  change_cancel: 'cancelled a change',
  change_close: 'closed a change',
  change_reject: 'rejected a change',
  change_undo: 'asked to take a change back',
  config_apply: 'signed the configuration',
  drift_converge: 'asked to take differences back',
  drift_refresh: 'looked again for differences',
  emergency_stop: 'stopped what was going on',
  evidence_export: 'exported events',
  evidence_hold: 'changed what is held',
  evidence_output: 'read a kept output',
  evidence_prune: 'destroyed old outputs',
  explain_finding: 'explained a difference',
  finding_accept: 'accepted a difference',
  ingest_observation: 'handed in what was seen',
  lease_issue: 'lent a lease to an assistant',
  lease_readmit: 'let an assistant in again',
  lease_revoke: 'took a lease back',
  observe: 'looked at a target',
  passkey_remove: 'removed a passkey',
  passkey_rename: 'renamed a passkey',
  policy_save: 'wrote policy files',
  query_facts: 'read facts',
  rollout_end: 'ended a rollout',
  rollout_pause: 'paused a rollout',
  rollout_resume: 'went on with a rollout',
  run_action: 'asked for a change',
  run_command: 'asked to run a command',
  session_end: 'ended a session',
  standing_add: 'consented in advance',
  standing_revoke: 'took a consent in advance back',
  stop_lift: 'lifted a stop',
  target_add: 'added a target',
  target_remove: 'removed a target',
  token_revoke: 'took tokens back',
  waiver_add: 'waived a difference',
  waiver_retire: 'ended a waiver',
};

function textOf(of: unknown, name: string): string | undefined {
  const value =
    typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
