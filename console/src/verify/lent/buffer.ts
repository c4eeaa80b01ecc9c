/**
 * As much of Node's Buffer as the standalone verifier uses. Where Node takes malformed base64 or hex for less than it
 * is, this has no bytes: the verifier writes what it read anew and compares, so both are refused.
 */
import { fromBase64, fromHex, toHex } from '../bytes.ts';

const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8_192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return text;
};

export class LentBuffer extends Uint8Array<ArrayBuffer> {
  override toString(encoding = 'utf8', start = 0, end = this.length): string {
    const bytes = new Uint8Array(this.buffer, this.byteOffset, this.length).slice(start, end);
    if (encoding === 'hex') return toHex(bytes);
    if (encoding === 'latin1') return latin1(bytes);
    if (encoding === 'base64') return btoa(latin1(bytes));
    if (encoding === 'base64url')
      return btoa(latin1(bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    if (encoding === 'utf8') return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    throw new Error(`no such encoding here: ${encoding}`);
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, i) => byte === other[i]);
  }

  copy(target: Uint8Array, at = 0): void {
    target.set(this, at);
  }

  get #view(): DataView {
    return new DataView(this.buffer, this.byteOffset, this.length);
  }

  readUInt16BE(at = 0): number {
    return this.#view.getUint16(at);
  }

  readUInt32BE(at = 0): number {
    return this.#view.getUint32(at);
  }

  readBigUInt64BE(at = 0): bigint {
    return this.#view.getBigUint64(at);
  }

  readUIntBE(at: number, count: number): number {
    if (at + count > this.length) throw new RangeError('beyond the end');
    return this.subarray(at, at + count).reduce((value, byte) => value * 256 + byte, 0);
  }

  writeUInt32BE(value: number, at = 0): void {
    this.#view.setUint32(at, value);
  }
}

const lend = (bytes: Uint8Array | readonly number[] | undefined): LentBuffer => {
  const lent = new LentBuffer(new ArrayBuffer(bytes?.length ?? 0));
  if (bytes !== undefined) lent.set(bytes);
  return lent;
};

/** What the verifier knows as `Buffer`. */
export const Buffer = {
  from(what: string | Uint8Array | readonly number[], encoding = 'utf8'): LentBuffer {
    if (typeof what !== 'string') return lend(what);
    if (encoding === 'utf8') return lend(new TextEncoder().encode(what));
    if (encoding === 'base64') return lend(fromBase64(what));
    if (encoding === 'hex') return lend(fromHex(what));
    throw new Error(`no such encoding here: ${encoding}`);
  },
  of: (...bytes: readonly number[]): LentBuffer => lend(Uint8Array.from(bytes)),
  alloc: (length: number, byte = 0): LentBuffer =>
    new LentBuffer(new ArrayBuffer(length)).fill(byte),
  concat(parts: readonly Uint8Array[]): LentBuffer {
    const whole = new LentBuffer(
      new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)),
    );
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  },
};
