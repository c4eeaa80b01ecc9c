/**
 * The one form of signed documents (docs/host-contract.md, "Documents"): ASCII lines, keys in a fixed
 * order, every value with one spelling. One shape serves reading and writing, so that what is written
 * is read back equal and what is accepted is what would be written.
 */
import { type AuthorityFaultCode, authorityFault } from './faults.ts';

const MAX_BYTES = 65_536;
const MAX_LINES = 2_048;

/** One value. `read` answers `undefined` for whatever `write` would not have written. */
export type Codec<T> = {
  readonly says: string;
  readonly read: (text: string) => T | undefined;
  readonly write: (value: T) => string;
};

/** One or more lines. */
export type Shape<T> = {
  read(lines: Lines): T;
  write(value: T, out: Lines): void;
};

/** Lines being read or written; knows where it is, so that a refusal can say so. */
export class Lines {
  readonly #lines: string[];
  readonly #refuse: (line: number, says: string) => never;
  #at = 0;

  constructor(lines: string[], refuse: (line: number, says: string) => never) {
    this.#lines = lines;
    this.#refuse = refuse;
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  get isAtEnd(): boolean {
    return this.#at === this.#lines.length;
  }

  peek(): string {
    return this.#lines[this.#at] ?? '';
  }

  next(): string {
    if (this.isAtEnd) this.refuse('the document ends too early');
    return this.#lines[this.#at++] as string;
  }

  put(line: string): void {
    this.#lines.push(line);
    this.#at = this.#lines.length;
  }

  /** Refuses the line taken or put last. */
  refuse(says: string): never {
    this.#refuse(Math.max(1, this.#at), says);
  }
}

/** `key value` or, with a tuple of codecs, `key value value`. */
export function line<T>(key: string, codec: Codec<T>): Shape<T> {
  return {
    read(lines) {
      const text = lines.next();
      if (!text.startsWith(`${key} `)) lines.refuse(`here must stand "${key} ${codec.says}"`);
      const value = codec.read(text.slice(key.length + 1));
      return value === undefined ? lines.refuse(`${key} must be ${codec.says}`) : value;
    },
    write(value, out) {
      const text = codec.write(value);
      out.put(`${key} ${text}`);
      if (codec.read(text) === undefined) out.refuse(`${key} must be ${codec.says}`);
    },
  };
}

/** A line with the count, then that many. */
export function list<T>(
  key: string,
  least: number,
  most: number,
  item: Shape<T>,
  isAscending = false,
): Shape<readonly T[]> {
  const count = line(key, number);
  const bounds = (lines: Lines, n: number): void => {
    if (n < least || n > most) lines.refuse(`${key} must be ${least} to ${most}`);
  };
  return {
    read(lines) {
      const n = count.read(lines);
      bounds(lines, n);
      const values: T[] = [];
      let before = '';
      for (let i = 0; i < n; i++) {
        const text = lines.peek();
        values.push(item.read(lines));
        if (isAscending && text <= before) lines.refuse(`${key} must rise, each once`);
        before = text;
      }
      return values;
    },
    write(values, out) {
      count.write(values.length, out);
      bounds(out, values.length);
      for (const value of values) item.write(value, out);
    },
  };
}

/** Shapes one after another, in the order they are named here. */
export function record<T extends object>(
  shapes: {
    readonly [K in keyof T]-?: Shape<T[K]>;
  },
): Shape<T> {
  const keys = Object.keys(shapes) as (keyof T)[];
  return {
    read(lines) {
      const value: Partial<T> = {};
      for (const key of keys) value[key] = shapes[key].read(lines);
      return value as T;
    },
    write(value, out) {
      for (const key of keys) shapes[key].write(value[key], out);
    },
  };
}

export type DocumentForm<T> = {
  /** Throws the document's code, with `facts.line`, for every text but one that `format` gives. */
  parse(text: string): T;
  /** Throws the same code for a value that has no form. */
  format(value: T): string;
};

export function documentForm<T>(
  kind: string,
  code: AuthorityFaultCode,
  body: Shape<T>,
): DocumentForm<T> {
  const head = `holdfast-${kind} 1`;
  const refuse = (at: number, says: string): never => {
    throw authorityFault(
      code,
      `malformed ${kind} document: line ${at}: ${says}. Make it anew with this version of Holdfast; it cannot be mended by hand`,
      { facts: { document: kind, line: at } },
    );
  };
  const parse = (text: string): T => {
    const all = textLines(text, refuse);
    const lines = new Lines(all, refuse);
    if (lines.next() !== head) lines.refuse(`the first line must be "${head}"`);
    const value = body.read(lines);
    if (lines.next() !== 'end') lines.refuse('here must stand "end"');
    if (!lines.isAtEnd) {
      lines.next();
      lines.refuse('nothing may follow "end"');
    }
    return value;
  };
  return {
    parse,
    format(value) {
      const out = new Lines([], refuse);
      out.put(head);
      body.write(value, out);
      out.put('end');
      // What cannot be read back was never a value of this document.
      parse(out.text);
      return out.text;
    },
  };
}

/** The lines of an ASCII text whose every line ends in one LF. */
export function textLines(text: string, refuse: (line: number, says: string) => never): string[] {
  if (text.length > MAX_BYTES) refuse(1, `the document is longer than ${MAX_BYTES} bytes`);
  const lines = text.split('\n');
  const stray = lines.findIndex((each) => !/^[\x20-\x7e]*$/.test(each));
  if (stray !== -1) refuse(stray + 1, 'only the bytes 0x20 to 0x7e may stand in a line');
  if (lines.pop() !== '') refuse(lines.length + 1, 'the last line must end in a line feed');
  if (lines.length > MAX_LINES) {
    refuse(MAX_LINES + 1, `the document has more than ${MAX_LINES} lines`);
  }
  return lines;
}

function spelled<T>(
  says: string,
  pattern: RegExp,
  read: (text: string) => T | undefined,
  write: (value: T) => string = String,
): Codec<T> {
  return { says, read: (text) => (pattern.test(text) ? read(text) : undefined), write };
}

/** `0` or decimal without leading zeros, at most 15 digits: always a safe integer. */
export const number: Codec<number> = spelled(
  'a whole number',
  /^(0|[1-9][0-9]{0,14})$/,
  Number,
  // Not "0": what is not a number of ours must not become one.
  (value) => (Object.is(value, -0) ? '-0' : String(value)),
);

export function numberIn(least: number, most: number): Codec<number> {
  return {
    says: `a whole number from ${least} to ${most}`,
    read(text) {
      const value = number.read(text);
      return value === undefined || value < least || value > most ? undefined : value;
    },
    write: number.write,
  };
}

const asIs = (text: string): string => text;
/** SHA-256, 64 lower-case hex digits. */
export const hash: Codec<string> = spelled('64 lower-case hex digits', /^[0-9a-f]{64}$/, asIs);
export const id32: Codec<string> = spelled('32 lower-case hex digits', /^[0-9a-f]{32}$/, asIs);
export const token: Codec<string> = spelled(
  'a token: 1 to 128 of A-Za-z0-9._:@/- and no - first',
  /^(?!-)[A-Za-z0-9._:@/-]{1,128}$/,
  asIs,
);

export function oneOf<const T extends string>(...words: readonly T[]): Codec<T> {
  return {
    says: words.join(' or '),
    read: (text) => words.find((word) => word === text),
    write: asIs,
  };
}

export const yesNo: Codec<boolean> = {
  says: 'yes or no',
  read: (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
  write: (value) => (value ? 'yes' : 'no'),
};

/** Percent-encoded UTF-8: one spelling for every text without a NUL; the empty text is `%`. */
export const text: Codec<string> = {
  says: 'percent-encoded text',
  read(encoded) {
    if (encoded === '%') return '';
    if (encoded === '' || !/^(?:[A-Za-z0-9._~/:@,+=-]|%[0-9A-F]{2})+$/.test(encoded)) {
      return undefined;
    }
    let value: string;
    try {
      value = decodeURIComponent(encoded);
    } catch {
      return undefined;
    }
    return !value.includes('\0') && encodeText(value) === encoded ? value : undefined;
  },
  write: (value) => (value.isWellFormed() ? encodeText(value) : 'not UTF-8'),
};

function encodeText(value: string): string {
  if (value === '') return '%';
  return Buffer.from(value)
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9._~/:@,+=-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}

/** Two values with one space between; the first never holds a space. */
export function pair<A, B, T>(
  first: Codec<A>,
  second: Codec<B>,
  make: (a: A, b: B) => T,
  part: (value: T) => readonly [A, B],
): Codec<T> {
  return {
    says: `${first.says}, then ${second.says}`,
    read(both) {
      const space = both.indexOf(' ');
      if (space === -1) return undefined;
      const a = first.read(both.slice(0, space));
      const b = second.read(both.slice(space + 1));
      return a === undefined || b === undefined ? undefined : make(a, b);
    },
    write(value) {
      const [a, b] = part(value);
      return `${first.write(a)} ${second.write(b)}`;
    },
  };
}
