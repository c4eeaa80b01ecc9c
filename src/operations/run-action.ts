/** What an assistant, or a person, asks to be done; and what became of it. */
import * as z from 'zod/v4';
import type { JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { ArgumentSpec, Catalogue } from '#catalogue';
import type { ChangeView, StopSubject } from '#execution';
import { CHANGE_STATES } from '#model';
import { pinned } from './audit-arguments.ts';
import {
  changeIdInput,
  changeShape,
  reasonInput,
  rolloutInput,
  stopShape,
} from './change-shapes.ts';
import { changing, type Told } from './operation.ts';

/** Of one proposal; an action takes fewer at a time, and so does a batch. */
const MOST_TARGETS = 512;
const TOLD_TARGETS = 64;

/**
 * The event tells an argument by length and hash where it is text, which may be anything, and where the
 * action does not know it.
 */
export function auditedProposal(input: unknown, catalogue: Catalogue | undefined): unknown {
  const { action, args, ...rest } = (input ?? {}) as Readonly<Record<string, unknown>>;
  if (args === null || typeof args !== 'object') return input;
  const specs = new Map(argumentsOf(action, catalogue).map((spec) => [spec.name, spec]));
  const told = Object.entries(args as JsonObject).map(([name, value]) => {
    const spec = specs.get(name);
    const isOpen = spec === undefined || spec.secret || spec.type === 'text';
    return [name, isOpen ? pinned(value) : value];
  });
  return { ...rest, action, args: Object.fromEntries(told) as JsonObject };
}

function argumentsOf(action: unknown, catalogue: Catalogue | undefined): readonly ArgumentSpec[] {
  try {
    return typeof action === 'string' ? (catalogue?.find(action).arguments ?? []) : [];
  } catch {
    return [];
  }
}

function toldOf(view: z.output<typeof changeShape>): Told {
  return {
    decision: { verdict: view.decision.verdict, because: view.decision.because },
    targets: view.targets.slice(0, TOLD_TARGETS),
    more: { change: view.changeId, plan: view.digest, state: view.state },
  };
}

export const shown = (view: ChangeView): z.input<typeof changeShape> =>
  structuredClone(view) as z.input<typeof changeShape>;

export const runAction = changing({
  name: 'run_action',
  title: 'Run an action',
  summary:
    'Proposes an action on targets. T0 answers its output at once; what changes a machine waits for a person to sign: poll get_change, do not call again.',
  capability: 'changes.propose',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    action: z.string().min(1).max(128).describe('from find_actions'),
    targets: z
      .array(z.string().min(1).max(LIMITS.nameChars))
      .min(1)
      .max(MOST_TARGETS)
      .describe('ids from describe_system'),
    args: z.record(z.string().max(64), z.unknown()).optional().describe('its arguments'),
    reason: reasonInput.describe('for the person who signs'),
    dryRun: z.boolean().optional().describe('stop after the preview'),
    rollout: rolloutInput.optional(),
    idempotencyKey: z
      .string()
      .min(1)
      .max(LIMITS.nameChars)
      .optional()
      .describe('the same key, the same change'),
  }),
  output: changeShape,
  async run(input, { road, requester }) {
    return shown(
      await road.propose(requester, {
        action: input.action,
        targets: input.targets,
        arguments: (input.args ?? {}) as JsonObject,
        reason: input.reason,
        dryRun: input.dryRun ?? false,
        idempotencyKey: input.idempotencyKey ?? null,
        ...(input.rollout === undefined ? {} : { rollout: input.rollout }),
      }),
    );
  },
  told: toldOf,
  audits: auditedProposal,
});

export const getChange = changing({
  name: 'get_change',
  title: 'Get a change',
  summary: 'Answers how a change stands: its plan, decision, approvals, receipts and outcome.',
  capability: 'changes.read',
  taints: true,
  assistants: true,
  narrows: true,
  reads: true,
  input: z.strictObject({ changeId: changeIdInput }),
  output: changeShape,
  run: (input, { road, requester }) => shown(road.get(requester, input.changeId)),
});

export const changesList = changing({
  name: 'changes_list',
  title: 'List changes',
  summary: 'Lists changes, newest first; pending: what waits for a person.',
  capability: 'changes.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  reads: true,
  input: z.strictObject({
    state: z.enum(CHANGE_STATES).optional(),
    target: z.string().max(LIMITS.nameChars).optional(),
    pending: z.boolean().optional(),
    limit: z.number().int().min(1).max(200).optional(),
    before: z.string().max(64).optional().describe('next of the page before'),
  }),
  output: z.object({ changes: z.array(changeShape), next: z.string().nullable() }),
  run(input, { road, requester }) {
    const { limit, before, ...filter } = input;
    const page = road.list(
      requester,
      Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
      limit ?? 20,
      before,
    );
    return { changes: page.changes.map(shown), next: page.next };
  },
});

const subjectInput = z
  .enum(['fleet', 'scope', 'target', 'action', 'rule', 'session'])
  .describe('an assistant stops only what it may act on, never the fleet');

export const emergencyStop = changing({
  name: 'emergency_stop',
  title: 'Emergency stop',
  summary:
    'Stops changes at once: new work is refused and running work is ended. Only a person can lift it.',
  capability: 'stop.trip',
  taints: false,
  assistants: true,
  narrows: true,
  mends: true,
  input: z.strictObject({
    subject: subjectInput,
    name: z
      .string()
      .max(LIMITS.nameChars)
      .optional()
      .describe('of it; leave out for your own session'),
    reason: reasonInput,
  }),
  output: z.object({ stop: stopShape, next: z.string() }),
  async run(input, { road, requester }) {
    const stop = await road.stop(requester, subjectOf(input, requester.session), input.reason);
    return {
      stop: { ...stop, subject: { ...stop.subject } },
      next: `Stopped. Only an operator lifts it, with their key: holdfast stop lift ${stop.id}`,
    };
  },
});

function subjectOf(
  { subject, name }: { readonly subject: StopSubject['kind']; readonly name?: string | undefined },
  session: string,
): StopSubject {
  if (subject === 'fleet') return { kind: 'fleet' };
  return { kind: subject, name: name ?? (subject === 'session' ? session : '') };
}
