/** Types of values: read from an entry once, then asked for every word. docs/command-grammar.md lists them. */

import { parseAddress } from '#base/address';
import { show } from '#base/nearest';
import type { Reachable } from './address.ts';
import { judgeAwk } from './awk.ts';
import type { CommandClass, CommandCode } from './entry.ts';
import { Ere, EreError } from './ere.ts';
import { normalPath, type PathGuard } from './paths.ts';
import { judgeSed } from './sed.ts';

const MAX_VALUE_BYTES = 4_096;

export type Place = { readonly paths: PathGuard; readonly reachable: Reachable };
export type Judged =
  | {
      readonly normal: string;
      readonly class: CommandClass;
      readonly code: CommandCode | null;
      readonly why: string;
    }
  | { readonly code: CommandCode; readonly must: string };

export type ValueKind = {
  readonly name: string;
  /** What a person is told it must be. */
  readonly must: string;
  /** An operand of it may begin with `-`, behind `--`. */
  readonly mayBeginWithDash: boolean;
  /** A lone `-` may stand for the empty standard input. */
  readonly mayBeStdin: boolean;
  readonly judge: (text: string, place: Place) => Judged;
};

const fine = (normal: string): Judged => ({ normal, class: 'read', code: null, why: '' });
const bad = (must: string, code: CommandCode = 'bad-value'): Judged => ({ code, must });

type Simple = {
  readonly must: string;
  readonly form: RegExp;
  readonly most?: number;
  readonly dash?: true;
};
const SIMPLE: Readonly<Record<string, Simple>> = {
  decimal: { must: 'a number like 12 or 0.5', form: /^[0-9]+(?:\.[0-9]+)?$/, most: 32 },
  size: {
    must: 'a size like 10, 10k or +1G',
    form: /^[+-]?[0-9]+(?:\.[0-9]+)?[kKmMgGtTpPbBcwi]*$/,
    most: 32,
    dash: true,
  },
  word: { must: 'one plain word', form: /^[A-Za-z0-9_.:@%+,=/][A-Za-z0-9_.:@%+,=/-]*$/ },
  name: { must: 'a name', form: /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/ },
  unit: { must: 'a unit', form: /^[A-Za-z0-9:_.\\@*?][A-Za-z0-9:_.\\@*?-]*$/ },
  container: { must: 'the name of a container', form: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/ },
  interface: { must: 'a network interface', form: /^[A-Za-z0-9][A-Za-z0-9_.:@-]*$/, most: 32 },
  user: { must: 'a user', form: /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/ },
  group: { must: 'a group', form: /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/ },
  time: {
    must: 'a time',
    form: /^(?:[A-Za-z0-9]|[-+@][0-9])[A-Za-z0-9 :.,+-]*$/,
    dash: true,
  },
};

/** The kind, or what is wrong with the type as a text. */
export function parseValueType(type: string): ValueKind | { readonly problem: string } {
  const colon = type.indexOf(':');
  const name = colon === -1 ? type : type.slice(0, colon);
  const rest = colon === -1 ? null : type.slice(colon + 1);
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (name === 'number' || name === 'signed') return numberKind(name, rest);
  if (name === 'enum' || name === 'list') return choiceKind(name, rest);
  if (name === 'match') return matchKind(rest);
  if (rest !== null) return { problem: `takes nothing behind ${name}` };
  if (simple !== undefined) return simpleKind(name, simple);
  return Object.hasOwn(OWN, name)
    ? (OWN[name] as ValueKind)
    : { problem: `is not known: accepted are ${VALUE_TYPES.join(', ')}` };
}

/** Judged with what holds for values of every type. */
export function judgeValue(kind: ValueKind, text: string, place: Place): Judged {
  if (text.length > MAX_VALUE_BYTES || Buffer.byteLength(text) > MAX_VALUE_BYTES)
    return bad(`at most ${MAX_VALUE_BYTES} bytes`, 'too-many');
  return kind.judge(text, place);
}

function simpleKind(name: string, { must, form, most, dash }: Simple): ValueKind {
  return {
    name,
    must,
    mayBeginWithDash: dash === true,
    mayBeStdin: false,
    judge: (text) =>
      form.test(text) && (most === undefined || text.length <= most) ? fine(text) : bad(must),
  };
}

function numberKind(
  name: 'number' | 'signed',
  rest: string | null,
): ReturnType<typeof parseValueType> {
  const bounds = rest === null ? [] : rest.split(':');
  if (bounds.length > 2 || bounds.some((bound) => bound !== '' && !/^-?[0-9]{1,15}$/.test(bound)))
    return { problem: `has bounds like ${name}:1:100` };
  const least = bounds[0] ? Number(bounds[0]) : name === 'number' ? 0 : -999_999_999_999_999;
  const most = bounds[1] ? Number(bounds[1]) : 999_999_999_999_999;
  if (least > most || (name === 'number' && least < 0))
    return { problem: 'has bounds that nothing lies within' };
  const must = `a number from ${least} to ${most}`;
  const form = name === 'number' ? /^[0-9]{1,15}$/ : /^[+-]?[0-9]{1,15}$/;
  return {
    name,
    must,
    mayBeginWithDash: name === 'signed',
    mayBeStdin: false,
    judge: (text) =>
      form.test(text) && Number(text) >= least && Number(text) <= most ? fine(text) : bad(must),
  };
}

function choiceKind(name: 'enum' | 'list', rest: string | null): ReturnType<typeof parseValueType> {
  const choices = rest?.split(',') ?? [];
  if (choices.length === 0 || !choices.every((each) => /^[\x21-\x7e]+$/.test(each)))
    return { problem: `names what is accepted, like ${name}:a,b` };
  const known = new Set(choices);
  const must = `${name === 'enum' ? 'one' : 'some, with commas,'} of ${choices.join(', ')}`;
  return {
    name,
    must,
    mayBeginWithDash: false,
    mayBeStdin: false,
    judge: (text) =>
      (name === 'enum' ? known.has(text) : text.split(',').every((each) => known.has(each)))
        ? fine(text)
        : bad(must),
  };
}

function matchKind(rest: string | null): ReturnType<typeof parseValueType> {
  try {
    const ere = new Ere(rest ?? '');
    const must = `what matches ${rest}`;
    return {
      name: 'match',
      must,
      mayBeginWithDash: false,
      mayBeStdin: false,
      judge: (text) => (ere.matches(text) ? fine(text) : bad(must)),
    };
  } catch (error) {
    if (error instanceof EreError) return { problem: `has a pattern that ${error.message}` };
    throw error;
  }
}

function pathKind(
  name: string,
  must: string,
  objection: (place: Place, path: string) => CommandCode | null,
): ValueKind {
  return {
    name,
    must,
    mayBeginWithDash: false,
    mayBeStdin: name !== 'path',
    judge: (text, place) => {
      // Many programs read such a word as a command or a list of words, wherever it stands.
      if (/^[+@]/.test(text)) return bad(`${must} that does not begin with + or @`);
      // Read by some as another machine's: HOST:FILE, https://HOST/FILE.
      if (/^[^/]*:/.test(text)) return bad(`${must} of this host: with / first`, 'egress');
      const path = normalPath(text);
      if (path === null) return bad(`${must} of at most 1,024 bytes`);
      const code = objection(place, path);
      return code === null ? fine(path) : bad(PATH_MUST[code] ?? must, code);
    },
  };
}

const PATH_MUST: Readonly<Partial<Record<CommandCode, string>>> = {
  secret: 'no credential store, key, history or environment',
  device: 'no device',
  'outside-roots': 'a narrower place, inside what may be read',
};

function scriptKind(name: 'sed' | 'awk', judge: typeof judgeSed): ValueKind {
  const must = `a script of the small grammar of ${name}`;
  return {
    name,
    must,
    mayBeginWithDash: true,
    mayBeStdin: false,
    judge: (text) => {
      const verdict = judge(text);
      return verdict.class === 'deny'
        ? bad(`${must}: ${verdict.because}`, verdict.code ?? 'unknown-form')
        : { normal: text, class: verdict.class, code: verdict.code, why: verdict.because };
    },
  };
}

function looksLikeData(label: string): boolean {
  return (
    label.length >= 24 && !label.includes('-') && /[0-9]/.test(label) && /[A-Za-z]/.test(label)
  );
}

function judgeDomain(text: string): Judged {
  if (parseAddress(text) !== null) return fine(text);
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  if (text.length > 253 || labels.length > 8) return bad('a DNS name of at most 8 labels');
  if (!labels.every((label) => /^[A-Za-z0-9_][A-Za-z0-9_-]{0,39}$/.test(label)))
    return bad('a DNS name');
  return labels.some(looksLikeData) ? bad('a DNS name that carries no data', 'egress') : fine(text);
}

const plain = (
  name: string,
  must: string,
  judge: ValueKind['judge'],
  mayBeginWithDash = false,
): ValueKind => ({ name, must, mayBeginWithDash, mayBeStdin: false, judge });

const HOST = 'this host, an address inside the networks of the inventory, or a name it knows';
const OWN: Readonly<Record<string, ValueKind>> = {
  pid: plain('pid', 'a process id', (text) =>
    /^[0-9]{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= 4_194_304
      ? fine(text)
      : bad('a process id'),
  ),
  text: plain('text', 'text', fine, true),
  domain: plain('domain', 'a DNS name', judgeDomain),
  host: plain('host', HOST, (text, { reachable }) =>
    reachable.allows(text) ? fine(text) : bad(HOST, 'egress'),
  ),
  athost: plain('athost', `@ and ${HOST}`, (text, { reachable }) =>
    text.startsWith('@') && reachable.allows(text.slice(1))
      ? fine(text)
      : bad(`@ and ${HOST}`, text.startsWith('@') ? 'egress' : 'bad-value'),
  ),
  url: plain('url', `http:// or https:// of ${HOST}`, (text, { reachable }) => {
    // Programs differ in what they take a bare host for.
    const whole = text.includes('://') ? text : `http://${text}`;
    return reachable.allowsUrl(whole)
      ? fine(whole)
      : bad(`http:// or https:// of ${HOST}`, 'egress');
  }),
  path: pathKind('path', 'a path', () => null),
  file: pathKind('file', 'a file', ({ paths }, path) => paths.fileObjection(path)),
  tree: pathKind('tree', 'a directory', ({ paths }, path) => paths.treeObjection(path)),
  sed: scriptKind('sed', judgeSed),
  awk: scriptKind('awk', judgeAwk),
};

export const VALUE_TYPES: readonly string[] = [
  'number',
  'signed',
  'enum',
  'list',
  'match',
  ...Object.keys(SIMPLE),
  ...Object.keys(OWN),
];

export function badValue(where: string, judged: { readonly must: string }, text: string): string {
  return `${where} must be ${judged.must}: ${show(text)}`;
}
