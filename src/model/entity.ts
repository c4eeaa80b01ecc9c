/**
 * What facts are about: `kind:key`, like `service:web-1/nginx.service`.
 *
 * Kinds are lower-case words; keys and attributes are any printable text, keys by convention
 * `<target name>/<name>` for what belongs to one target. Targets are entities too (`host:web-1`).
 */
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';

declare const entityBrand: unique symbol;
export type Entity = string & { readonly [entityBrand]: true };

const KIND = /^[a-z][a-z0-9_.-]{0,39}$/;
// Control, format (bidi, zero width), surrogate, private and unassigned characters, line and paragraph separators.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

export function isKind(text: string): boolean {
  return KIND.test(text);
}

/** Why `text` is not an entity, or `undefined`. */
export function entityProblem(text: string): string | undefined {
  const colon = text.indexOf(':');
  if (colon < 1) return 'must be kind:key, like host:web-1';
  if (!isKind(text.slice(0, colon))) return 'has a kind that is not a lower-case word';
  const key = text.slice(colon + 1);
  if (key.length === 0) return 'has an empty key';
  if (text.length > LIMITS.entityChars) return `is longer than ${LIMITS.entityChars} characters`;
  if (UNPRINTABLE.test(key))
    return 'has a control, bidirectional or invisible character in its key';
  if (key.trim() !== key) return 'has white space at an end of its key';
  return undefined;
}

export function parseEntity(text: string): Entity {
  const problem = entityProblem(text);
  if (problem !== undefined) {
    throw new Fault(
      'invalid',
      'invalid-entity',
      `not an entity: ${JSON.stringify(text.slice(0, 80))} ${problem}`,
    );
  }
  return text as Entity;
}

export function kindOf(entity: string): string {
  return entity.slice(0, entity.indexOf(':'));
}

export function keyOf(entity: string): string {
  return entity.slice(entity.indexOf(':') + 1);
}

/** Why `text` is not an attribute name, or `undefined`. */
export function attributeProblem(text: string): string | undefined {
  if (text.length > LIMITS.attributeChars)
    return `is longer than ${LIMITS.attributeChars} characters`;
  if (text.length === 0) return 'is empty';
  if (UNPRINTABLE.test(text)) return 'has a control, bidirectional or invisible character';
  if (text.trim() !== text) return 'has white space at an end';
  // A finding about a whole entity has the attribute `*`, and a question means all of them by it.
  if (text.includes('*')) return 'has a *, which stands for any run of characters in questions';
  return undefined;
}
