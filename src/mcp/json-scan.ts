/**
 * Reads the outline of JSON text from its bytes, without parsing it: how deep it nests, and the
 * `id` of the JSON-RPC request it holds. So that what is too big or too deep to parse is still
 * answered under its own id, in constant memory.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = [0x7b, 0x5b] as const;
const CLOSE = [0x7d, 0x5d] as const;
const MAX_ID_BYTES = 512;

export type RequestId = string | number;

/** Fed with the bytes of one JSON text in order, in any pieces. */
export class JsonScan {
  /** Deepest nesting seen so far. */
  deepest = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Inside the outermost object: reading a name, or the value of `id`, or anything else. */
  #part: 'name' | 'id' | 'other' = 'other';
  /** Bytes of the name or of the id being read. */
  #token: number[] = [];
  #id: RequestId | undefined;

  feed(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (this.#inString) {
        this.#stringByte(byte);
        continue;
      }
      if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1) this.#keep(byte);
      } else if (byte === OPEN[0] || byte === OPEN[1]) {
        this.#depth++;
        if (this.#depth > this.deepest) this.deepest = this.#depth;
        if (this.#depth === 1) this.#part = byte === OPEN[0] ? 'name' : 'other';
        else if (this.#depth === 2) this.#part = 'other';
      } else if (byte === CLOSE[0] || byte === CLOSE[1]) {
        if (this.#depth === 1) this.#valueEnds();
        this.#depth--;
      } else if (this.#depth === 1) {
        this.#memberByte(byte);
      }
    }
  }

  /** The request's id, once it was seen. */
  get id(): RequestId | null {
    return this.#id ?? null;
  }

  #stringByte(byte: number): void {
    if (this.#depth === 1) this.#keep(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #memberByte(byte: number): void {
    if (byte === COLON) {
      this.#part = this.#part === 'name' && this.#text() === '"id"' ? 'id' : 'other';
      this.#token = [];
    } else if (byte === COMMA) {
      this.#valueEnds();
      this.#part = 'name';
    } else {
      this.#keep(byte);
    }
  }

  #keep(byte: number): void {
    if (this.#part !== 'other' && this.#token.length < MAX_ID_BYTES) this.#token.push(byte);
  }

  #valueEnds(): void {
    if (this.#part === 'id' && this.#id === undefined) this.#id = readId(this.#text());
    this.#token = [];
  }

  #text(): string {
    return Buffer.from(this.#token).toString('utf8').trim();
  }
}

function readId(text: string): RequestId | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value === 'string') return value.isWellFormed() ? value : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
