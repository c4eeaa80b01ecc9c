/**
 * Strict DER (ITU-T X.690 10 and 11): one encoding for one value, everything else is malformed.
 *
 * Reads what strangers send: bounded in depth and in number of elements, never recursing on its own
 * account. Every failure is a `DerError`; nothing else is thrown.
 */

/** Malformed, or not what was asked for. Callers turn it into an answer. */
export class DerError extends Error {
  override readonly name: string = 'DerError';
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const DEPTH_MOST = 24;
const ELEMENTS_MOST = 20_000;
const BYTES_MOST = 1_048_576;

export type Element = {
  /** The identifier octet; tag numbers above 30 are refused. */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content. */
  readonly whole: Buffer;
  /** Elements inside a constructed one; none for a primitive one. */
  readonly children: readonly Element[];
};

/** The one element that `bytes` are. */
export function readDer(bytes: Uint8Array): Element {
  if (bytes.length > BYTES_MOST) throw new DerError('too big');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const { element, end } = read(buffer, 0, 0, { left: ELEMENTS_MOST });
  if (end !== buffer.length) throw new DerError('bytes after the end');
  return element;
}

function read(
  bytes: Buffer,
  start: number,
  depth: number,
  budget: { left: number },
): { readonly element: Element; readonly end: number } {
  if (depth > DEPTH_MOST) throw new DerError('nested too deeply');
  budget.left -= 1;
  if (budget.left < 0) throw new DerError('too many elements');
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) throw new DerError('cut');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag number above 30');
  let length = first;
  let from = start + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError('a length that DER does not have');
    if (from + count > bytes.length) throw new DerError('cut');
    length = bytes.readUIntBE(from, count);
    from += count;
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a length not minimal');
  }
  const end = from + length;
  if (end > bytes.length) throw new DerError('cut');
  const children: Element[] = [];
  if ((tag & 0x20) !== 0) {
    const inside = bytes.subarray(0, end);
    for (let at = from; at < end; ) {
      const child = read(inside, at, depth + 1, budget);
      children.push(child.element);
      at = child.end;
    }
  }
  const element = {
    tag,
    content: bytes.subarray(from, end),
    whole: bytes.subarray(start, end),
    children,
  };
  return { element, end };
}

/** Takes the children of a constructed element one after the other. */
export class Cursor {
  readonly #elements: readonly Element[];
  #at = 0;

  constructor(element: Element, tag: number = TAG.sequence) {
    if (element.tag !== tag) throw new DerError(`tag ${element.tag} where ${tag} belongs`);
    this.#elements = element.children;
  }

  take(tag: number): Element {
    const found = this.maybe(tag);
    if (found === undefined) throw new DerError(`no element of tag ${tag}`);
    return found;
  }

  maybe(tag: number): Element | undefined {
    const next = this.#elements[this.#at];
    if (next?.tag !== tag) return undefined;
    this.#at += 1;
    return next;
  }

  any(): Element {
    const next = this.#elements[this.#at];
    if (next === undefined) throw new DerError('an element is missing');
    this.#at += 1;
    return next;
  }

  end(): void {
    if (this.#at < this.#elements.length) throw new DerError('an element too many');
  }
}

/** Dotted decimal. */
export function oidOf(element: Element): string {
  const bytes = expect(element, TAG.oid).content;
  if (bytes.length === 0 || bytes.length > 64) throw new DerError('not an object identifier');
  const arcs: number[] = [];
  let value = 0;
  let isFirst = true;
  for (const byte of bytes) {
    if (isFirst && byte === 0x80) throw new DerError('an arc not minimal');
    value = value * 128 + (byte & 0x7f);
    if (value > 2 ** 45) throw new DerError('an arc too big');
    isFirst = (byte & 0x80) === 0;
    if (!isFirst) continue;
    if (arcs.length === 0) {
      const top = Math.min(2, Math.floor(value / 40));
      arcs.push(top, value - top * 40);
    } else {
      arcs.push(value);
    }
    value = 0;
  }
  if (!isFirst) throw new DerError('an arc is cut');
  return arcs.join('.');
}

/** The content of a non-negative INTEGER without its sign byte, lower-case hex. */
export function positiveOf(element: Element): string {
  const bytes = integerBytes(element);
  if ((bytes[0]! & 0x80) !== 0) throw new DerError('a negative number');
  return bytes.toString('hex').replace(/^00(?=..)/, '');
}

/** A small INTEGER. */
export function smallOf(element: Element): number {
  const bytes = integerBytes(element);
  if (bytes.length > 4) throw new DerError('a number too big');
  return bytes.readIntBE(0, bytes.length);
}

function integerBytes(element: Element): Buffer {
  const bytes = expect(element, TAG.integer).content;
  const [first, second] = bytes;
  if (first === undefined) throw new DerError('an empty number');
  const isPadded =
    second !== undefined &&
    ((first === 0 && (second & 0x80) === 0) || (first === 0xff && (second & 0x80) !== 0));
  if (isPadded || bytes.length > 64) throw new DerError('a number not minimal');
  return bytes;
}

export function booleanOf(element: Element): boolean {
  const bytes = expect(element, TAG.boolean).content;
  if (bytes.length !== 1 || (bytes[0] !== 0 && bytes[0] !== 0xff)) throw new DerError('no boolean');
  return bytes[0] === 0xff;
}

export function expect(element: Element, tag: number): Element {
  if (element.tag !== tag) throw new DerError(`tag ${element.tag} where ${tag} belongs`);
  return element;
}

// Writing --------------------------------------------------------------------------------------

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

/** A non-negative INTEGER out of big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const kept = bytes.subarray(from);
  return tlv(TAG.integer, ...(kept[0]! >= 0x80 ? [Buffer.of(0)] : []), kept);
}
