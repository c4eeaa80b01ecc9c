/**
 * Which hosts are ours. What a host said of itself is kept as pending, and is used for nothing until an operator
 * has signed the record of it; the signature is checked here as a host checks one.
 */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const targetId = z.string().min(1).max(128);
const targets = z.array(targetId).min(1).max(1_000);
const keyLine = z.string().max(2_100);
const word = z.string().max(400);

const pinsInput = z.strictObject({
  target: targetId,
  organisation: word,
  hostId: z.string().regex(/^[0-9a-f]{32}$/),
  epoch: z.number().int().min(1).max(999_999_999),
  receiptKey: keyLine,
  hostKeys: z.array(keyLine).min(1).max(8),
  capability: z.enum(['full', 'key-only', 'reader-only']),
  runnerBy: z.enum(['sudo', 'root', 'none']),
  version: word,
  server: word,
  client: word,
});
export type PinsInput = z.output<typeof pinsInput>;

/** Answers are JSON in the form each operation publishes. */
export type EnrolmentPowers = {
  /** What a host is told, and of each target how it is reached and what is known of it. Makes the transport keys. */
  readonly start: (targets: readonly string[]) => Promise<Json>;
  /** Keeps what a host said of itself, pending. */
  readonly add: (pins: PinsInput, principal: string) => Promise<Json>;
  /** Keeps, pending, that a host is none any more. */
  readonly remove: (target: string, principal: string) => Promise<Json>;
  readonly list: () => Promise<Json>;
  /** The record to sign, of what is pending. Changes nothing. */
  readonly page: (targets: readonly string[] | undefined) => Promise<Json>;
  readonly apply: (
    signed: { readonly order: string; readonly signatures: readonly string[] },
    principal: string,
  ) => Promise<Json>;
  /** `stage` makes the next transport keys, `try` enters hosts with them, `commit` uses them from now on. */
  readonly keys: (
    verb: 'stage' | 'try' | 'commit',
    targets: readonly string[],
    principal: string,
  ) => Promise<Json>;
};

export const enrolmentStart = administering({
  name: 'enrolment_start',
  title: 'Begin to enrol hosts',
  summary: 'What a host is told when it is enrolled, and how each target is reached.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  input: z.strictObject({ targets }),
  output: anything,
  run: async (input, { enrolment }) =>
    (await enrolment.start(input.targets)) as Record<string, Json>,
});

export const enrolmentAdd = administering({
  name: 'enrolment_add',
  title: 'Keep what a host said of itself',
  summary: 'Keeps the pins of a host until an operator signs for them; nothing uses them before.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  input: z.strictObject({ host: pinsInput }),
  output: anything,
  run: async (input, { enrolment }, asking) =>
    (await enrolment.add(input.host, asking.caller.principal)) as Record<string, Json>,
});

export const enrolmentRemove = administering({
  name: 'enrolment_remove',
  title: 'Take a host out',
  summary: 'Keeps, until an operator signs for it, that a host is not used any more.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  input: z.strictObject({ target: targetId }),
  output: anything,
  run: async (input, { enrolment }, asking) =>
    (await enrolment.remove(input.target, asking.caller.principal)) as Record<string, Json>,
});

export const enrolmentList = administering({
  name: 'enrolment_list',
  title: 'List enrolled hosts',
  summary: 'Which hosts are enrolled, what each can check, and what waits for a signature.',
  capability: 'inventory.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { enrolment }) => (await enrolment.list()) as Record<string, Json>,
});

export const enrolmentPage = administering({
  name: 'enrolment_page',
  title: 'Prepare an enrolment record',
  summary: 'The record that an operator signs over the hosts that wait for it.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  confidential: true,
  input: z.strictObject({ targets: targets.optional() }),
  output: anything,
  run: async (input, { enrolment }) =>
    (await enrolment.page(input.targets)) as Record<string, Json>,
});

export const enrolmentApply = administering({
  name: 'enrolment_apply',
  title: 'Enrol the hosts of a signed record',
  summary: 'Takes a signed enrolment record; from then on its hosts are used.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  hides: ['order', 'signatures'],
  input: z.strictObject({
    order: z.string().max(65_536),
    signatures: z.array(z.string().min(1).max(16_384)).min(1).max(8),
  }),
  output: anything,
  run: async (input, { enrolment }, asking) =>
    (await enrolment.apply(input, asking.caller.principal)) as Record<string, Json>,
});

export const enrolmentKeys = administering({
  name: 'enrolment_keys',
  title: 'Change the transport keys',
  summary: 'Makes the next keys that hosts are entered with, tries them, and uses them.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  confirms: 'each',
  input: z.strictObject({ verb: z.enum(['stage', 'try', 'commit']), targets: targets.optional() }),
  output: anything,
  run: async (input, { enrolment }, asking) =>
    (await enrolment.keys(input.verb, input.targets ?? [], asking.caller.principal)) as Record<
      string,
      Json
    >,
});
