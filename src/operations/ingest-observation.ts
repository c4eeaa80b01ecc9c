import * as z from 'zod/v4';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { canonicalJson, type Json, type JsonObject, jsonProblem } from '#base/json';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant, parseInstant } from '#base/time';
import { requireMayAssert, resolveTarget } from '#inventory';
import { attributeProblem, checkValue, entityProblem, isKind, keyOf, kindOf } from '#model';
import { redact, redactJson } from '#redaction';
import type { FactInput, ObservationInput } from '#store';
import { readScopes } from './filters.ts';
import { recording } from './operation.ts';
import { recordWithDrift } from './record-with-drift.ts';
import { timeText } from './shapes.ts';

const factInput = z.strictObject({
  entity: z.string().describe('kind:key, like package:web-1/openssl'),
  attribute: z.string(),
  value: z.unknown().describe('any JSON up to 1 MiB; null is a value, not absence'),
  validFrom: timeText('since when it holds').nullish(),
  validTo: timeText('until when it held').nullish(),
});

export const receiptShape = z.object({
  observationId: z.string(),
  recordedAt: z.string(),
  written: z.number().describe('listed facts that changed the timeline'),
  unchanged: z.number().describe('listed facts that did not'),
  superseded: z.number().describe('earlier beliefs shortened or replaced'),
  retired: z.number().describe('absences set'),
  altered: z.number().optional().describe('values cleaned of a secret before they were kept'),
});

/** Takes in what some other tool saw of a target. Shown to everyone who asks, obeyed by nobody unless the inventory trusts the source. */
export const ingestObservation = recording({
  name: 'ingest_observation',
  title: 'Ingest an observation',
  summary:
    'Records what you or another tool observed of a target at a moment. Source and target must be declared in fleet.yaml. List a kind in complete only when every entity of it is listed: what is not listed is then absent.',
  capability: 'facts.ingest',
  taints: false,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    source: z
      .string()
      .min(1)
      .max(LIMITS.nameChars)
      .describe('who saw it, as declared for the target in fleet.yaml'),
    target: z.string().min(1).max(LIMITS.nameChars).describe('like host:web-1'),
    observedAt: timeText('when it was seen'),
    complete: z
      .array(z.string())
      .max(100)
      .optional()
      .describe('kinds of which everything is listed'),
    facts: z.array(factInput).max(LIMITS.factsPerObservation),
    reason: z.string().max(LIMITS.reasonChars).optional(),
    idempotencyKey: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('the same key answers with the first result'),
    scope: z.string().max(LIMITS.nameChars).optional(),
  }),
  output: receiptShape,
  prepare(input, _powers, asking) {
    const target = resolveTarget(asking.inventory, input.target, readScopes(input.scope, asking));
    const complete = [...new Set(input.complete ?? [])];
    const badKind = complete.find((kind) => !isKind(kind));
    if (badKind !== undefined) {
      throw new Fault(
        'invalid',
        'invalid-kind',
        `not a kind in complete: ${JSON.stringify(badKind.slice(0, 60))}. Give lower-case words like package`,
      );
    }
    const facts = input.facts.map((fact, i) => readFact(fact, `facts.${i}`));
    const kinds = new Set([...complete, ...facts.map((fact) => kindOf(fact.entity))]);
    requireMayAssert(asking.inventory, target, input.source, kinds);
    const reason = input.reason === undefined ? null : redact(input.reason).text;
    const observation: Omit<ObservationInput, 'id' | 'recordedAt'> = {
      scope: target.scope,
      target: target.id,
      source: input.source,
      type: 'observed',
      observedAt: parseInstant(input.observedAt),
      complete,
      shortfalls: [],
      facts,
      actor: asking.caller.principal,
      reason,
      sha256: sha256(canonicalJson({ ...input, idempotencyKey: null } as unknown as Json)),
      // Kept as its hash: it only has to be known again, and who sends it may have put anything into it.
      ...(input.idempotencyKey === undefined
        ? {}
        : { idempotencyKey: sha256(input.idempotencyKey) }),
    };
    return { observation, target, altered: facts.filter((fact) => fact.altered).length };
  },
  run({ observation, target, altered }, powers, asking) {
    const receipt = recordWithDrift([observation], target, powers, asking).receipts[0];
    if (receipt === undefined)
      throw new Fault(
        'broken',
        'no-receipt',
        'an observation was recorded without a receipt: tell us',
      );
    return {
      value: {
        observationId: receipt.observationId,
        recordedAt: formatInstant(receipt.recordedAt),
        written: receipt.written,
        unchanged: receipt.unchanged,
        superseded: receipt.superseded,
        retired: receipt.retired,
        ...(altered > 0 ? { altered } : {}),
      },
      targets: [target.id],
    };
  },
});

function readFact(fact: z.output<typeof factInput>, at: string): FactInput {
  const entity = entityProblem(fact.entity);
  if (entity !== undefined)
    throw invalid(
      'invalid-entity',
      `${at}.entity ${entity}: ${JSON.stringify(fact.entity.slice(0, 80))}`,
    );
  const attribute = attributeProblem(fact.attribute);
  if (attribute !== undefined)
    throw invalid(
      'invalid-attribute',
      `${at}.attribute ${attribute}: ${JSON.stringify(fact.attribute.slice(0, 80))}`,
    );
  if (!('value' in fact) || fact.value === undefined)
    throw invalid('missing-value', `${at}.value is missing: give any JSON; null is a value`);
  // Names are what facts are found by, so a secret in one cannot be cut out: it is refused.
  for (const [name, text] of [
    ['entity', keyOf(fact.entity)],
    ['attribute', fact.attribute],
  ] as const) {
    if (redact(text).secrets > 0)
      throw invalid(
        'secret-in-name',
        `${at}.${name} looks as if it held a credential. Names are kept as they are given, so leave it out`,
      );
  }
  const { value, altered } = keepableValue(fact.value, fact.attribute, `${at}.value`);
  const problem = checkValue(kindOf(fact.entity), fact.attribute, value);
  if (problem !== undefined && !altered)
    throw invalid(
      'invalid-value',
      `${at}.value does not fit ${kindOf(fact.entity)}.${fact.attribute}: ${problem}`,
    );
  const validFrom = readTime(fact.validFrom, `${at}.validFrom`);
  const validTo = readTime(fact.validTo, `${at}.validTo`);
  return {
    entity: fact.entity,
    attribute: fact.attribute,
    value,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validTo === undefined ? {} : { validTo }),
    ...(altered ? { altered: true } : {}),
  };
}

/**
 * The value as it may be kept: valid JSON, bounded, without secrets, be it by its shape or by the
 * name of its attribute. Everything else round-trips exactly.
 */
export function keepableValue(
  value: unknown,
  attribute: string,
  at: string,
): { value: Json; altered: boolean } {
  const problem = jsonProblem(value);
  if (problem !== undefined) {
    throw invalid(
      'invalid-value',
      `${at} cannot be kept: ${problem.path.replace('$', 'it')} ${problem.problem}. Give JSON of valid Unicode, at most ${LIMITS.jsonDepth} levels deep`,
    );
  }
  const bytes = Buffer.byteLength(canonicalJson(value as Json));
  if (bytes > LIMITS.valueBytes) {
    throw invalid(
      'value-too-big',
      `${at} is too big: ${bytes} bytes, at most ${LIMITS.valueBytes}. Keep bulk elsewhere and ingest its hash`,
    );
  }
  // A computed name is a member of its own also when it is `__proto__`.
  const redacted = redactJson({ [attribute]: value as Json });
  return {
    value: Object.values(redacted.value as JsonObject)[0] ?? null,
    altered: redacted.altered,
  };
}

function readTime(text: string | null | undefined, at: string): Instant | undefined {
  if (text === undefined || text === null) return undefined;
  try {
    return parseInstant(text);
  } catch (cause) {
    throw new Fault(
      'invalid',
      'invalid-time',
      `${at}: ${cause instanceof Error ? cause.message : 'not a time'}`,
      { cause },
    );
  }
}

function invalid(code: string, message: string): Fault {
  return new Fault('invalid', code, message);
}
