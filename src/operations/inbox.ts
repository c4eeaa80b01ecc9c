/** What waits for a person, equal requests together, and equal requests made one. */
import * as z from 'zod/v4';
import type { JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Catalogue } from '#catalogue';
import type { InboxGroup } from '#execution';
import { TIERS } from '#model';
import { pinned } from './audit-arguments.ts';
import { changeIdInput, changeShape } from './change-shapes.ts';
import { changing } from './operation.ts';
import { shown } from './run-action.ts';

const termsShape = z.object({
  action: z.string(),
  targets: z.array(z.string()),
  arguments: z.record(z.string(), z.array(z.unknown())),
  days: z.number(),
  window: z.string(),
  budget: z.object({ runs: z.number(), perSeconds: z.number() }),
  cooldownSeconds: z.number(),
  evenTainted: z.boolean(),
  reason: z.string(),
});

const groupShape = z.object({
  key: z.string(),
  action: z.string(),
  arguments: z
    .record(z.string(), z.unknown())
    .describe('what is secret, or of an action that is not known any more, by length and hash'),
  tier: z.enum(TIERS).nullable(),
  alone: z.boolean().describe('decided on by itself'),
  changes: z.array(
    z.object({
      changeId: z.string(),
      targets: z.array(z.string()),
      reason: z.string(),
      requestedBy: z.string(),
      onBehalfOf: z.string().nullable(),
      createdAt: z.string(),
      decideBy: z.string().nullable(),
      tainted: z.boolean(),
      signedBy: z.array(z.string()),
    }),
  ),
  equalApproved: z.number().describe('approved by hand in the last thirty days'),
  offer: termsShape.nullable().describe('what could be consented to in advance'),
});

export const approvalsInbox = changing({
  name: 'approvals_inbox',
  title: 'What waits for approval',
  summary:
    'Changes that wait for a person, equal requests together, with an offer of a standing approval after three equal ones.',
  capability: 'changes.read',
  taints: true,
  assistants: false,
  narrows: true,
  reads: true,
  input: z.strictObject({}),
  output: z.object({ groups: z.array(groupShape) }),
  async run(_input, { road, requester, catalogue }) {
    const groups = road.inbox(requester);
    const known = groups.length === 0 ? undefined : await catalogue().catch(() => undefined);
    return { groups: groups.map((group) => told(group, known)) };
  },
});

export const changesRegroup = changing({
  name: 'changes_regroup',
  title: 'Make equal requests one',
  summary:
    'Makes equal requests that wait one change over all their targets, to be signed once; the single ones are taken back.',
  capability: 'changes.decide',
  taints: true,
  assistants: false,
  narrows: true,
  input: z.strictObject({ changeIds: z.array(changeIdInput).min(2).max(LIMITS.queryMax) }),
  output: changeShape,
  async run({ changeIds }, { road, requester }) {
    return shown(await road.regroup(requester, changeIds));
  },
});

function told(group: InboxGroup, catalogue: Catalogue | undefined): z.input<typeof groupShape> {
  const open = openArguments(group.action, catalogue);
  const hidden = Object.keys(group.arguments).filter((name) => !open.has(name));
  const masked = Object.entries(group.arguments).map(([name, value]) => [
    name,
    open.has(name) ? value : pinned(value),
  ]);
  return {
    ...group,
    arguments: Object.fromEntries(masked) as JsonObject,
    changes: group.changes.map((change) => ({
      ...change,
      targets: [...change.targets],
      signedBy: [...change.signedBy],
    })),
    // What may not be shown is not consented to for a month either.
    offer:
      group.offer === null || hidden.length > 0
        ? null
        : (structuredClone(group.offer) as z.input<typeof termsShape>),
  };
}

function openArguments(action: string, catalogue: Catalogue | undefined): ReadonlySet<string> {
  try {
    const specs = catalogue?.find(action).arguments ?? [];
    return new Set(specs.filter(({ secret }) => !secret).map(({ name }) => name));
  } catch {
    return new Set();
  }
}
