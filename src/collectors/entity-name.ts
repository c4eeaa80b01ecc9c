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
const LONGEST = LIMITS.entityChars - 100;

export function entityFor(target: string, kind: string, key: string): string {
  const entity = `${kind}:${keyOf(target)}/${key}`;
  const isPlain = key.length > 0 && key.length <= LONGEST && !ENCODED.test(key);
  if (isPlain && entityProblem(entity) === undefined) return entity;
  let safe = key.toWellFormed().replace(UNPRINTABLE, (mark) => encodeURIComponent(mark));
  if (safe.trimEnd() !== safe) safe = safe.replace(/\s+$/u, (space) => encodeURIComponent(space));
  if (safe === '') safe = NO_NAME;
  if (safe.length > LONGEST) safe = `${safe.slice(0, LONGEST - 80)}…${sha256(key)}`;
  return `${kind}:${keyOf(target)}/${safe.toWellFormed()}`;
}
