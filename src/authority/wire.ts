/** Data types of the SSH wire (RFC 4251 section 5), read strictly and written. */

/** Throws what the reader of these bytes makes of them; `leftOver`: only because something follows. */
export type Refuse = (says: string, leftOver?: true) => never;

/** Reads from the front; whatever does not fit goes to `refuse`. */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #refuse: Refuse;
  #at = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#refuse = refuse;
  }

  get offset(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** What is read here ends here. */
  end(): void {
    if (!this.isAtEnd) this.#refuse('something follows inside it', true);
  }

  take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) this.#refuse('it ends too early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  string(): Buffer {
    return this.take(this.u32());
  }

  /** A string of printable ASCII: the names of SSH, principals and origins. */
  ascii(): string {
    const bytes = this.string();
    if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) this.#refuse('a name is not ASCII');
    return bytes.toString('latin1');
  }

  /** A positive mpint in its shortest form, as `width` bytes. */
  scalar(width: number): Buffer {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    const isShortest = first === 0 ? second >= 0x80 : first < 0x80;
    const magnitude = first === 0 ? bytes.subarray(1) : bytes;
    if (bytes.length === 0 || !isShortest || magnitude.length > width) {
      this.#refuse('a number of a signature is malformed');
    }
    return Buffer.concat([Buffer.alloc(width - magnitude.length), magnitude]);
  }
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function wireString(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([u32(bytes.length), bytes]);
}

/** A positive number, most significant byte first, as an mpint in its shortest form. */
export function mpint(magnitude: Uint8Array): Buffer {
  const start = magnitude.findIndex((byte) => byte !== 0);
  const short = start === -1 ? Buffer.alloc(0) : Buffer.from(magnitude.subarray(start));
  return wireString((short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), short]) : short);
}
