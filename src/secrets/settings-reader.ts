/** Reads the YAML of the settings strictly: every problem with its line, no alias followed, no tag obeyed, no value shown. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { Fault } from '#base/fault';

const CHARS_MOST = 65_536;

export type Place = { readonly node: Node | null; readonly at: number; readonly name: string };
export type Fields = ReadonlyMap<string, Place>;

export class SettingsReader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #problems: { readonly line: number; readonly what: string }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  open(text: string, known: readonly string[]): Fields {
    if (text.length > CHARS_MOST) this.#at(0, `the file is longer than ${CHARS_MOST} characters`);
    this.end();
    const document = parseDocument(text, {
      strict: true,
      uniqueKeys: false,
      version: '1.2',
      schema: 'core',
      merge: false,
      prettyErrors: false,
      lineCounter: this.#lines,
    });
    for (const { pos, code } of [...document.errors, ...document.warnings].slice(0, 20))
      this.#at(pos[0], `not YAML that is accepted: ${code.toLowerCase().replaceAll('_', ' ')}`);
    if (document.directives.yaml.explicit === true) this.#at(0, 'directives are not accepted');
    this.end();
    return this.mapping({ node: document.contents, at: 0, name: 'the file' }, known);
  }

  problem(place: Pick<Place, 'at'>, what: string): void {
    this.#at(place.at, what);
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
      'invalid-transport-settings',
      `the settings of transport are not valid: correct and try again:\n${lines.join('\n')}`,
      { facts: { file: this.#file, problems: lines } },
    );
  }

  mapping({ node, at, name: what }: Place, known: readonly string[]): Fields {
    const fields = new Map<string, Place>();
    if (node === null || !isMap(node) || node.tag !== undefined) {
      this.#at(at, `${what} must be a mapping of keys: ${known.join(', ')}`);
      return fields;
    }
    for (const pair of node.items) {
      const key = pair.key as Node;
      const keyAt = key.range?.[0] ?? at;
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : '';
      if (!known.includes(name))
        this.#at(keyAt, `a key of ${what} is not known: accepted are ${known.join(', ')}`);
      else if (fields.has(name)) this.#at(keyAt, `${name} stands twice`);
      else fields.set(name, { node: pair.value as Node | null, at: keyAt, name });
    }
    return fields;
  }

  /** What stands there, or a problem at what it is missing in. */
  needed(fields: Fields, name: string, within: Place): Place | undefined {
    const found = fields.get(name);
    if (found === undefined) this.problem(within, `${name} is missing`);
    return found;
  }

  text(place: Place | undefined, form: RegExp, must: string): string {
    if (place === undefined) return '';
    const { node, name } = place;
    const isPlain = node !== null && isScalar(node) && !isAlias(node) && node.tag === undefined;
    if (isPlain && typeof node.value === 'string' && form.test(node.value)) return node.value;
    this.problem(place, `${name} must be ${must}, in quotes where it looks like a number`);
    return '';
  }

  number(place: Place, least: number, most: number): number {
    const { node, name } = place;
    const value =
      node !== null && isScalar(node) && node.tag === undefined ? node.value : undefined;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    this.problem(place, `${name} must be a whole number from ${least} to ${most}`);
    return least;
  }

  list(place: Place | undefined, most: number): readonly Place[] {
    if (place === undefined) return [];
    const { node, at, name } = place;
    if (
      node !== null &&
      isSeq(node) &&
      node.tag === undefined &&
      node.items.length > 0 &&
      node.items.length <= most
    ) {
      return node.items.map((item) => {
        const each = item as Node | null;
        return { node: each, at: each?.range?.[0] ?? at, name: `each of ${name}` };
      });
    }
    this.problem(place, `${name} must be a list of 1 to ${most}`);
    return [];
  }
}
