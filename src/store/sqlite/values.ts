/** Values as they are kept: canonical JSON text, with a leading ~ when altered. */
import type { Json } from '#base/json';

export function altered(held: string): boolean {
  return held.startsWith('~');
}

export function jsonText(held: string): string {
  return altered(held) ? held.slice(1) : held;
}

export function valueOf(held: string): Json {
  return JSON.parse(jsonText(held)) as Json;
}

/** Whether `text` is part of an entity, an attribute or a value, whatever the case of letters. */
export function textTest(
  text: string | undefined,
): (entity: string, attribute: string, held: string | undefined) => boolean {
  if (text === undefined) return () => true;
  const wanted = text.toLowerCase();
  const has = (part: string): boolean => part.toLowerCase().includes(wanted);
  return (entity, attribute, held) => {
    if (has(entity) || has(attribute)) return true;
    if (held === undefined) return false;
    const json = jsonText(held);
    return has(json) || (json.startsWith('"') && has(JSON.parse(json) as string));
  };
}
