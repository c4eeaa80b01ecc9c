/** Standing approvals: a person's signed consent, in advance, for one action with listed arguments. */
import * as z from 'zod/v4';
import type { JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import { changeIdInput, reasonInput } from './change-shapes.ts';
import { changing } from './operation.ts';

const standingShape = z.object({
  id: z.string(),
  action: z.string(),
  targets: z.array(z.string()),
  digest: z.string(),
  signedBy: z.array(z.string()),
  issuedAt: z.string(),
  expiresAt: z.string(),
  window: z.string(),
  budget: z.object({ runs: z.number(), perSeconds: z.number() }),
  cooldownSeconds: z.number(),
  evenTainted: z.boolean(),
  plans: z.number().describe('how many exact steps it covers'),
  state: z.enum(['active', 'expired', 'revoked']),
  reason: z.string(),
});

export const standingPage = changing({
  name: 'standing_page',
  title: 'Prepare a standing approval',
  summary: 'The document an operator signs to consent in advance, and everything it would cover.',
  capability: 'changes.decide',
  taints: false,
  assistants: false,
  narrows: true,
  confidential: true,
  input: z.strictObject({
    action: z.string().min(1).max(128),
    targets: z.array(z.string().min(1).max(LIMITS.nameChars)).min(1).max(64),
    arguments: z
      .record(z.string().max(64), z.array(z.unknown()).min(1).max(64))
      .describe('each argument with every value that is consented to'),
    days: z.number().int().min(1).max(90),
    window: z
      .string()
      .regex(/^(?:always|\d\d:\d\d-\d\d:\d\d)$/)
      .describe('always, or HH:MM-HH:MM UTC'),
    budget: z.strictObject({
      runs: z.number().int().min(1).max(10_000),
      perSeconds: z.number().int().min(60).max(2_678_400),
    }),
    cooldownSeconds: z.number().int().min(0).max(86_400),
    evenTainted: z.boolean(),
    reason: reasonInput,
  }),
  output: z.record(z.string(), z.unknown()),
  async run(input, { road, requester }) {
    const page = await road.standingPage(requester, {
      ...input,
      arguments: input.arguments as Readonly<Record<string, readonly JsonObject[string][]>>,
    });
    return { ...page };
  },
});

export const standingAdd = changing({
  name: 'standing_add',
  title: 'Add a standing approval',
  summary: 'Takes a signed standing approval; from then on what it covers may run by itself.',
  capability: 'changes.decide',
  taints: false,
  assistants: false,
  narrows: true,
  hides: ['signatures'],
  input: z.strictObject({
    order: z.string().max(65_536),
    signatures: z.array(z.string().min(1).max(16_384)).min(1).max(8),
  }),
  output: standingShape,
  run: async (input, { road, requester }) =>
    structuredClone(await road.addStanding(requester, input)) as z.input<typeof standingShape>,
});

export const standingList = changing({
  name: 'standing_list',
  title: 'List standing approvals',
  summary: 'Lists what people consented to in advance.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  reads: true,
  input: z.strictObject({}),
  output: z.object({ standings: z.array(standingShape) }),
  run: async (_input, { road, requester }, asking) => ({
    standings: structuredClone(
      road
        .standings(requester)
        .filter(
          ({ targets }) =>
            asking.isWhole || targets.every((target) => asking.inventory.byId.has(target)),
        ),
    ) as z.input<typeof standingShape>[],
  }),
});

export const standingRevoke = changing({
  name: 'standing_revoke',
  title: 'Revoke a standing approval',
  summary: 'Ends a standing approval now. It only takes away, so it needs no signature.',
  capability: 'changes.decide',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({ standingId: changeIdInput, reason: reasonInput }),
  output: standingShape,
  run: async (input, { road, requester }) =>
    structuredClone(
      await road.revokeStanding(requester, input.standingId, input.reason),
    ) as z.input<typeof standingShape>,
});
