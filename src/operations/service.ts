/** Operations on this service itself: its events, their verification, backups and health. */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { fitting } from './budget.ts';
import { administering, look } from './operation.ts';

const anything = z.record(z.string(), z.unknown());

export const eventsList = look({
  name: 'events_list',
  title: 'List events',
  summary: 'Lists what was asked of this service, newest first: who, what, decision and outcome.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({
    operation: z.string().max(64).optional(),
    principal: z.string().max(200).optional(),
    target: z.string().max(200).optional(),
    outcome: z.enum(['done', 'failed', 'refused', 'started']).optional(),
    requestId: z.string().max(64).optional(),
    traceId: z.string().max(64).optional(),
    limit: z.number().int().min(1).max(LIMITS.queryMax).optional(),
    before: z.number().int().min(0).optional().describe('sequence number; only older events'),
  }),
  output: z.object({
    events: z.array(anything),
    next: z.number().nullable().describe('give as before for older events'),
  }),
  async run(input, { events }, asking) {
    const { limit, before, ...filter } = input;
    const wanted = limit ?? LIMITS.queryDefault;
    const found = await events.read(filter as Parameters<typeof events.read>[0], wanted, before);
    const kept = fitting(found, asking.answerBytes - 512);
    const last = kept.at(-1);
    return {
      events: kept.map((event) => ({ ...event }) as Record<string, unknown>),
      next:
        last !== undefined &&
        last.seq > 0 &&
        (kept.length < found.length || found.length === wanted)
          ? last.seq
          : null,
    };
  },
});

export const verifyLog = administering({
  name: 'verify_log',
  title: 'Verify the event log',
  summary:
    'Checks every event, tile, checkpoint and the store, and names the first record at fault.',
  capability: 'service.admin',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, powers) => (await powers.verify()) as Record<string, Json>,
});

export const backupStore = administering({
  name: 'backup',
  title: 'Back up',
  summary:
    'Copies everything into one new file, sealed to the recovery and root keys, while the service runs, and checks the copy.',
  capability: 'service.admin',
  taints: false,
  assistants: false,
  mends: true,
  confirms: 'each',
  input: z.strictObject({
    path: z.string().min(1).max(4_096).describe('a file that does not exist yet'),
    plain: z
      .boolean()
      .optional()
      .describe('a directory that is not encrypted; so too where there is no key to seal to'),
  }),
  output: anything,
  run: async (input, powers) =>
    (await powers.backup(input.path, input.plain)) as Record<string, Json>,
});

export const doctor = administering({
  name: 'doctor',
  title: 'Doctor',
  summary: 'Checks this installation and says what to mend.',
  capability: 'service.admin',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, powers) => (await powers.doctor()) as Record<string, Json>,
});
