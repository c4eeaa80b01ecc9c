/**
 * Finds every secret of a text, left to right, in linear time.
 *
 * One automaton looks for all words that a secret can begin with or follow; each hit is judged by
 * its own rule, which looks a bounded distance around. What a rule has consumed is not looked at
 * again. The same walk, resumed, serves a stream.
 */
import { Automaton, type Cursor } from './automaton.ts';
import { commandAt, echoedBefore, PROGRAMS } from './commands.ts';
import { goDsnAt, isScheme, oracleAt, urlAt } from './connections.ts';
import { type Found, labelled } from './labelled.ts';
import {
  BLOCKS,
  base64Around,
  discordAt,
  JWT,
  pemAt,
  pgpassAt,
  SHAPES,
  shadowAt,
  shapeAt,
  telegramAt,
} from './shapes.ts';
import { lineEnd, lineStart, MARKER, REACH } from './values.ts';
import { folds, viewOf } from './view.ts';

/** Judges the word that ends at `end` and has `length` characters. */
type Rule = (walk: Walk, end: number, length: number) => void;

const rules: (readonly [string, Rule])[] = [];
const on = (words: readonly string[], rule: Rule): void => {
  for (const word of words) rules.push([word, rule]);
};

const STEMS =
  'pass pwd psk secret token key cookie auth otp jwt cred sessid session signature kennwort motdepasse bearer mnemonic phrase rootpw bindpw';
on(STEMS.split(' '), (walk, end, length) => walk.label(end - length, end));
// Too short to be looked for without what follows them.
on(['sig=', 'sid=', 'sid"', 'pw=', 'pw:'], (walk, end, length) =>
  walk.label(end - length, end - 1),
);
on(['[redacted:'], (walk, end) => walk.marker(end));
on(['://'], (walk, end) => {
  if (isScheme(walk.text, end - 3)) walk.add(urlAt(walk.text, end - 3));
});
on(['@tcp(', '@unix(', '@tcp6('], (walk, end, length) =>
  walk.add(goDsnAt(walk.text, end - length)),
);
on(['jdbc:oracle:thin:', 'jdbc:oracle:oci:'], (walk, end) => walk.add(oracleAt(walk.text, end)));
on(['-----begin '], (walk, end, length) => walk.add(pemAt(walk.text, end - length)));
for (const shape of [...SHAPES, ...BLOCKS]) {
  on(shape.words, (walk, end, length) =>
    walk.add(shapeAt(walk.text, end - length, shape, walk.floor)),
  );
}
on(['eyj'], (walk, end) => walk.jwt(end - 3));
on([':aa'], (walk, end) => walk.add(telegramAt(walk.text, end - 3)));
on(['.'], (walk, end) => {
  if (walk.text.charCodeAt(end + 6) === 0x2e) walk.add(discordAt(walk.text, end - 1));
});
on([':::'], (walk, end) => walk.add(shadowAt(walk.text, end)));
on([':5432:', ':5433:', ':6432:', ':*:'], (walk, end) => walk.add(pgpassAt(walk.text, end)));
for (const [program, usage] of PROGRAMS) {
  on([program], (walk, end, length) => walk.command(end - length, end, usage));
}
on(['--password-stdin', 'passwd --stdin', 'sudo -s'], (walk, end, length) =>
  walk.add(echoedBefore(walk.text, end - length, false)),
);
on(['chpasswd'], (walk, end, length) => walk.add(echoedBefore(walk.text, end - length, true)));
on(['basic ', 'bearer '], (walk, end, length) => walk.scheme(end - length, end));
// base64 of pass, secret, token=, private key: in the three positions that three bytes can have.
const WRAPPED =
  'cgfzc3dvcm bhc3n3b3jk wyxnzd29yz ueftu1dpuk bbu1nxt1je qqvntv09sr c2vjcmv0 nly3jld wzwnyzx u0vdukvu nfq1jfv trunsrv dg9rzw rva2vu 0b2tlb ve9lru rps0vo ut0tft ls0tls1crudjti dktls0tqkvhsu4 0tls0tljfr0lo';
on(WRAPPED.split(' '), (walk, end, length) => walk.wrapped(end - length, end));
const UNDO = [
  '%2',
  '%3',
  '%4',
  '%5',
  '%6',
  '%7',
  '\\u00',
  '\\u{',
  '\\x',
  '&quot;',
  '&apos;',
  '&amp;',
  '&#',
  '&equals;',
  '&colon;',
  '&lt;',
];
on(UNDO, (walk, end, length) => walk.view(end - length));
on(['\x80'], (walk, end) => walk.wide(end - 1));

/** Made for the first text: commands that only ask for help have none. */
let made: Automaton | undefined;
function automatonOfWords(): Automaton {
  made ??= new Automaton(rules.map(([word]) => word));
  return made;
}

/** How far a view reaches from the escape that asks for it. */
const VIEW_BACK = 1_024;
const VIEW_AHEAD = 16_384;
const BEARER_TOKEN = /[A-Za-z0-9+/=._~-]{8,16384}/y;
const BASIC_TOKEN = /[A-Za-z0-9+/_]{6,16384}={0,2}/y;

/** One walk over one text; `text` may grow at its end and be cut at its front between calls. */
export class Walk {
  text = '';
  /** Everything found so far, in the order of finding; the owner of the walk takes it out. */
  found: Found[] = [];
  /** Where the last finding ended: what follows is read as after a blank, as it will be after a marker. */
  floor = 0;
  readonly #cursor: Cursor = { at: 0, state: 0 };
  readonly #plain: boolean;
  readonly #depth: number;
  #swallowing: string | undefined;
  /** Findings that begin further on, in their order: what lies before them is still looked at. */
  #ahead: Found[] = [];
  #namesSeen = 0;
  #jwtSeen = 0;
  #viewSeen = 0;
  #wrappedSeen = 0;
  readonly #commandSeen = new Map<unknown, number>();

  /** `depth`: how many more layers of escaping or wrapping may be opened. */
  constructor(depth: number) {
    this.#plain = depth <= 0;
    this.#depth = depth;
  }

  /** Walks on up to `to`. Rules may look at all of `text`. */
  go(to: number): void {
    const automaton = automatonOfWords();
    const cursor = this.#cursor;
    for (;;) {
      if (this.#swallowing !== undefined && this.#swallow(this.#swallowing, to)) return;
      const next = this.#ahead[0];
      if (next !== undefined && cursor.at >= next.start) {
        this.#ahead.shift();
        this.#past(next);
        continue;
      }
      if (!automaton.run(this.text, cursor, Math.min(to, next?.start ?? to))) {
        if (next !== undefined && next.start <= to) continue;
        return;
      }
      const { at } = cursor;
      for (const hit of automaton.hits(cursor)) {
        const [word, rule] = rules[hit] as readonly [string, Rule];
        rule(this, at, word.length);
        if (cursor.at !== at) break;
      }
    }
  }

  /** Forgets the first `count` characters of `text`. */
  shift(count: number): void {
    this.text = this.text.slice(count);
    this.#cursor.at -= count;
    this.floor -= count;
    this.#namesSeen -= count;
    this.#jwtSeen -= count;
    this.#viewSeen -= count;
    this.#wrappedSeen -= count;
    for (const [usage, seen] of this.#commandSeen) this.#commandSeen.set(usage, seen - count);
    const moved = (f: Found): Found => ({ ...f, start: f.start - count, end: f.end - count });
    this.found = this.found.map(moved);
    this.#ahead = this.#ahead.map(moved);
  }

  get at(): number {
    return this.#cursor.at;
  }

  add(found: Found | undefined): void {
    if (found === undefined || found.end <= found.start) return;
    this.found.push(found);
    if (found.start <= this.#cursor.at) return this.#past(found);
    this.#ahead.push(found);
    this.#ahead.sort((a, b) => a.start - b.start);
  }

  /** Goes on behind a finding. */
  #past(found: Found): void {
    if (found.end > this.#cursor.at) this.#jump(found.end);
    // Longer than a rule looks: the rest of the line belongs to it.
    if (found.end - found.start >= REACH) this.#swallowing = found.name;
  }

  #jump(to: number): void {
    this.floor = to;
    this.#cursor.at = to;
    this.#cursor.state = 0;
  }

  /** Takes what is left of a very long finding; true when it goes on past `to`. */
  #swallow(name: string, to: number): boolean {
    const { at } = this.#cursor;
    if (at >= to) return true;
    const end = lineEnd(this.text, at, to - at);
    if (end > at) this.found.push({ start: at, end, name, more: true });
    this.#jump(end);
    if (end >= to) return true;
    this.#swallowing = undefined;
    return false;
  }

  label(from: number, to: number): void {
    if (to <= this.#namesSeen) return;
    const { found, seen } = labelled(this.text, from, to, this.floor);
    this.#namesSeen = Math.max(this.#namesSeen, seen);
    this.add(found);
  }

  /** A JWT, looked for once in each run of its letters: where the first try fails, all do. */
  jwt(start: number): void {
    if (start < this.#jwtSeen) return;
    const found = shapeAt(this.text, start, JWT, this.floor);
    this.add(found);
    if (found !== undefined) return;
    let end = start;
    const lim = Math.min(this.text.length, start + 8_192);
    while (end < lim && /[\w-]/.test(this.text[end] as string)) end++;
    this.#jwtSeen = end;
  }

  marker(end: number): void {
    MARKER.lastIndex = end - 10;
    if (MARKER.test(this.text)) this.#jump(MARKER.lastIndex);
  }

  command(start: number, end: number, usage: Parameters<typeof commandAt>[3]): void {
    if (end <= (this.#commandSeen.get(usage) ?? 0)) return;
    const { found, seen } = commandAt(this.text, start, end, usage, this.floor);
    this.#commandSeen.set(usage, seen);
    // The rest of the line may hold other secrets: no jump.
    this.found.push(...found);
  }

  /** `Basic dXNlcjpwYXNz` or `Bearer …` without a header name. */
  scheme(start: number, end: number): void {
    if (start !== this.floor && /[\w-]/.test(this.text[start - 1] ?? '')) return;
    const bearer = /r/i.test(this.text[end - 2] ?? '');
    const shape = bearer ? BEARER_TOKEN : BASIC_TOKEN;
    shape.lastIndex = end;
    const token = shape.exec(this.text)?.[0];
    if (token === undefined) return;
    const secret = bearer
      ? token.length >= 16 && /\d/.test(token) && /[A-Za-z]/.test(token)
      : holdsPair(token);
    if (secret) this.add({ start: end, end: end + token.length, name: 'authorization' });
  }

  /** base64 text that says `password`, `secret`, `token` or `-----BEGIN` inside. */
  wrapped(from: number, to: number): void {
    if (this.#plain || to <= this.#wrappedSeen) return;
    const around = base64Around(this.text, from, to);
    if (around === undefined || around.end - around.start < 16) return;
    this.#wrappedSeen = around.end;
    const text = unwrap(this.text.slice(around.start, around.end));
    if (text === undefined) return;
    const inner = new Walk(0);
    inner.text = text;
    inner.go(text.length);
    if (inner.found.length > 0) this.add({ ...around, name: 'secret' });
  }

  wide(at: number): void {
    if (at >= this.#viewSeen && !this.#plain && folds(this.text, at)) this.view(at);
  }

  /** Looks again at the line around `at` with its escapes undone. */
  view(at: number): void {
    if (this.#plain || at < this.#viewSeen) return;
    const start = lineStart(this.text, at, VIEW_BACK);
    const end = lineEnd(this.text, at, VIEW_AHEAD);
    this.#viewSeen = end;
    const view = viewOf(this.text.slice(start, end));
    if (view === undefined) return;
    const inner = new Walk(this.#depth - 1);
    inner.text = view.text;
    inner.go(view.text.length);
    for (const { start: a, end: b, name } of inner.found) {
      let last = b;
      while (last < view.text.length && view.from[last] === view.from[b - 1]) last++;
      this.found.push({
        start: start + (view.from[a] as number),
        end: start + (view.from[last] as number),
        name,
      });
    }
  }
}

function holdsPair(token: string): boolean {
  const text = unwrap(token);
  return text !== undefined && /^[\x20-\x7e]{1,256}$/.test(text) && /^[^:\s]*:./.test(text);
}

/** base64 or base64url undone, when the result is text. */
function unwrap(token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64');
  if (bytes.length < 4) return undefined;
  // The cut of a longer token may begin off the beat; the ASCII inside still shows.
  const text = bytes.toString('latin1');
  let odd = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) || c > 0x7e) odd++;
  }
  return odd * 8 <= text.length ? text : undefined;
}

/** All secrets of a whole text. */
export function findSecrets(text: string): readonly Found[] {
  const walk = new Walk(2);
  walk.text = text;
  walk.go(text.length);
  return merged(walk.found);
}

/** Sorted and without overlaps; the name of the first of those that overlap is kept. */
export function merged(found: readonly Found[]): readonly Found[] {
  if (found.length < 2) return found;
  const sorted = found.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const out: Found[] = [];
  for (const next of sorted) {
    const last = out.at(-1);
    if (last !== undefined && next.start < last.end) {
      if (next.end > last.end) out[out.length - 1] = { ...last, end: next.end };
    } else out.push(next);
  }
  return out;
}
