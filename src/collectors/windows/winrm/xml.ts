/**
 * The XML of SOAP, as far as WS-Management needs it: text put in with its markup escaped, and a small strict
 * reader of what comes back. No document type, no entity but the five of XML, no processing instruction: whatever it
 * does not expect refuses the whole (XML 1.0, Namespaces in XML 1.0).
 */
import { Fault } from '#base/fault';

export type Element = {
  readonly namespace: string;
  readonly name: string;
  /** Attributes without a prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** Its own text, that of elements in it left out. */
  readonly text: string;
};

const MOST_ELEMENTS = 20_000;
const DEEPEST = 32;
const MOST_ATTRIBUTES = 32;
const MOST_PREFIXES = 64;
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/** Text for between tags and for attributes in double quotes. Characters that XML cannot hold refuse. */
export function escapeXml(text: string): string {
  if (!isXmlText(text)) throw malformed('text holds a character that XML cannot');
  return text.replace(/[<>&"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const NAME = /[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?/y;
const BLANKS = /[ \t\r\n]*/y;
const DECLARATION = /^<\?xml [A-Za-z0-9 ="'.-]{1,100}\?>/;

type Scope = ReadonlyMap<string, string>;

/** Throws `xml-malformed`. */
export function parseXml(text: string): Element {
  const source = text.replace(/^\uFEFF/, '').replace(DECLARATION, '');
  const reader = new Reader(source);
  reader.blanks();
  const root = reader.element(new Map([['xml', XML_NAMESPACE]]), 0);
  reader.blanks();
  if (!reader.isAtEnd) throw malformed('something stands behind its end');
  return root;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #elements = 0;

  constructor(text: string) {
    if (!isXmlText(text)) throw malformed('it holds a character that XML cannot');
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  blanks(): void {
    BLANKS.lastIndex = this.#at;
    this.#at += BLANKS.exec(this.#text)?.[0].length ?? 0;
  }

  element(outer: Scope, depth: number): Element {
    if (depth > DEEPEST) throw malformed('it is too deep');
    this.#elements += 1;
    if (this.#elements > MOST_ELEMENTS) throw malformed('it has too many elements');
    this.#expect('<');
    const tag = this.#name();
    const { given, scope } = this.#attributes(outer);
    const { namespace, name } = resolved(tag, scope, true);
    const attributes = attributesOf(given, scope);
    if (this.#take('/>')) return { namespace, name, attributes, children: [], text: '' };
    this.#expect('>');
    const children: Element[] = [];
    const said: string[] = [];
    for (;;) {
      const next = this.#text.indexOf('<', this.#at);
      if (next === -1) throw malformed('an element does not end');
      said.push(unescaped(this.#text.slice(this.#at, next)));
      this.#at = next;
      if (this.#take('</')) break;
      children.push(this.element(scope, depth + 1));
    }
    if (this.#name() !== tag) throw malformed('an element ends with another name');
    this.blanks();
    this.#expect('>');
    return { namespace, name, attributes, children, text: said.join('') };
  }

  #attributes(outer: Scope): {
    readonly given: ReadonlyMap<string, string>;
    readonly scope: Scope;
  } {
    const given = new Map<string, string>();
    // Copied only by what adds to it: elements are many, and prefixes may be as well.
    let added: Map<string, string> | undefined;
    const declare = (prefix: string, namespace: string): void => {
      added ??= new Map(outer);
      added.set(prefix, namespace);
      if (added.size > MOST_PREFIXES) throw malformed('it has too many prefixes');
    };
    for (;;) {
      const from = this.#at;
      this.blanks();
      if (this.#text.startsWith('/>', this.#at) || this.#text[this.#at] === '>') break;
      if (this.#at === from) throw malformed('attributes are not parted');
      const name = this.#name();
      this.blanks();
      this.#expect('=');
      this.blanks();
      const value = this.#quoted();
      if (given.has(name)) throw malformed('an attribute stands twice');
      if (given.size === MOST_ATTRIBUTES) throw malformed('an element has too many attributes');
      given.set(name, value);
      if (name === 'xmlns') declare('', value);
      else if (name.startsWith('xmlns:')) {
        if (value === '') throw malformed('a prefix stands for nothing');
        declare(name.slice('xmlns:'.length), value);
      }
    }
    return { given, scope: added ?? outer };
  }

  #quoted(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw malformed('a value is not in quotes');
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end === -1) throw malformed('a value does not end');
    const value = this.#text.slice(this.#at + 1, end);
    if (value.includes('<')) throw malformed('a value holds markup');
    this.#at = end + 1;
    return unescaped(value);
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) throw malformed('a name is not in its form');
    this.#at += name.length;
    return name;
  }

  #take(what: string): boolean {
    if (!this.#text.startsWith(what, this.#at)) return false;
    this.#at += what.length;
    return true;
  }

  #expect(what: string): void {
    if (!this.#take(what)) throw malformed('markup is not in its form');
  }
}

function resolved(
  name: string,
  scope: Scope,
  isElement: boolean,
): { readonly namespace: string; readonly name: string } {
  const colon = name.indexOf(':');
  const prefix = colon === -1 ? '' : name.slice(0, colon);
  const namespace = colon === -1 && !isElement ? '' : scope.get(prefix);
  if (namespace === undefined && prefix !== '') throw malformed('a prefix is not declared');
  return { namespace: namespace ?? '', name: name.slice(colon + 1) };
}

function attributesOf(
  given: ReadonlyMap<string, string>,
  scope: Scope,
): ReadonlyMap<string, string> {
  const plain = new Map<string, string>();
  for (const [name, value] of given) {
    if (name.startsWith('xmlns')) continue;
    if (name.includes(':')) resolved(name, scope, false);
    else plain.set(name, value);
  }
  return plain;
}

function unescaped(text: string): string {
  if (!text.includes('&')) return text.replaceAll('\r\n', '\n');
  return text.replace(/&([^;&]{0,10})(;?)/g, (_, name: string, end: string) => {
    if (end === '') throw malformed('an entity does not end');
    const known = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (known !== undefined) return known;
    const [, hexadecimal, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(name) ?? [];
    const code =
      hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal ?? NaN);
    if (!(code >= 0 && code <= 0x10ffff)) throw malformed('an entity is not known');
    const character = String.fromCodePoint(code);
    if (!isXmlText(character)) throw malformed('an entity stands for no character of XML');
    return character;
  });
}

/** XML 1.0, production 2. */
function isXmlText(text: string): boolean {
  return text.isWellFormed() && !/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text);
}

function malformed(what: string): Fault {
  return new Fault(
    'invalid',
    'xml-malformed',
    `what came back is not the XML that was expected: ${what}. See that the port is that of WinRM over HTTPS`,
  );
}
