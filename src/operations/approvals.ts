/**
 * What a person decides with their key. None of these is offered to assistants: an approval is a
 * signature made outside this program, and what is brought here is checked against the bytes on record.
 */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { ChangeRoad, StopSubject } from '#execution';
import { resolveTarget } from '#inventory';
import { changeIdInput, changeShape, reasonInput, stopShape } from './change-shapes.ts';
import { beyond } from './confine.ts';
import { type Asking, changing } from './operation.ts';
import { shown } from './run-action.ts';

const SIGNATURE_CHARS = 16_384;
const signatureInput = z.string().min(1).max(SIGNATURE_CHARS).describe('armored SSHSIG');
const anything = z.record(z.string(), z.unknown());

/** Answers the unspent envelope: for the surface where a person signs, and no other. */
export const approvalPage = changing({
  name: 'approval_page',
  title: 'Show what is to be signed',
  summary: 'Everything a person must see before signing a change, and the bytes to sign.',
  capability: 'changes.decide',
  taints: true,
  assistants: false,
  narrows: true,
  input: z.strictObject({ changeId: changeIdInput }),
  output: anything,
  async run(input, { road, requester }) {
    return (await road.approvalPage(requester, input.changeId)) as unknown as Record<string, Json>;
  },
  confidential: true,
});

export const changeApprove = changing({
  name: 'change_approve',
  title: 'Approve a change',
  summary: 'Takes a signature over exactly one plan; runs it when enough people signed.',
  capability: 'changes.decide',
  taints: true,
  assistants: false,
  narrows: true,
  // Until it is spent, a signature is nobody's to read.
  hides: ['signature'],
  input: z.strictObject({
    changeId: changeIdInput,
    signature: signatureInput,
    typedTarget: z.string().max(256).optional().describe("T3: the target's name, as typed"),
    reason: reasonInput.optional().describe('T3: why, as typed'),
  }),
  output: changeShape,
  async run(input, { road, requester }) {
    return shown(
      await road.approve(requester, {
        changeId: input.changeId,
        signature: input.signature,
        typedTarget: input.typedTarget ?? null,
        reason: input.reason ?? null,
      }),
    );
  },
});

const deciding = (
  name: 'reject' | 'cancel' | 'close',
  title: string,
  summary: string,
): ReturnType<typeof changing> =>
  changing({
    name: `change_${name}`,
    title,
    summary,
    capability: 'changes.decide',
    taints: true,
    assistants: false,
    narrows: true,
    input: z.strictObject({ changeId: changeIdInput, reason: reasonInput }),
    output: changeShape,
    async run(input, { road, requester }) {
      return shown(await road[name](requester, input.changeId, input.reason));
    },
  });

export const changeReject = deciding('reject', 'Reject a change', 'Ends a change that waits.');
export const changeCancel = deciding(
  'cancel',
  'Cancel a change',
  'Withdraws a change, also from hosts that wait to run it.',
);
export const changeUndo = changing({
  name: 'change_undo',
  title: 'Undo a change',
  summary: 'Runs the signed way back, or proposes it where that may not run any more.',
  capability: 'changes.decide',
  taints: true,
  assistants: false,
  narrows: true,
  input: z.strictObject({
    changeId: changeIdInput,
    reason: reasonInput,
    only: z
      .array(z.string().min(1).max(LIMITS.nameChars))
      .min(1)
      .max(512)
      .optional()
      .describe('only on these of its targets: proposed, and signed anew'),
  }),
  output: changeShape,
  async run({ changeId, reason, only }, { road, requester }) {
    return shown(await road.undo(requester, changeId, reason, only));
  },
});

export const undoLook = changing({
  name: 'undo_look',
  title: 'Look before an undo',
  summary:
    'Compares three ways what a change touched: before it, as it left it, and now. Looks at its targets.',
  capability: 'changes.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ changeId: changeIdInput }),
  output: z.object({
    changeId: z.string(),
    compared: z.array(
      z.object({
        target: z.string(),
        what: z.string(),
        before: z.string(),
        made: z.string().describe('as the change left it'),
        now: z.string(),
        moved: z.boolean(),
      }),
    ),
    moved: z.array(z.string()),
    unmoved: z.array(z.string()).describe('can be taken back alone'),
  }),
  async run({ changeId }, { road, requester }) {
    const look = await road.undoLook(requester, changeId);
    return {
      ...look,
      compared: look.compared.map((each) => ({ ...each })),
      moved: [...look.moved],
      unmoved: [...look.unmoved],
    };
  },
});

const rollingOut = (
  name: 'pause' | 'end',
  title: string,
  summary: string,
): ReturnType<typeof changing> =>
  changing({
    name: `rollout_${name}`,
    title,
    summary,
    capability: 'changes.decide',
    taints: true,
    assistants: false,
    narrows: true,
    input: z.strictObject({ changeId: changeIdInput, reason: reasonInput }),
    output: changeShape,
    async run(input, { road, requester }) {
      const act = name === 'pause' ? 'pauseRollout' : 'endRollout';
      return shown(await road[act](requester, input.changeId, input.reason));
    },
  });

export const rolloutPause = rollingOut(
  'pause',
  'Pause a rollout',
  'No further batch begins until an operator lets it go on.',
);
export const rolloutEnd = rollingOut(
  'end',
  'End a rollout',
  'What was not begun never will be; answers what ran where.',
);
export const rolloutResume = changing({
  name: 'rollout_resume',
  title: 'Let a rollout go on',
  summary:
    'Lets a paused rollout go on, what failed so far forgiven; answers when its next batch was verified.',
  capability: 'changes.decide',
  taints: true,
  assistants: false,
  narrows: true,
  input: z.strictObject({
    changeId: changeIdInput,
    reason: reasonInput,
    maxFailures: z
      .number()
      .int()
      .min(0)
      .max(512)
      .optional()
      .describe('from here on, in place of what the plan says'),
  }),
  output: changeShape,
  async run({ changeId, reason, maxFailures }, { road, requester }) {
    return shown(await road.resumeRollout(requester, changeId, reason, maxFailures ?? null));
  },
});

export const changeClose = deciding(
  'close',
  'Close a change',
  'Says that a person looked at an ambiguous change and that it is over.',
);

export const flappingClear = changing({
  name: 'flapping_clear',
  title: 'Allow it again',
  summary: 'Says that an action which was stopped for flapping may be tried on a target again.',
  capability: 'changes.decide',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({
    target: z.string().min(1).max(256),
    action: z.string().min(1).max(128),
  }),
  output: z.object({ cleared: z.string() }),
  async run(input, { road, requester }, asking) {
    const target = asking.isWhole
      ? input.target
      : resolveTarget(asking.inventory, input.target, asking.scopes).id;
    await road.clearFlapping(requester, target, input.action);
    return { cleared: `${input.action} on ${target}` };
  },
});

export const stopsList = changing({
  name: 'stops_list',
  title: 'List stops',
  summary: 'Lists the emergency stops in force.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  reads: true,
  mends: true,
  input: z.strictObject({}),
  output: z.object({ stops: z.array(stopShape), unreadable: z.string().nullable() }),
  run(_input, { road, requester }, asking) {
    const { stops, unreadable } = road.stops();
    return {
      stops: stops
        .filter(({ subject }) => concerns(subject, requester.session, asking))
        .map((stop) => ({ ...stop, subject: { ...stop.subject } })),
      unreadable,
    };
  },
});

/** Whoever may see only some is told of what stops them, and not of what stops others. */
function concerns(subject: StopSubject, session: string, asking: Asking): boolean {
  if (asking.isWhole) return true;
  switch (subject.kind) {
    case 'fleet':
    case 'action':
      return true;
    case 'scope':
      return asking.scopes.includes(subject.name);
    case 'target':
      return asking.inventory.byId.has(subject.name);
    case 'session':
      return subject.name === session;
    case 'rule':
      return false;
  }
}

/** Whoever reaches only some lifts what stops their own targets, or their own session, and nothing that stops others. */
function mustConcern(stopId: string, road: ChangeRoad, session: string, asking: Asking): void {
  if (asking.isWhole) return;
  const stop = road.stops().stops.find(({ id }) => id === stopId);
  const isShown = stop !== undefined && concerns(stop.subject, session, asking);
  if (isShown && (stop.subject.kind === 'target' || stop.subject.kind === 'session')) return;
  if (isShown) throw beyond(`a stop of more than your own: ${stopId}`);
  throw new Fault(
    'missing',
    'unknown-stop',
    `no such stop: ${stopId.slice(0, 80)}. List them first`,
  );
}

export const stopLiftPage = changing({
  name: 'stop_lift_page',
  title: 'Show what lifts a stop',
  summary: 'The bytes an operator signs to lift a stop.',
  capability: 'changes.decide',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({ stopId: changeIdInput }),
  output: z.object({ order: z.string(), namespace: z.string() }),
  confidential: true,
  run(input, { road, requester }, asking) {
    mustConcern(input.stopId, road, requester.session, asking);
    return road.liftPage(input.stopId);
  },
});

export const stopLift = changing({
  name: 'stop_lift',
  title: 'Lift a stop',
  summary: "Lifts a stop with an operator's signature.",
  capability: 'changes.decide',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  hides: ['order', 'signature'],
  input: z.strictObject({
    stopId: changeIdInput,
    order: z.string().max(65_536),
    signature: signatureInput,
  }),
  output: z.object({ lifted: z.string() }),
  async run(input, { road, requester }, asking) {
    mustConcern(input.stopId, road, requester.session, asking);
    await road.lift(requester, input.stopId, input.order, input.signature);
    return { lifted: input.stopId };
  },
});
