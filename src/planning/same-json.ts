import { canonicalJson, type Json } from '#base/json';

/** Equal as values: compared in the form of RFC 8785. */
export function sameJson(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
