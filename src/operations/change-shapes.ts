/** The shapes of changes, as every surface publishes them. */
import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { CHANGE_STATES, TIERS, VERDICTS } from '#model';

export const changeIdInput = z.string().min(1).max(LIMITS.nameChars);

const decisionShape = z.object({
  verdict: z.enum(VERDICTS),
  because: z.string().describe('a stable code'),
  says: z.string(),
  policies: z.array(z.string()),
});

/** As it is asked for; what is left out is the careful way. Few words: every assistant pays for each of them. */
export const rolloutInput = z
  .strictObject({
    batch: z.number().int().min(1).max(512),
    waitSeconds: z.number().int().min(0).max(3_600).default(0),
    maxFailures: z.number().int().min(0).max(512).default(0),
    order: z.enum(['by-criticality', 'as-asked']).default('by-criticality'),
  })
  .describe('batches; pauses above maxFailures');

const rolloutState = z.enum(['waiting', 'running', 'held', 'failed', 'untouched']);
const rolloutShape = z.object({
  batches: z.array(
    z.object({
      state: rolloutState,
      targets: z.array(
        z.object({
          target: z.string(),
          state: rolloutState,
          code: z.string().nullable(),
          says: z.string().nullable(),
        }),
      ),
    }),
  ),
  waitSeconds: z.number(),
  maxFailures: z.number(),
  failures: z.number(),
  paused: z
    .object({ by: z.string(), code: z.string(), why: z.string(), at: z.string() })
    .nullable(),
});

const stepShape = z.object({ argv: z.array(z.string()), target: z.string(), effect: z.string() });
const bytesShape = z.object({ sha256: z.string(), length: z.number() });

export const changeShape = z.object({
  changeId: z.string(),
  digest: z.string().nullable().describe('SHA-256 of the plan'),
  tier: z.enum(TIERS).nullable(),
  state: z.enum(CHANGE_STATES),
  action: z.string(),
  targets: z.array(z.string()),
  reason: z.string(),
  requestedBy: z.string(),
  onBehalfOf: z.string().nullable(),
  createdAt: z.string(),
  dryRun: z.boolean(),
  plan: z.object({
    steps: z.array(stepShape.extend({ stdin: bytesShape.nullable() })),
    preconditions: z.array(
      z.object({
        target: z.string(),
        entity: z.string(),
        attribute: z.string(),
        value: z.unknown(),
        absent: z.boolean(),
        why: z.string(),
      }),
    ),
    inverse: z.array(stepShape).nullable(),
    irreversible: z.string().nullable(),
    expiresAt: z.string(),
  }),
  decision: decisionShape,
  next: z.string().describe('what to do now'),
  approvalUrl: z.string().optional().describe('where a person decides; tell them'),
  output: z.string().nullable(),
  outcome: z
    .object({
      state: z.enum(CHANGE_STATES),
      code: z.string().nullable(),
      says: z.string(),
      at: z.string(),
    })
    .nullable(),
  receipts: z.array(
    z.object({
      target: z.string(),
      step: z.number(),
      direction: z.enum(['forward', 'inverse']),
      number: z.number(),
      result: z.string(),
      status: z.number(),
      startedAt: z.string(),
      endedAt: z.string(),
      stdout: bytesShape,
      stderr: bytesShape,
    }),
  ),
  verification: z.array(z.object({ says: z.string(), held: z.boolean() })),
  approvals: z.array(
    z.object({
      operator: z.string(),
      assurance: z.string(),
      at: z.string(),
      samePersonAsRequester: z.boolean(),
    }),
  ),
  undoes: z.string().nullable(),
  rollout: rolloutShape.nullable(),
});

export const stopShape = z.object({
  id: z.string(),
  subject: z.object({ kind: z.string(), name: z.string().optional() }),
  by: z.string(),
  reason: z.string(),
  at: z.string(),
});

export const reasonInput = z.string().min(3).max(LIMITS.reasonChars);
