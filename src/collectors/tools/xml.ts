/**
 * As much of XML 1.0 as reports need, from strangers: elements, attributes, text. A document type, an entity of its own,
 * another encoding than UTF-8 and anything that is not well-formed end it; no name is looked up anywhere.
 */
import { Fault } from '#base/fault';

export type XmlEvent =
  /** Names without their prefix. */
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly attributes: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'close'; readonly name: string };

const DEPTH = 128;
const ATTRIBUTES = 256;
const NAME = /[A-Za-z_][\w.:-]{0,255}/y;
const SPACE = /[ \t\r\n]*/y;
const DECLARATION = /^\uFEFF?<\?xml[ \t\r\n][^?<>]{0,200}\?>/;

/** Every event in order. Throws `xml-refused` where the text is no document, or one we do not read. */
export function* xmlEvents(text: string): Generator<XmlEvent> {
  const declared = DECLARATION.exec(text)?.[0] ?? '';
  const encoding = /encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']/.exec(declared)?.[1];
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) throw refused('another encoding', 0);
  const open: string[] = [];
  let hasRoot = false;
  let at = declared.length;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    if (end > at) {
      const words = text.slice(at, end);
      if (open.length > 0) yield { kind: 'text', text: plain(words, at) };
      else if (words.trim() !== '' && words !== '\uFEFF')
        throw refused('text outside of the document', at);
    }
    if (next < 0) break;
    if (text.startsWith('<!--', next)) {
      at = after(text, '-->', next + 4);
    } else if (text.startsWith('<![CDATA[', next)) {
      at = after(text, ']]>', next + 9);
      if (open.length === 0) throw refused('text outside of the document', next);
      yield { kind: 'text', text: text.slice(next + 9, at - 3) };
    } else if (text.startsWith('<!', next)) {
      throw refused('a document type', next);
    } else if (text.startsWith('<?', next)) {
      at = after(text, '?>', next + 2);
    } else if (text.startsWith('</', next)) {
      const name = nameAt(text, next + 2);
      at = spaces(text, next + 2 + name.length);
      if (text[at] !== '>' || open.pop() !== name)
        throw refused('an end that has no beginning', next);
      at++;
      yield { kind: 'close', name: local(name) };
    } else {
      if (open.length === 0 && hasRoot) throw refused('a second document', next);
      hasRoot = true;
      const name = nameAt(text, next + 1);
      const attributes = new Map<string, string>();
      at = readAttributes(text, next + 1 + name.length, attributes);
      yield { kind: 'open', name: local(name), attributes };
      if (text[at] === '/') {
        if (text[at + 1] !== '>') throw refused('an element that does not end', next);
        at += 2;
        yield { kind: 'close', name: local(name) };
      } else {
        at++;
        open.push(name);
        if (open.length > DEPTH) throw refused('too deep', next);
      }
    }
  }
  if (!hasRoot || open.length > 0) throw refused('it does not end', text.length);
}

/** Where `/` or `>` stands behind the attributes. */
function readAttributes(text: string, from: number, attributes: Map<string, string>): number {
  let at = from;
  for (;;) {
    const before = at;
    at = spaces(text, at);
    if (text[at] === '>' || text[at] === '/') return at;
    if (at === before) throw refused('an element that does not end', at);
    const name = nameAt(text, at);
    at = spaces(text, at + name.length);
    if (text[at] !== '=') throw refused('an attribute without a value', at);
    at = spaces(text, at + 1);
    const quote = text[at];
    const end = quote === '"' || quote === "'" ? text.indexOf(quote, at + 1) : -1;
    if (end < 0) throw refused('an attribute without a value', at);
    const value = text.slice(at + 1, end);
    if (value.includes('<') || (attributes.has(local(name)) && !name.includes(':')))
      throw refused('an attribute that is none', at);
    attributes.set(local(name), plain(value, at));
    if (attributes.size > ATTRIBUTES) throw refused('too many attributes', at);
    at = end + 1;
  }
}

const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    lt: '<',
    gt: '>',
    amp: '&',
    quot: '"',
    apos: "'",
  }),
);

function plain(text: string, at: number): string {
  if (!text.includes('&')) return text;
  const made = text.replace(
    /&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));/g,
    (_, ten, hex, name) => {
      if (typeof name === 'string') return ENTITIES.get(name) ?? '\0';
      const code = typeof ten === 'string' ? Number(ten) : Number.parseInt(String(hex), 16);
      const isText = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return isText ? String.fromCodePoint(code) : '\0';
    },
  );
  // Every & that stood for something is gone with its ; and what it stood for is no NUL.
  if (
    made.includes('\0') ||
    text.replace(/&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[a-z]{2,4});/g, '').includes('&')
  )
    throw refused('an entity', at);
  return made;
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  if (found < 0) throw refused('it does not end', from);
  return found + mark.length;
}

function nameAt(text: string, at: number): string {
  NAME.lastIndex = at;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) throw refused('a name that is none', at);
  return name;
}

function spaces(text: string, at: number): number {
  SPACE.lastIndex = at;
  return at + (SPACE.exec(text)?.[0].length ?? 0);
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function refused(what: string, at: number): Fault {
  return new Fault(
    'invalid',
    'xml-refused',
    `not XML that is read here: ${what}, at character ${at}`,
  );
}
