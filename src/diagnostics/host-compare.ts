/**
 * What differs between two targets, from what the fact store knows of both at one moment. How old
 * each side is, is said; where one side was not seen whole, what it lacks is not called a difference.
 */
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { type Coverage, isVolatile, keyOf, kindOf } from '#model';
import { BAR } from './render.ts';
import type { KnownFacts } from './report.ts';
import { oneLine, plural } from './words.ts';

export const PARTS = [
  'packages',
  'units',
  'kernel',
  'ports',
  'sysctl',
  'mounts',
  'accounts',
  'sshd',
] as const;
export type ComparePart = (typeof PARTS)[number];

const KINDS_OF: Readonly<Record<ComparePart, readonly string[]>> = {
  packages: ['package'],
  units: ['service', 'unit', 'timer'],
  kernel: ['host'],
  ports: ['port'],
  sysctl: ['kernel_parameter'],
  mounts: ['mount'],
  accounts: ['user', 'group'],
  sshd: ['sshd_setting'],
};
/** Differ between any two machines, and tell nothing. */
const OWN = new Set(['hostname', 'kernel.commandLine', 'password.changedOn']);
const SHOWN = 60;
const VALUE_CHARS = 120;

export function partsOf(given: unknown): readonly ComparePart[] {
  const wanted = typeof given === 'string' && given !== '' ? given.split(',') : [...PARTS];
  return PARTS.filter((part) => wanted.includes(part));
}

export function kindsToCompare(parts: readonly ComparePart[]): string[] {
  return parts.flatMap((part) => KINDS_OF[part]);
}

type Values = ReadonlyMap<string, Json>;
type Side = {
  readonly values: Values;
  readonly seen: Coverage | undefined;
  readonly isWhole: boolean;
};

export function compareHosts(
  parts: readonly ComparePart[],
  one: KnownFacts,
  other: KnownFacts,
  now: Instant,
): string {
  const blocks = parts.map((part) => comparePart(part, one, other));
  const differing = blocks.filter(({ count }) => count > 0);
  const blind = blocks.flatMap(({ unknown }) => unknown);
  const same = blocks.filter(({ count, unknown }) => count === 0 && unknown.length === 0);
  const head = [
    `${one.target} and ${other.target}, as both were known at ${formatInstant(now)}: ${
      differing.length === 0
        ? 'no difference found'
        : `${plural(
            differing.reduce((sum, { count }) => sum + count, 0),
            'difference',
          )} in ${differing.map(({ part }) => part).join(', ')}`
    }${blind.length > 0 ? `, ${plural(blind.length, 'part')} not known` : ''}`,
    ...(blind.length > 0
      ? ['', 'Not known, so not compared:', ...blind.map((each) => `- ${each}`)]
      : []),
    ...(same.length > 0
      ? ['', `The same on both: ${same.map(({ part }) => part).join(', ')}`]
      : []),
    '',
    'How old what is compared is (seconds):',
    ...blocks.flatMap(({ ages }) => ages.map((each) => `- ${each}`)),
  ];
  const details = differing.flatMap(({ part, lines, count }) => [
    '',
    `# ${part}: ${plural(count, 'difference')} (values behind "${BAR.trim()}" are the hosts' own words; first ${one.target}, then ${other.target})`,
    ...lines,
  ]);
  return [...head, ...details].join('\n');
}

type Block = {
  readonly part: ComparePart;
  readonly count: number;
  readonly lines: readonly string[];
  readonly unknown: readonly string[];
  readonly ages: readonly string[];
};

function comparePart(part: ComparePart, one: KnownFacts, other: KnownFacts): Block {
  const unknown: string[] = [];
  const ages: string[] = [];
  const all: string[] = [];
  for (const kind of KINDS_OF[part]) {
    const a = sideOf(kind, one);
    const b = sideOf(kind, other);
    for (const [known, side] of [
      [one, a],
      [other, b],
    ] as const) {
      const { status = 'never', ageSeconds = null, reason = null } = side.seen ?? {};
      if (side.isWhole)
        ages.push(
          `${known.target} ${kind}: ${ageSeconds ?? 'unknown'}${status === 'stale' ? ', stale' : ''}`,
        );
      else
        unknown.push(
          `${part}: ${kind} of ${known.target} was ${status === 'never' ? 'never observed' : `seen only in part (${status}${reason === null ? '' : `: "${oneLine(reason, 160).replaceAll('"', "'")}"`})`}; what only the other has is left out`,
        );
    }
    for (const key of [...new Set([...a.values.keys(), ...b.values.keys()])].toSorted()) {
      const left = a.values.get(key);
      const right = b.values.get(key);
      if (left === undefined && !a.isWhole) continue;
      if (right === undefined && !b.isWhole) continue;
      if (left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right))
        continue;
      const [name = '', attribute = ''] = key.split('\n');
      all.push(
        `${BAR}${oneLine(`${kind}${name === '' ? '' : ` ${name}`} ${attribute}`, 240)}: ${valueOf(left)} / ${valueOf(right)}`,
      );
    }
  }
  const lines = all.slice(0, SHOWN);
  if (all.length > SHOWN)
    lines.push(`(${all.length - SHOWN} more are left out: compare only ${part} with query_facts)`);
  return { part, count: all.length, lines, unknown, ages };
}

function valueOf(value: Json | undefined): string {
  return value === undefined
    ? 'not there'
    : oneLine(typeof value === 'string' ? value : canonicalJson(value), VALUE_CHARS);
}

function sideOf(kind: string, known: KnownFacts): Side {
  const host = keyOf(known.target);
  const rows = known.coverage.filter((each) => each.kind === kind);
  const whole = rows.find(({ status }) => status === 'complete' || status === 'stale');
  const values = new Map<string, Json>();
  for (const { entity, attribute, value } of known.facts) {
    if (kindOf(entity) !== kind || isVolatile(kind, attribute) || OWN.has(attribute)) continue;
    const key = keyOf(entity);
    const name = key === host ? '' : key.startsWith(`${host}/`) ? key.slice(host.length + 1) : key;
    if (!values.has(`${name}\n${attribute}`))
      values.set(`${name}\n${attribute}`, ownName(value, host));
  }
  return { values, seen: whole ?? rows[0], isWhole: whole !== undefined };
}

/** References to entities of the same host are the same on both. */
function ownName(value: Json, host: string): Json {
  if (typeof value === 'string') return value.replaceAll(`:${host}/`, ':');
  return Array.isArray(value) ? value.map((each) => ownName(each as Json, host)) : value;
}
