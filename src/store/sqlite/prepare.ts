/** Finds everything that is wrong with an observation before anything of it is written. */
import { canonicalJson, type Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { isInstant } from '#base/time';
import { attributeProblem, entityProblem, FACT_TYPES, isKind, kindOf } from '#model';
import { storeFault } from '../faults.ts';
import type { FactInput, ObservationInput } from '../protocol.ts';
import { type Claim, claimOf, type Held } from '../timeline.ts';
import { type Head, headKey, type Origin } from './heads.ts';

/** A listed fact, ready to be applied. */
export type Listing = {
  readonly key: string;
  readonly kind: string;
  readonly fact: FactInput;
  /** `undefined` when the stream is new. */
  readonly head: Head | undefined;
  readonly claim: Claim;
  readonly held: Held;
};

const SHA256 = /^[0-9a-f]{64}$/;

export function prepare(
  input: ObservationInput,
  origin: Origin | undefined,
  lastRecordedAt: number,
  isTaken: (id: string) => boolean,
): Listing[] {
  checkFrame(input, lastRecordedAt);
  if (isTaken(input.id)) {
    throw storeFault('observation-exists', `an observation has this id already: ${input.id}`);
  }
  const listed = new Set<string>();
  const listings = input.facts.map((fact) => prepareFact(input, fact, origin, listed));
  for (const { entity, attribute } of input.absent ?? []) {
    list(listed, headKey(input.type, entity, attribute), entity, attribute);
  }
  return listings;
}

/** The text that is equal exactly when two values are: RFC 8785, with a leading ~ when altered. */
export function heldText(value: Json, altered: boolean): string {
  const text: unknown = canonicalJson(value);
  if (typeof text !== 'string') throw invalid('a value is not JSON');
  if (text.length * 3 > LIMITS.valueBytes && Buffer.byteLength(text) > LIMITS.valueBytes) {
    throw invalid(`a value is longer than ${LIMITS.valueBytes} bytes`);
  }
  return altered ? `~${text}` : text;
}

function checkFrame(input: ObservationInput, lastRecordedAt: number): void {
  checkInstant('observedAt', input.observedAt);
  checkInstant('recordedAt', input.recordedAt);
  if (input.recordedAt <= lastRecordedAt) {
    throw storeFault(
      'recorded-at-not-later',
      'recordedAt is not later than everything recorded before: read the clock again',
    );
  }
  if (!FACT_TYPES.includes(input.type)) throw invalid(`unknown type: ${input.type}`);
  if (!SHA256.test(input.sha256)) throw invalid('sha256 is not 64 lower-case hex digits');
  if (input.id === '' || input.scope === '' || input.target === '' || input.source === '') {
    throw invalid('id, scope, target and source must not be empty');
  }
  if (input.facts.length > LIMITS.factsPerObservation) {
    throw invalid(`more than ${LIMITS.factsPerObservation} facts: give them in parts`);
  }
  for (const kind of [...input.complete, ...input.shortfalls.map((s) => s.kind)]) {
    if (!isKind(kind)) throw invalid(`not a kind: ${JSON.stringify(kind.slice(0, 80))}`);
  }
  for (const { kind } of input.shortfalls) {
    if (input.complete.includes(kind)) throw invalid(`a kind is both complete and not: ${kind}`);
  }
}

function prepareFact(
  input: ObservationInput,
  fact: FactInput,
  origin: Origin | undefined,
  listed: Set<string>,
): Listing {
  const key = headKey(input.type, fact.entity, fact.attribute);
  const head = origin?.heads.get(key);
  if (head === undefined) checkNames(fact);
  list(listed, key, fact.entity, fact.attribute);
  if (fact.validFrom !== undefined) checkInstant('validFrom', fact.validFrom);
  if (fact.validTo !== undefined) checkInstant('validTo', fact.validTo);
  const claim = claimOf(input.observedAt, fact.validFrom, fact.validTo);
  if (claim === undefined) {
    throw storeFault(
      'invalid-interval',
      `validTo is not after the start of the interval: ${fact.entity} ${fact.attribute}`,
    );
  }
  const held = heldText(fact.value, fact.altered === true);
  return { key, kind: kindOf(fact.entity), fact, head, claim, held };
}

function checkNames(fact: FactInput): void {
  const problem = entityProblem(fact.entity);
  if (problem !== undefined) {
    throw invalid(`not an entity: ${JSON.stringify(fact.entity.slice(0, 80))} ${problem}`);
  }
  const wrong = attributeProblem(fact.attribute);
  if (wrong !== undefined) {
    throw invalid(`not an attribute: ${JSON.stringify(fact.attribute.slice(0, 80))} ${wrong}`);
  }
}

function list(listed: Set<string>, key: string, entity: string, attribute: string): void {
  if (listed.has(key)) {
    throw storeFault(
      'duplicate-stream',
      `listed twice in one observation: ${entity} ${attribute}. Give each attribute of an entity once`,
    );
  }
  listed.add(key);
}

function checkInstant(name: string, value: unknown): void {
  if (!isInstant(value)) {
    throw storeFault(
      'invalid-time',
      `not whole microseconds between the years 1900 and 2200: ${name}`,
    );
  }
}

function invalid(message: string): Error {
  return storeFault('invalid-observation', message);
}
