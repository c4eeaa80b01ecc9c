/**
 * Keys of entities made from names that belong to others: file names, mount points, units.
 *
 * Names that a key cannot hold are percent-encoded, and names that are too long end in a digest,
 * so that two names never become one key.
 */
import { sha256 } from '#base/digest';
import { LIMITS } from '#base/limits';
import { entityProblem, keyOf } from '#model';

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}%]/gu;
/** A name that looks encoded is encoded too, or it could be taken for another. */
const ENCODED = /%[0-9A-Fa-f]{2}/;
const NO_NAME = encodeURIComponent('∅');
/** Room for a digest and the mark before it. */
const DIGEST_CHARS = 65;

export function entityFor(target: string, kind: string, key: string): string {
  const prefix = `${kind}:${keyOf(target)}/`;
  const longest = LIMITS.entityChars - prefix.length;
  const isPlain = key.length > 0 && key.length <= longest && !ENCODED.test(key);
  if (isPlain && entityProblem(prefix + key) === undefined) return prefix + key;
  let safe = key.toWellFormed().replace(UNPRINTABLE, encodeURIComponent);
  const trimmed = safe.trimEnd();
  if (trimmed !== safe) safe = trimmed + encodeURIComponent(safe.slice(trimmed.length));
  if (safe === '') safe = NO_NAME;
  if (safe.length <= longest) return prefix + safe;
  const cut = safe.slice(0, Math.max(0, longest - DIGEST_CHARS));
  // Half a character at the cut would be no text.
  return `${prefix}${cut.isWellFormed() ? cut : cut.slice(0, -1)}…${sha256(key)}`;
}
