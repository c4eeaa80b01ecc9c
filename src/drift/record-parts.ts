/** The parts of a finding that are objects, as JSON and back. What does not read is a damaged record. */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { formatInstant, type Instant, tryParseInstant } from '#base/time';
import { type Amendment, type Because, CAUSE_VERDICTS, type Cause } from '#model';
import { driftFault } from './faults.ts';

const text = z.string().nullable();
const time = z.string().transform((given, context): Instant => {
  const at = tryParseInstant(given);
  if (at !== undefined) return at;
  context.addIssue('no time');
  return z.NEVER;
});

const becauseForm = z.strictObject({
  id: text,
  title: z.string(),
  rationale: text,
  remediation: text,
  reference: text,
  at: text,
});

const causeForm = z.strictObject({
  verdict: z.enum(CAUSE_VERDICTS),
  person: text,
  change: text,
  route: text,
  intent: z.enum(['corrective', 'intentional']).nullable(),
  confidence: z.enum(['certain', 'likely', 'none']),
  notBefore: time.nullable(),
  notAfter: time,
  evidence: z.array(z.strictObject({ at: time, source: z.string(), says: z.string() })),
  trails: z.array(
    z.strictObject({ trail: z.string(), status: z.enum(['read', 'absent', 'refused']) }),
  ),
});

export function readBecause(value: Json): Because {
  return read('reason', becauseForm, value);
}

const amendedForm = z.array(
  z.strictObject({
    entity: z.string(),
    attribute: z.string(),
    at: time,
    knownAt: time,
    by: z.string(),
    reason: z.string(),
  }),
);

export function readAmended(value: Json): readonly Amendment[] {
  return read('amendment', amendedForm, value);
}

export function readCause(value: Json): Cause {
  return read('cause', causeForm, value);
}

/** Times as text, like everywhere in records and answers. */
export function causeJson(cause: Cause | null): Json {
  if (cause === null) return null;
  const { verdict, person, change, route, intent, confidence, notBefore, notAfter } = cause;
  return {
    verdict,
    person,
    change,
    route,
    intent,
    confidence,
    notBefore: notBefore === null ? null : formatInstant(notBefore),
    notAfter: formatInstant(notAfter),
    evidence: cause.evidence.map(({ at, source, says }) => ({
      at: formatInstant(at),
      source,
      says,
    })),
    trails: cause.trails.map(({ trail, status }) => ({ trail, status })),
  };
}

function read<Form extends z.ZodType>(what: string, form: Form, value: Json): z.output<Form> {
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  throw driftFault('unreadable-record', `record cannot be read: finding, its ${what} is damaged`);
}
