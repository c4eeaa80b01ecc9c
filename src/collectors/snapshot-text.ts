/** Texts in records: percent-encoded bytes in the one form of the host contract, paths without detours. */

const PLAIN = /^[A-Za-z0-9._~/:@,+=-]$/;

const PLAINS = /^[A-Za-z0-9._~/:@,+=-]*$/;

/** It stands for itself: nothing in it is encoded. */
export function isPlain(text: string): boolean {
  return PLAINS.test(text);
}

/** The bytes of a percent-encoded text; `undefined` when it is not in the one form. */
export function decoded(text: string): Uint8Array | undefined {
  if (isPlain(text)) return Buffer.from(text, 'latin1');
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const mark = text[at] ?? '';
    if (mark !== '%') {
      if (!PLAIN.test(mark)) return undefined;
      bytes.push(mark.charCodeAt(0));
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-F]{2}$/.test(digits)) return undefined;
    const byte = Number.parseInt(digits, 16);
    // One text has one spelling, and no text holds a zero byte.
    if (byte === 0 || PLAIN.test(String.fromCharCode(byte))) return undefined;
    bytes.push(byte);
    at += 2;
  }
  return Uint8Array.from(bytes);
}

export type Name = { readonly text: string /** Its bytes are UTF-8. */; readonly isText: boolean };

export function nameOf(bytes: Uint8Array): Name {
  const text = textOf(bytes);
  return { text, isText: Buffer.from(text, 'utf8').equals(bytes) };
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/;

/** An absolute path that says where it leads: no `.`, no `..`, no empty part. */
export function isPath(path: string): boolean {
  return path === '/' || PATH.test(path);
}

/** Paths that nobody asks for: who made one can only hide it, not spoil what is said of others. */
export function isPlainPath(path: string): boolean {
  return path.length <= 4_096 && !/\p{Cc}/u.test(path);
}
