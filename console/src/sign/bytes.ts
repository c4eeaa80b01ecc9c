/** Bytes, and the strings of the SSH wire (RFC 4251 section 5). */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function utf8(text: string): Bytes {
  if (!text.isWellFormed()) throw new Error('text has a lone surrogate');
  return encoder.encode(text);
}

export function concat(...pieces: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function wireString(content: string | Uint8Array): Bytes {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  return concat(u32(bytes.length), bytes);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Of base64 or base64url. */
export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (each) =>
    each.charCodeAt(0),
  );
}

export async function sha256(content: string | Uint8Array): Promise<string> {
  return hex(await digest('SHA-256', content));
}

export async function digest(
  name: 'SHA-256' | 'SHA-512',
  content: string | Uint8Array,
): Promise<Bytes> {
  const bytes = typeof content === 'string' ? utf8(content) : concat(content);
  return new Uint8Array(await crypto.subtle.digest(name, bytes));
}
