/** Operations on this service itself: the check of its events, backups and health. */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());

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
