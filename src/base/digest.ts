/** SHA-256 (FIPS 180-4), as lower-case hex unless a name says otherwise. */
import { hash } from 'node:crypto';
import { canonicalJson, type Json } from './json.ts';

/** Lower-case hex of SHA-256; text is hashed as UTF-8. */
export function sha256(input: string | Uint8Array): string {
  return hash('sha256', input, 'hex');
}

/** `sha256:` + hex over the RFC 8785 form: the identity of a structured value. */
export function digestOf(value: Json): string {
  return `sha256:${sha256(canonicalJson(value))}`;
}
