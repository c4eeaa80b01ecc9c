/**
 * Who may sign, and what is in force. Preparing answers a document to sign; only a signed one that
 * fits the one in force before it is taken.
 */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { ASSURANCES } from '#model';
import { administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const operatorId = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, . _ -, beginning with a letter');
const publicKey = z.string().max(8_192).describe('OpenSSH public key: type and base64');
const signature = z.string().min(1).max(16_384);

const requestInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sign') }),
  z.strictObject({
    kind: z.literal('add-operator'),
    id: operatorId,
    name: z.string().max(LIMITS.nameChars),
    key: publicKey,
    accounts: z.array(z.string().max(LIMITS.nameChars)).max(16),
    origins: z
      .array(z.string().max(256))
      .max(16)
      .optional()
      .describe(
        'of a passkey: pages whose signatures by it hosts are to take, besides those they take already',
      ),
  }),
  z.strictObject({ kind: z.literal('revoke-operator'), id: operatorId }),
  z.strictObject({
    kind: z.literal('revoke-key'),
    fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'as operators_list names it'),
  }),
  z.strictObject({ kind: z.literal('add-recovery'), key: publicKey }),
  z.strictObject({ kind: z.literal('trust-root'), key: publicKey, operators: z.array(operatorId) }),
  z.strictObject({
    kind: z.literal('rule'),
    rule: z.enum(['T1', 'T2', 'T3', 'standing', 'config', 'lift']),
    quorum: z.number().int().min(1).max(8),
    least: z.enum(ASSURANCES),
  }),
  z.strictObject({ kind: z.literal('profile'), profile: z.enum(['solo', 'team']) }),
  z.strictObject({ kind: z.literal('origins'), origins: z.array(z.string().max(256)).max(16) }),
]);
export type ConfigRequest = z.output<typeof requestInput>;

export const operatorsList = administering({
  name: 'operators_list',
  title: 'List operators',
  summary:
    'Who may sign, with which keys, and how many signatures of what assurance each tier needs.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { authority }) => (await authority.operators()) as Record<string, Json>,
});

export const configStatus = administering({
  name: 'config_status',
  title: 'What is in force',
  summary:
    'Whether inventory, policy, catalogue, baselines and waivers are as an operator signed them, and what changed since.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { authority }) => (await authority.status()) as Record<string, Json>,
});

export const configPage = administering({
  name: 'config_page',
  title: 'Prepare what is to be in force',
  summary: 'The document that an operator signs to put a configuration, a key or a rule in force.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  mends: true,
  confidential: true,
  input: z.strictObject({ request: requestInput }),
  output: anything,
  run: async (input, { authority }, asking) =>
    (await authority.page(input.request, asking.caller.principal)) as Record<string, Json>,
});

export const configApply = administering({
  name: 'config_apply',
  title: 'Put it in force',
  summary: 'Takes a signed document and puts what it names in force, here and on every host.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  mends: true,
  hides: ['order', 'signatures', 'recoverySignature'],
  input: z.strictObject({
    order: z.string().max(65_536),
    signatures: z.array(signature).min(1).max(8),
    recoverySignature: signature
      .optional()
      .describe('when a recovery key is added: its own signature, which proves that it works'),
  }),
  output: anything,
  run: async (input, { authority }, asking) =>
    (await authority.apply(input, asking.caller.principal)) as Record<string, Json>,
});

export const configWait = administering({
  name: 'config_wait',
  title: 'Leave a document for the console',
  summary: 'Leaves a prepared document to be signed with a passkey in the console, for a day.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  mends: true,
  hides: ['order', 'recoverySignature'],
  input: z.strictObject({
    order: z.string().max(65_536),
    says: z.array(z.string().max(1_000)).max(64),
    recoverySignature: signature.optional(),
  }),
  output: z.object({ digest: z.string(), path: z.string() }),
  run: async ({ order, says, recoverySignature }, { authority }, { caller }) =>
    (await authority.wait(order, says, recoverySignature ?? null, caller.principal)) as {
      digest: string;
      path: string;
    },
});

export const configWaiting = administering({
  name: 'config_waiting',
  title: 'What waits for a passkey',
  summary: 'Documents that somebody at a terminal left to be signed in the console.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  mends: true,
  confidential: true,
  input: z.strictObject({}),
  output: z.object({ waiting: z.array(anything) }),
  run: async (_input, { authority }) => ({
    waiting: (await authority.waiting()) as Record<string, Json>[],
  }),
});
