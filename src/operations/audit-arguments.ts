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

/** `hides` names members of which only length and hash are told, whatever their size. */
export function auditArguments(input: unknown, hides: readonly string[] = []): AuditArguments {
  const problem = jsonProblem(input ?? {}, DEPTH);
  if (problem !== undefined)
    return { arguments: { unreadable: problem.problem }, targets: [], problem };
  const given = hidden((input ?? {}) as Json, hides);
  const cleaned = cleanJson(shortened(outline(given))).value;
  const bounded =
    canonicalJson(cleaned).length <= 2 * MAX_BYTES ? cleaned : pinned(given, canonicalJson(given));
  return { arguments: bounded, targets: targetsOf(cleaned) };
}

function hidden(value: Json, hides: readonly string[]): Json {
  if (hides.length === 0 || value === null || typeof value !== 'object' || Array.isArray(value))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      hides.includes(key) ? pinned(member as Json) : member,
    ]),
  ) as Json;
}

/** Top-level members that are big are told by length and hash, when the whole is big. */
function outline(value: Json): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const text = canonicalJson(value);
    return text.length <= MAX_BYTES ? value : pinned(value, text);
  }
  // Each member is written once: the facts of an observation may be many.
  const members = Object.entries(value).map(([key, member]) => ({
    key,
    member: member as Json,
    text: canonicalJson(member as Json),
  }));
  const length = members.reduce((sum, { key, text }) => sum + key.length + text.length + 4, 2);
  if (length <= MAX_BYTES) return value;
  return Object.fromEntries(
    members
      .slice(0, 64)
      .map(({ key, member, text }) => [
        key.slice(0, 128).toWellFormed(),
        text.length > 1_024 ? pinned(member, text) : member,
      ]),
  ) as Json;
}

/** Length and hash in place of a value. */
export function pinned(value: Json, text = canonicalJson(value)): Json {
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
  const { target, targets } = value as { readonly target?: unknown; readonly targets?: unknown };
  const named = [target, ...(Array.isArray(targets) ? targets : [])];
  return named
    .filter((one): one is string => typeof one === 'string')
    .slice(0, 64)
    .map((one) => one.slice(0, 200));
}
