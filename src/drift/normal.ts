/**
 * The one place where two ways to write the same value are made one. Whatever is not named here is
 * compared exactly: `0644` and `644` are one mode, `yes` and `prohibit-password` are two answers.
 */
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, tryParseInstant } from '#base/time';
import { keyOf, kindOf, type ValueForm } from '#model';
import { byText } from './facts.ts';

export type FormRules = {
  readonly formOf?: (kind: string, attribute: string) => ValueForm | undefined;
  readonly isSecurity: (kind: string, attribute: string) => boolean;
};

/** The value as it is compared. Never told to anybody: a finding shows what was really there. */
export function normal(entity: string, attribute: string, value: Json, rules: FormRules): Json {
  const kind = kindOf(entity);
  switch (rules.formOf?.(kind, attribute)) {
    case 'set':
      return sorted(value);
    case 'mode':
      return mode(value);
    case 'caseless':
      return typeof value === 'string' ? value.trimEnd().toLowerCase() : value;
    case 'flag':
      return flag(value);
    case 'time':
      return time(value);
    case 'bytes':
      return typeof value === 'string' ? (bytes(value) ?? value) : value;
    case 'seconds':
      return typeof value === 'string' ? (seconds(value) ?? value) : value;
    case 'sshd':
      return sshd(keyOf(entity), value);
    case 'sysctl':
      return sysctl(value);
    case undefined:
      // In a shell, a path or an account's name a trailing blank would be another one.
      if (typeof value !== 'string' || rules.isSecurity(kind, attribute)) return value;
      return value.trimEnd();
  }
}

function sorted(value: Json): Json {
  if (!Array.isArray(value)) return value;
  return (value as readonly Json[]).toSorted((a, b) => byText(canonicalJson(a), canonicalJson(b)));
}

/** Octal digits; a number is taken for the digits it is written with, as YAML reads `mode: 0644`. */
function mode(value: Json): Json {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^(?:0o)?[0-7]{1,6}$/.test(text)) return value;
  return text.replace(/^(?:0o)?0*(?=.)/, '');
}

const ON: ReadonlySet<string> = new Set(['yes', 'true', 'on', '1']);
const OFF: ReadonlySet<string> = new Set(['no', 'false', 'off', '0']);

function flag(value: Json): Json {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return value;
  const word = text.trim().toLowerCase();
  return ON.has(word) ? true : OFF.has(word) ? false : value;
}

function time(value: Json): Json {
  const at = typeof value === 'string' ? tryParseInstant(value.trim()) : undefined;
  return at === undefined ? value : formatInstant(at);
}

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  m: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gib: 2 ** 30,
  t: 2 ** 40,
  tib: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
};

/** `512 MiB`, `512M` and 536870912 are one size; `MB` are a million. */
function bytes(text: string): number | undefined {
  const found = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]{0,3})\s*$/.exec(text);
  const unit = BYTES[(found?.[2] ?? '?').toLowerCase()];
  if (found === null || unit === undefined) return undefined;
  const size = Number(found[1]) * unit;
  return Number.isSafeInteger(size) ? size : undefined;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** `2m`, `1m60s` and 120 are one duration, as sshd_config(5) writes them. */
function seconds(text: string): number | undefined {
  const given = text.trim().toLowerCase();
  if (/^\d{1,15}$/.test(given)) return Number(given);
  if (!/^(?:\d{1,9}[smhdw])+$/.test(given)) return undefined;
  let sum = 0;
  for (const [, count, unit] of given.matchAll(/(\d+)([smhdw])/g))
    sum += Number(count) * (SECONDS[unit ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/** Keywords that may repeat and whose order says nothing, and those that are times. */
const SSHD_SETS = /^(?:acceptenv|allowgroups|allowusers|denygroups|denyusers|listenaddress|port)$/;
const SSHD_TIMES = /^(?:clientaliveinterval|logingracetime|unusedconnectiontimeout)$/;
/** Words whose case sshd ignores, with the older names of the same answer. */
const SSHD_WORDS: Readonly<Record<string, string>> = {
  yes: 'yes',
  true: 'yes',
  on: 'yes',
  no: 'no',
  false: 'no',
  off: 'no',
};

function sshd(key: string, value: Json): Json {
  const keyword = (key.split('/').at(-1) ?? key).toLowerCase();
  if (Array.isArray(value)) return SSHD_SETS.test(keyword) ? sorted(value) : value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const text = String(value).trim();
  if (SSHD_TIMES.test(keyword)) {
    const parsed = seconds(text);
    if (parsed !== undefined) return String(parsed);
  }
  const word = text.toLowerCase();
  if (keyword === 'permitrootlogin' && word === 'without-password') return 'prohibit-password';
  return SSHD_WORDS[word] ?? text;
}

/** Fields are apart by any white space; a switch is 0 or 1 as the kernel prints it. */
function sysctl(value: Json): Json {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const text = String(value).trim().replace(/\s+/g, ' ');
  if (/^(?:yes|true|on)$/i.test(text)) return '1';
  if (/^(?:no|false|off)$/i.test(text)) return '0';
  return text;
}

/** States between two others: seen for a while, they tell nothing of how it should be. */
const PASSING: ReadonlySet<string> = new Set(['activating', 'deactivating', 'reloading']);
const PASSING_KINDS: ReadonlySet<string> = new Set(['service', 'unit', 'timer']);
/** A state that lasts so long is not passing any more: a service that starts over and over. */
export const PASSING_SECONDS = 900;

export function isPassing(entity: string, attribute: string, value: Json): boolean {
  return (
    attribute === 'state.active' &&
    typeof value === 'string' &&
    PASSING.has(value) &&
    PASSING_KINDS.has(kindOf(entity))
  );
}
