/** Reads the YAML of settings strictly: every problem with its line, no alias followed, no tag obeyed. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { Fault } from '#base/fault';

const BYTES_MOST = 256 * 1024;

export type Fields = Map<string, { readonly node: Node | null; readonly key: Node }>;

export class SettingsReader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #problems: { readonly line: number; readonly what: string }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  get isSound(): boolean {
    return this.#problems.length === 0;
  }

  open(text: string, known: readonly string[]): Fields {
    if (Buffer.byteLength(text) > BYTES_MOST) {
      this.problem(undefined, `the file is larger than ${BYTES_MOST} bytes`);
      this.end();
    }
    const document: Document.Parsed = parseDocument(text, {
      strict: true,
      uniqueKeys: false,
      version: '1.2',
      schema: 'core',
      merge: false,
      prettyErrors: false,
      lineCounter: this.#lines,
    });
    for (const { pos, code } of [...document.errors, ...document.warnings].slice(0, 20)) {
      this.#at(pos[0], `not YAML that is accepted: ${code.toLowerCase().replaceAll('_', ' ')}`);
    }
    if (document.directives.yaml.explicit === true)
      this.problem(undefined, 'directives are not accepted');
    this.end();
    return this.#fields(document.contents, 'the file', known) ?? new Map();
  }

  problem(node: Node | null | undefined, what: string): void {
    this.#at(node?.range?.[0] ?? 0, what);
  }

  #at(offset: number, what: string): void {
    this.#problems.push({ line: Math.max(1, this.#lines.linePos(offset).line), what });
  }

  end(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems
      .toSorted((a, b) => a.line - b.line)
      .slice(0, 50)
      .map(({ line, what }) => `${this.#file}:${line}: ${what}`);
    throw new Fault(
      'invalid',
      'invalid-evidence-settings',
      `the evidence settings are not valid: correct and try again:\n${lines.join('\n')}`,
      { facts: { file: this.#file, problems: lines } },
    );
  }

  #fields(node: Node | null, what: string, known: readonly string[]): Fields | undefined {
    if (node !== null && isScalar(node) && node.value === null) return new Map();
    if (node === null) return new Map();
    if (!isMap(node) || node.tag !== undefined) {
      this.problem(node, `${what} must be a mapping of keys`);
      return undefined;
    }
    const fields: Fields = new Map();
    for (const pair of node.items) {
      const key = pair.key as Node;
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : '';
      if (!known.includes(name))
        this.problem(key, `a key of ${what} is not known: accepted are ${known.join(', ')}`);
      else if (fields.has(name)) this.problem(key, `${name} stands twice`);
      else fields.set(name, { node: pair.value as Node | null, key });
    }
    return fields;
  }

  mapping(fields: Fields, name: string, known: readonly string[]): Fields | undefined {
    const found = fields.get(name);
    return found === undefined ? undefined : this.#fields(found.node, name, known);
  }

  mappings(fields: Fields, name: string, known: readonly string[], most: number): Fields[] {
    const found = fields.get(name);
    if (found === undefined) return [];
    const { node } = found;
    if (!isSeq(node) || node.tag !== undefined || node.items.length > most) {
      this.problem(found.key, `${name} must be a list of at most ${most}`);
      return [];
    }
    return node.items.flatMap((item) => this.#fields(item as Node | null, name, known) ?? []);
  }

  #scalar(fields: Fields, name: string): unknown {
    const found = fields.get(name);
    if (found === undefined) return undefined;
    const { node, key } = found;
    if (!isScalar(node) || isAlias(node) || node.tag !== undefined || node.value === null) {
      this.problem(key, `${name} must be a plain value`);
      return undefined;
    }
    return node.value;
  }

  /** Says that something is missing, unless it was there and already found wrong. */
  missing(fields: Fields, name: string): string {
    if (!fields.has(name)) {
      const [first] = fields.values();
      this.problem(first?.key, `${name} is missing`);
    }
    return '';
  }

  text(fields: Fields, name: string, form: RegExp, what: string): string | undefined {
    const value = this.#scalar(fields, name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && form.test(value)) return value;
    this.problem(
      fields.get(name)?.key,
      `${name} must be ${what}, in quotes where it looks like a number`,
    );
    return undefined;
  }

  path(fields: Fields, name: string): string | undefined {
    return this.text(fields, name, /^\/[^\p{C}\p{Zl}\p{Zp}]{1,1023}$/u, 'an absolute path');
  }

  url(fields: Fields, name: string): string | undefined {
    const text = this.text(
      fields,
      name,
      /^https?:\/\/[\x21-\x7e]{1,1024}$/,
      'an http:// or https:// address',
    );
    if (text === undefined) {
      this.missing(fields, name);
      return undefined;
    }
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.username === '' && url.password === '' && url.hash === '') return text;
    this.problem(
      fields.get(name)?.key,
      `${name} must be an address without user, password and fragment`,
    );
    return undefined;
  }

  number(fields: Fields, name: string, least: number, most: number): number | undefined {
    const value = this.#scalar(fields, name);
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    this.problem(fields.get(name)?.key, `${name} must be a whole number from ${least} to ${most}`);
    return undefined;
  }
}
