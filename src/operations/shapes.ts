/** The shapes that several operations take and give; the schemas that every surface publishes. */
import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant } from '#base/time';
import { causeJson } from '#drift';
import {
  COVERAGE_STATUS,
  type Coverage,
  DECLARATION_KINDS,
  FACT_TYPES,
  type FactVersion,
  FINDING_KINDS,
  FINDING_STATUS,
  type Finding,
  SEVERITIES,
} from '#model';
import type { StoredFact } from '#store';

export const timeText = (about: string): z.ZodString => z.string().max(40).describe(about);

export const scopeInput = z
  .string()
  .max(LIMITS.nameChars)
  .optional()
  .describe('org/site; default all');
export const limitInput = z
  .number()
  .int()
  .min(1)
  .max(LIMITS.queryMax)
  .optional()
  .describe(`default ${LIMITS.queryDefault}, at most ${LIMITS.queryMax}`);
export const cursorInput = z
  .string()
  .max(4_096)
  .optional()
  .describe('nextCursor of the page before');

export const factTypeInput = z.enum(FACT_TYPES).optional().describe('default observed');

const value = z.unknown().describe('any JSON; null is a value');

export const factShape = z.object({
  entity: z.string(),
  attribute: z.string(),
  value,
  type: z.enum(FACT_TYPES),
  target: z.string(),
  source: z.string(),
  validFrom: z.string(),
  validTo: z.string().nullable(),
  recordedAt: z.string(),
  supersededAt: z.string().nullable(),
  ageSeconds: z.number().describe('since the newest confirmation'),
  scope: z.string(),
  altered: z.boolean().optional().describe('true: the value was cleaned of a secret'),
});

export const coverageShape = z.object({
  target: z.string(),
  source: z.string().nullable(),
  kind: z.string(),
  status: z.enum(COVERAGE_STATUS),
  observedAt: z.string().nullable(),
  ageSeconds: z.number().nullable(),
  reason: z.string().nullable(),
  scope: z.string(),
});

export const versionShape = factShape.omit({ ageSeconds: true }).extend({
  actor: z.string(),
  reason: z.string().nullable(),
  observationId: z.string(),
});

export const signatureShape = z
  .enum(['signed', 'unsigned'])
  .describe('signed: what is in force by an operator names its digest');

const text = z.string().nullable();

export const becauseShape = z.object({
  id: text,
  title: z.string(),
  rationale: text,
  remediation: text,
  reference: text,
  at: text,
});

export const findingShape = z.object({
  id: z.string(),
  target: z.string(),
  baseline: z.string().describe('the declaration, of whatever kind'),
  declared: z.enum(DECLARATION_KINDS),
  entity: z.string(),
  attribute: z.string().describe('* when the whole entity is missing or unexpected'),
  kind: z.enum(FINDING_KINDS),
  severity: z.enum(SEVERITIES),
  observed: value,
  desired: value,
  notBefore: text.describe('it began after this: last seen as declared'),
  firstSeen: z.string(),
  lastSeen: z.string(),
  status: z.enum(FINDING_STATUS).describe('pending: not seen for long enough to be believed'),
  owner: text,
  because: becauseShape.nullable(),
  cause: z.unknown().describe('who caused it, once asked'),
  scope: z.string(),
});

export function showFinding(finding: Finding): z.input<typeof findingShape> {
  const { looks: _looks, cause, because, ...told } = finding;
  return {
    ...told,
    notBefore: time(finding.notBefore),
    firstSeen: formatInstant(finding.firstSeen),
    lastSeen: formatInstant(finding.lastSeen),
    because: because === null ? null : { ...because },
    cause: causeJson(cause),
  };
}

export const nextCursor = z.string().nullable().describe('null on the last page');

const time = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

export function showFact(fact: StoredFact, asOf: Instant): z.input<typeof factShape> {
  return {
    entity: fact.entity,
    attribute: fact.attribute,
    value: fact.value,
    type: fact.type,
    target: fact.target,
    source: fact.source,
    validFrom: formatInstant(fact.validFrom),
    validTo: time(fact.validTo),
    recordedAt: formatInstant(fact.recordedAt),
    supersededAt: time(fact.supersededAt),
    ageSeconds: Math.max(0, Math.floor((asOf - fact.confirmedAt) / 1_000_000)),
    scope: fact.scope,
    ...(fact.altered ? { altered: true } : {}),
  };
}

export function showVersion(version: FactVersion): z.input<typeof versionShape> {
  return {
    entity: version.entity,
    attribute: version.attribute,
    value: version.value,
    type: version.type,
    target: version.target,
    source: version.source,
    validFrom: formatInstant(version.validFrom),
    validTo: time(version.validTo),
    recordedAt: formatInstant(version.recordedAt),
    supersededAt: time(version.supersededAt),
    scope: version.scope,
    actor: version.actor,
    reason: version.reason,
    observationId: version.observationId,
    ...(version.altered ? { altered: true } : {}),
  };
}

export function showCoverage(row: Coverage): z.input<typeof coverageShape> {
  return { ...row, observedAt: time(row.observedAt) };
}
