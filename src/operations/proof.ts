/** What is given to people who do not trust this program. */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { parseInstant } from '#base/time';
import { changeIdInput, reasonInput } from './change-shapes.ts';
import { administering } from './operation.ts';
import { timeText } from './shapes.ts';

const anything = z.record(z.string(), z.unknown());
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits');

export const changeBundle = administering({
  name: 'change_bundle',
  title: 'Bundle of a change',
  summary: 'Everything a stranger needs to check one change, signed, in one file.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  input: z.strictObject({ changeId: changeIdInput }),
  output: z.object({ changeId: z.string(), bundle: z.string(), notices: z.array(z.string()) }),
  run: async (input, { proof }) =>
    (await proof.bundle(input.changeId)) as {
      changeId: string;
      bundle: string;
      notices: string[];
    },
});

export const evidenceStatus = administering({
  name: 'evidence_status',
  title: 'How far the log is anchored',
  summary: 'How far the log is signed, witnessed and timestamped, and what is kept of outputs.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { proof }) => (await proof.status()) as Record<string, Json>,
});

export const evidenceOutput = administering({
  name: 'evidence_output',
  title: 'Show a kept output',
  summary: 'The redacted output of a step, by its hash.',
  capability: 'events.read',
  taints: true,
  assistants: false,
  confirms: 'recent',
  input: z.strictObject({ sha256 }),
  output: anything,
  run: async (input, { proof }) => (await proof.output(input.sha256)) as Record<string, Json>,
});

export const evidenceHold = administering({
  name: 'evidence_hold',
  title: 'Hold or release',
  summary: 'Puts the outputs of a change, or of all, under legal hold, or releases them.',
  capability: 'evidence.write',
  taints: false,
  assistants: false,
  confirms: 'recent',
  input: z.strictObject({
    change: z.string().min(1).max(128).describe('a change id, or all'),
    reason: reasonInput,
    release: z.boolean().optional(),
  }),
  output: anything,
  run: async (input, { proof }) =>
    (await proof.hold(input.change, input.reason, input.release !== true)) as Record<string, Json>,
});

export const evidencePrune = administering({
  name: 'evidence_prune',
  title: 'Prune kept outputs',
  summary: 'Destroys outputs older than a moment that nothing holds, and leaves the proof of it.',
  capability: 'evidence.write',
  taints: false,
  assistants: false,
  confirms: 'each',
  input: z.strictObject({ before: timeText('outputs kept before this') }),
  output: anything,
  run: async (input, { proof }) =>
    (await proof.prune(parseInstant(input.before))) as Record<string, Json>,
});

export const evidenceExport = administering({
  name: 'evidence_export',
  title: 'Export events',
  summary: 'Events as OCSF JSON lines or RFC 5424 syslog, oldest first.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  confirms: 'recent',
  input: z.strictObject({
    format: z.enum(['ocsf', 'syslog']),
    after: z.number().int().min(-1).optional().describe('only events later than this number'),
    limit: z.number().int().min(1).max(10_000).optional(),
  }),
  output: z.object({ lines: z.array(z.string()), next: z.number() }),
  run: async (input, { proof }) =>
    (await proof.export(input.format, input.after ?? -1, input.limit ?? 1_000)) as {
      lines: string[];
      next: number;
    },
});

const hash = z.string();
const provedRecord = z.object({
  seq: z.number(),
  record: z.string().describe('canonical JSON: its UTF-8 bytes are the leaf'),
  proof: z.array(hash).describe('RFC 9162 2.1.3, hex, innermost first'),
});

export const logCheckpoint = administering({
  name: 'log_checkpoint',
  title: 'Newest checkpoint',
  summary:
    'The newest signed checkpoint, the line of keys it stands on, and the proof that it extends one you remember.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({
    earlier: z.number().int().min(0).optional().describe('size of a checkpoint you remember'),
    sign: z.boolean().optional().describe('sign one over everything on record first'),
  }),
  output: z.object({
    note: z.string().describe('C2SP signed note'),
    size: z.number(),
    key: z.string().describe('verifier key in use'),
    keys: z.array(provedRecord).describe('the first record, and each that hands the key over'),
    consistency: z
      .object({ earlier: z.number(), proof: z.array(hash) })
      .nullable()
      .describe('null where the log is shorter than what you remember'),
    witnesses: z
      .array(
        z.object({
          key: z.string().describe('verifier key'),
          cosigned: z
            .object({ note: z.string(), proof: z.array(hash) })
            .nullable()
            .describe('the newest note with its cosignature, and that the checkpoint extends it'),
        }),
      )
      .describe('as evidence.yaml names them'),
  }),
  run: async (input, { proof }) =>
    (await proof.checkpoint(input.earlier, input.sign === true)) as never,
});

export const logProof = administering({
  name: 'log_proof',
  title: 'Prove records',
  summary: 'Records exactly as they are hashed, each with the proof that the log of a size has it.',
  capability: 'events.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({
    seqs: z.array(z.number().int().min(0)).min(1).max(200),
    size: z.number().int().min(1).describe('of a checkpoint'),
  }),
  output: z.object({ size: z.number(), records: z.array(provedRecord) }),
  run: async (input, { proof }) => (await proof.prove(input.seqs, input.size)) as never,
});
