/** What drift compares: one source's statement about one attribute of one entity, now or as declared. */
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import type { ValueForm } from '#model';

export type ComparedFact = {
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
  /** Part of the value's identity: what was cleaned away is gone, but it was there. */
  readonly altered?: boolean;
};

/** A fact as the store answers it. Without the times, the moment of the look stands in. */
export type ObservedFact = ComparedFact & {
  readonly validFrom?: Instant;
  readonly confirmedAt?: Instant;
};

/** What the registry of kinds knows about attributes. */
export type KindRules = {
  readonly isVolatile: (kind: string, attribute: string) => boolean;
  readonly isSecurity: (kind: string, attribute: string) => boolean;
  /** Differences here are worth knowing, and no more. */
  readonly isHarmless?: (kind: string, attribute: string) => boolean;
  /** How two ways to write its value are made one; without it they are compared exactly. */
  readonly formOf?: (kind: string, attribute: string) => ValueForm | undefined;
  /** An entity of which this attribute is `true` comes and goes by itself, as a leased address does. */
  readonly comesAndGoes?: (kind: string) => string | undefined;
};

/** Equal as JSON: the order of an object's keys means nothing, that of a list does. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item: Json, i) => sameJson(item, b[i] as Json))
    );
  }
  const left = a as JsonObject;
  const right = b as JsonObject;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every(
      (key) => Object.hasOwn(right, key) && sameJson(left[key] as Json, right[key] as Json),
    )
  );
}

export function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** By entity, attribute and source, in UTF-16 code units. */
export function byStream(a: ComparedFact, b: ComparedFact): number {
  return (
    byText(a.entity, b.entity) || byText(a.attribute, b.attribute) || byText(a.source, b.source)
  );
}

/** Values larger than this are told by digest in a finding, so that a finding can always be recorded. */
export const SHOWN_VALUE_CHARS = 65_536;

export function isLarge(value: Json): boolean {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return false;
  if (typeof value === 'string') return value.length > SHOWN_VALUE_CHARS;
  return canonicalJson(value).length > SHOWN_VALUE_CHARS;
}
