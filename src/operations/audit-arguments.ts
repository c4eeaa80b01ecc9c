/**
 * What of a call's arguments goes into its event: redacted, cleaned and bounded.
 *
 * Bulk (the facts of an observation) is replaced by its length and SHA-256, so that an event stays
 * far below its limit and still pins what was sent.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json, type JsonProblem, jsonProblem } from '#base/json';
import { LIMITS } from '#base/limits';
import { cleanJson } from '#redaction';

export type AuditArguments = {
  readonly arguments: Json;
  readonly targets: readonly string[];
  /** Why the arguments cannot be told in an event: then the call is not answered either. */
  readonly problem?: JsonProblem;
};

/** What nests around a value of `LIMITS.jsonDepth` levels that is accepted. */
const DEPTH: number = LIMITS.jsonDepth + 8;

const MAX_TEXT = 2_000;
const MAX_BYTES = 16_384;

export function auditArguments(input: unknown): AuditArguments {
  const problem = jsonProblem(input ?? {}, DEPTH);
  if (problem !== undefined)
    return { arguments: { unreadable: problem.problem }, targets: [], problem };
  const given = (input ?? {}) as Json;
  const canonical = canonicalJson(given);
  const small = canonical.length <= MAX_BYTES ? given : outline(given);
  const cleaned = cleanJson(shortened(small)).value;
  const bounded =
    canonicalJson(cleaned).length <= 2 * MAX_BYTES
      ? cleaned
      : { sha256: sha256(canonical), length: canonical.length };
  return { arguments: bounded, targets: targetsOf(cleaned) };
}

/** Top-level members that are big are told by length and hash. */
function outline(value: Json): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return pinned(value);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 64)
      .map(([key, member]) => [
        key.slice(0, 128),
        canonicalJson(member as Json).length > 1_024 ? pinned(member as Json) : member,
      ]),
  ) as Json;
}

function pinned(value: Json): Json {
  const text = canonicalJson(value);
  return {
    sha256: sha256(text),
    length: text.length,
    ...(Array.isArray(value) ? { items: value.length } : {}),
  };
}

function shortened(value: Json): Json {
  if (typeof value === 'string')
    return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT).toWellFormed()}…`;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(shortened);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, shortened(member as Json)]),
  ) as Json;
}

function targetsOf(value: Json): readonly string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  const target = (value as { readonly target?: unknown }).target;
  return typeof target === 'string' ? [target.slice(0, 200)] : [];
}
