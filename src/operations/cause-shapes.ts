/** Who caused something, as answers tell it. */
import * as z from 'zod/v4';
import { CAUSE_VERDICTS } from '#model';

const text = z.string().nullable();

export const trailsShape = z
  .array(z.object({ trail: z.string(), status: z.enum(['read', 'absent', 'refused']) }))
  .describe('which audit trails could be read for that time');

export const causeShape = z.object({
  verdict: z
    .enum(CAUSE_VERDICTS)
    .describe('a person is named only where an audit record says that they did it'),
  person: text,
  change: text,
  route: text.describe('how, where that is known without a person'),
  intent: z.enum(['corrective', 'intentional']).nullable(),
  confidence: z.enum(['certain', 'likely', 'none']),
  notBefore: text,
  notAfter: z.string(),
  evidence: z
    .array(z.object({ at: z.string(), source: z.string(), says: z.string() }))
    .describe('what target logs say is a claim of the target'),
  trails: trailsShape,
});
