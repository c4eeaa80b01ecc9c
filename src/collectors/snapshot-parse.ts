/**
 * Reads a snapshot (docs/reading.md): what a host's script printed, which is whatever that host wants us
 * to read. One form only; anything else is a fault, and a snapshot without its end is `cut`.
 */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { MachineFileInfo } from '#base/ports';
import { type Instant, isInstant } from '#base/time';
import {
  decoded,
  isPath,
  isPlain,
  isPlainPath,
  type Name,
  nameOf,
  textOf,
} from './snapshot-text.ts';

export const SNAPSHOT_BYTES = 32 * 1024 * 1024;
const BODY_BYTES = 1024 * 1024;
const HEAD_BYTES = 256 * 1024;
const RECORDS = 200_000;
const ARGV_WORDS = 512;

export type SnapshotProgram = {
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout: Uint8Array;
};

/** What was seen of paths, by one who looked. */
export type Seen = {
  readonly stats: ReadonlyMap<string, MachineFileInfo>;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly links: ReadonlyMap<string, string>;
  readonly hashes: ReadonlyMap<string, string>;
  readonly absent: ReadonlySet<string>;
  readonly denied: ReadonlySet<string>;
  /** Read by root, who tells what it holds as facts. */
  readonly told: ReadonlySet<string>;
};

export type RootFact = {
  readonly kind: string;
  readonly key: string;
  readonly attributes: Readonly<Record<string, Json>>;
};

export type Part = Seen & {
  /** Seconds since 1970 as the host's clock has it. */
  readonly now: number | undefined;
  readonly programs: readonly SnapshotProgram[];
  readonly facts: readonly RootFact[];
  readonly shorts: ReadonlyMap<string, string>;
  readonly wholes: ReadonlySet<string>;
  /** It ended before it said so. */
  readonly cut: boolean;
};

export type Snapshot = {
  readonly reader: Part;
  /** What root's helper added; absent where it is not allowed, and when it was cut. */
  readonly root: Part | undefined;
};

type Draft = {
  readonly [Member in keyof Part]: Part[Member] extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Value>
    : Part[Member] extends ReadonlySet<infer Value>
      ? Set<Value>
      : Part[Member] extends readonly (infer Value)[]
        ? Value[]
        : Part[Member];
};

const HEADS = { reader: 'holdfast-snapshot', root: 'holdfast-collect' } as const;
/** Root's part never holds contents, the reader's never speaks for root. */
const OF_READER = 'now stat file list link sha256 program none denied short'.split(' ');
const OF_ROOT = 'stat list link sha256 none denied told fact short whole'.split(' ');

/** Throws `snapshot-malformed` for anything that is not in the one form. */
export function parseSnapshot(bytes: Uint8Array): Snapshot {
  if (bytes.length > SNAPSHOT_BYTES) throw malformed('it is too big', 0);
  const cursor = { bytes, at: 0 };
  const reader = parsePart(cursor, 'reader');
  if (reader.cut || cursor.at === bytes.length) {
    return { reader, root: undefined };
  }
  const root = parsePart(cursor, 'root');
  if (!root.cut && cursor.at !== bytes.length)
    throw malformed('something follows its end', cursor.at);
  return { reader, root: root.cut ? undefined : root };
}

type Cursor = { readonly bytes: Uint8Array; at: number };

function parsePart(cursor: Cursor, who: 'reader' | 'root'): Part {
  const draft = emptyPart();
  const first = nextLine(cursor);
  if (first === undefined) return { ...draft, cut: true };
  if (first !== `${HEADS[who]}\t1`) throw malformed('it does not begin as one', cursor.at);
  const allowed = who === 'reader' ? OF_READER : OF_ROOT;
  let now: number | undefined;
  for (let records = 0; records <= RECORDS; records++) {
    const from = cursor.at;
    const line = nextLine(cursor);
    if (line === undefined) return { ...draft, now, cut: true };
    const [name = '', ...fields] = line.split('\t');
    if (name === 'end') {
      if (fields.length !== 1 || countOf(fields[0]) !== records)
        throw malformed('it miscounts its records', from);
      return { ...draft, now, cut: false };
    }
    if (!allowed.includes(name)) throw malformed('a record is not known', from);
    if (name === 'now') {
      if (now !== undefined || fields.length !== 1) throw malformed('two times', from);
      now = countOf(fields[0]);
      if (now === undefined || !isInstant(now * 1e6)) throw malformed('its time is none', from);
    } else if (addRecord(draft, name, fields, cursor, from) === 'cut') {
      return { ...draft, now, cut: true };
    }
  }
  throw malformed('it has too many records', cursor.at);
}

function emptyPart(): Draft {
  return {
    now: undefined,
    stats: new Map(),
    files: new Map(),
    lists: new Map(),
    links: new Map(),
    hashes: new Map(),
    absent: new Set(),
    denied: new Set(),
    told: new Set(),
    programs: [],
    facts: [],
    shorts: new Map(),
    wholes: new Set(),
    cut: false,
  };
}

/** Adds what one record says; `'cut'` when its body is not all there. */
function addRecord(
  draft: Draft,
  name: string,
  fields: readonly string[],
  cursor: Cursor,
  from: number,
): 'cut' | undefined {
  const width = WIDTHS[name];
  if (width === undefined || fields.length !== width) throw malformed('a record is too wide', from);
  const [one = '', two = '', three = ''] = fields;
  if (name === 'short' || name === 'whole') return addWord(draft, name, one, two, from);
  if (name === 'fact') {
    const body = nextBody(cursor, three, from);
    if (body === undefined) return 'cut';
    draft.facts.push({
      kind: kindIn(one, from),
      key: nameIn(two, from).text,
      ...object(body, from),
    });
    return undefined;
  }
  if (name === 'program') {
    const stdout = nextBody(cursor, three, from);
    if (stdout === undefined) return 'cut';
    const argv = one.split(' ').map((word) => nameIn(word, from).text);
    const exit = countOf(two);
    if (argv.length > ARGV_WORDS || exit === undefined || exit > 255)
      throw malformed('a program is none', from);
    draft.programs.push({ argv, exit, stdout });
    return undefined;
  }
  const body = name === 'file' || name === 'list' ? nextBody(cursor, two, from) : EMPTY;
  if (body === undefined) return 'cut';
  const path = pathIn(one, from);
  // A name that is no plain text cannot be asked for either.
  if (path === undefined) return undefined;
  switch (name) {
    case 'stat':
      return put(draft.stats, path, infoIn(fields.slice(1), from), from);
    case 'file':
      return put(draft.files, path, body, from);
    case 'list':
      return put(draft.lists, path, namesIn(body, from), from);
    case 'link':
      return put(draft.links, path, nameIn(two, from).text, from);
    case 'sha256':
      if (!/^[0-9a-f]{64}$/.test(two)) throw malformed('a hash is none', from);
      return put(draft.hashes, path, two, from);
    case 'none':
      return mark(draft.absent, path, from);
    case 'denied':
      draft.denied.add(path);
      return undefined;
    case 'told':
      return mark(draft.told, path, from);
    default:
      throw malformed('a record is not known', from);
  }
}

const EMPTY = new Uint8Array();
const WIDTHS: Readonly<Record<string, number>> = {
  stat: 7,
  file: 2,
  list: 2,
  link: 2,
  sha256: 2,
  program: 3,
  none: 1,
  denied: 1,
  told: 1,
  fact: 3,
  short: 2,
  whole: 1,
};

/**
 * Why something was not seen is shown as our own words, which make nobody distrust what follows: a host picks one of
 * those that its scripts know, and anything else it says there is told as the last.
 */
const REASONS = [
  'could not be read',
  'a link was not followed',
  'there is too much of it',
  'include by host name not read',
  'an include was not followed',
  'the SSH server is not where it is looked for',
  'sshd -T did not answer',
  'ssh-keygen is not there',
  'openssl is not there',
  'docker is not there',
  'docker did not answer',
  'podman did not answer',
  'not all of it was seen',
] as const;

function reasonIn(text: string): string {
  const said = REASONS.find((reason) => text.endsWith(reason) || text.startsWith(`${reason}:`));
  return said ?? 'not all of it was seen';
}

function addWord(
  draft: Draft,
  name: 'short' | 'whole',
  one: string,
  two: string,
  from: number,
): undefined {
  const kind = kindIn(one, from);
  if (name === 'whole') return mark(draft.wholes, kind, from);
  const before = draft.shorts.get(kind);
  const text = reasonIn(nameIn(two, from).text);
  if (before?.includes(text) === true) return undefined;
  draft.shorts.set(kind, before === undefined ? text : `${before}; ${text}`);
  return undefined;
}

function put<Value>(map: Map<string, Value>, path: string, value: Value, from: number): undefined {
  if (map.has(path)) throw malformed('a path is told twice', from);
  map.set(path, value);
}

function mark(set: Set<string>, word: string, from: number): undefined {
  if (set.has(word)) throw malformed('a path or kind is told twice', from);
  set.add(word);
}

/** The next line of printable ASCII, or `undefined` where the snapshot ends first. */
function nextLine(cursor: Cursor): string | undefined {
  const { bytes, at } = cursor;
  const end = bytes.indexOf(0x0a, at);
  if (end < 0 ? bytes.length - at > HEAD_BYTES : end - at > HEAD_BYTES)
    throw malformed('a head is too long', at);
  if (end < 0) {
    cursor.at = bytes.length;
    return undefined;
  }
  cursor.at = end + 1;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
  if (!/^[\t\x20-\x7e]*$/.test(line)) throw malformed('a head holds other bytes', at);
  return line;
}

function nextBody(cursor: Cursor, length: string, from: number): Uint8Array | undefined {
  const size = countOf(length);
  if (size === undefined || size > BODY_BYTES) throw malformed('a length is none', from);
  const end = cursor.at + size;
  if (end >= cursor.bytes.length) {
    cursor.at = cursor.bytes.length;
    return undefined;
  }
  if (cursor.bytes[end] !== 0x0a) throw malformed('a length is not kept', from);
  const body = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end + 1;
  return body;
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

function nameIn(text: string, from: number): Name {
  if (isPlain(text)) return { text, isText: true };
  const bytes = decoded(text);
  if (bytes === undefined) throw malformed('a text is not in its one form', from);
  return nameOf(bytes);
}

function pathIn(text: string, from: number): string | undefined {
  const { text: path, isText } = nameIn(text, from);
  if (!isPath(path)) throw malformed('a path is none', from);
  return isText && isPlainPath(path) ? path : undefined;
}

function kindIn(text: string, from: number): string {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(text)) throw malformed('a kind is none', from);
  return text;
}

function namesIn(body: Uint8Array, from: number): readonly string[] {
  const text = textOf(body);
  if (text === '') return [];
  if (!text.endsWith('\n')) throw malformed('a list does not end', from);
  const names = text
    .slice(0, -1)
    .split('\n')
    .map((line) => nameIn(line, from).text);
  for (const name of names) {
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw malformed('a name is none', from);
  }
  if (new Set(names).size !== names.length && names.every((name) => !name.includes('\ufffd')))
    throw malformed('a name is listed twice', from);
  return names.toSorted();
}

const FILE_KINDS = ['file', 'directory', 'symlink', 'socket', 'other'] as const;

function infoIn(fields: readonly string[], from: number): MachineFileInfo {
  const [said = '', uid, gid, mode = '', size, modified = ''] = fields;
  const kind = FILE_KINDS.find((each) => each === said);
  const numbers = [uid, gid, size].map(countOf);
  const seconds = /^-?(0|[1-9]\d{0,11})$/.test(modified) ? Number(modified) : Number.NaN;
  const [owner, group, bytes] = numbers;
  if (owner === undefined || group === undefined || bytes === undefined || kind === undefined)
    throw malformed('a stat is none', from);
  if (!/^[0-7]{3,4}$/.test(mode) || Number.isNaN(seconds)) throw malformed('a stat is none', from);
  const micros = seconds * 1e6;
  return {
    kind,
    uid: owner,
    gid: group,
    mode: Number.parseInt(mode, 8),
    size: bytes,
    modifiedAt: (isInstant(micros) ? micros : 0) as Instant,
  };
}

function object(body: Uint8Array, from: number): { attributes: Record<string, Json> } {
  if (body.length > LIMITS.valueBytes) throw malformed('a fact is too big', from);
  try {
    const value: unknown = JSON.parse(textOf(body));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { attributes: value as Record<string, Json> };
  } catch {
    // Told below: the words of the parser would hold words of the host.
  }
  throw malformed('a fact is no object', from);
}

function malformed(what: string, at: number): Fault {
  const message = `snapshot is not in its one form: ${what}, at byte ${at}. Compare the versions of Holdfast here and on the host`;
  return new Fault('invalid', 'snapshot-malformed', message, { facts: { at } });
}
