/** SSH's binary encoding (RFC 4251 section 5), as far as keys need it. */

/** Reads a text of SSH strings and numbers from its beginning; `undefined` where it ends too early. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number | undefined {
    const field = this.raw(4);
    return field === undefined
      ? undefined
      : new DataView(field.buffer, field.byteOffset, 4).getUint32(0);
  }

  string(): Uint8Array | undefined {
    const length = this.number();
    return length === undefined ? undefined : this.raw(length);
  }

  /** A string that is ASCII text. */
  text(): string | undefined {
    const field = this.string();
    return field?.every((byte) => byte < 0x80) === true ? String.fromCharCode(...field) : undefined;
  }

  raw(length: number): Uint8Array | undefined {
    if (length > this.#bytes.length - this.#at) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }
}

export function wireString(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(4 + bytes.length);
  new DataView(whole.buffer).setUint32(0, bytes.length);
  whole.set(bytes, 4);
  return whole;
}
