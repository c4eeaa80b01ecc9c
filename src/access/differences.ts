/** What of `access.yaml` differs from what was signed, and what is in force of it: for people. */
import { keyLines } from '#strict-yaml';
import type { ReachPart } from './reach.ts';
import { type Access, OWNER } from './roles.ts';

export type AccessDifference = {
  /** Of the file as it lies there; 1 where it has no such entry. */
  readonly line: number;
  readonly what: string;
  readonly written: string;
  readonly signed: string;
  readonly inForce: string;
};

const BOTH = 'only what both give';
const NOTHING = 'nothing';
const NONE = 'none';

/** `signed` is `null` where nobody knows what it was: then nobody has anything. */
export function accessDifferences(
  text: string | undefined,
  written: Access | undefined,
  signed: Access | undefined | null,
): readonly AccessDifference[] {
  const lineOf = keyLines(text ?? '');
  if (signed === null || written === undefined || signed === undefined) {
    return [
      {
        line: 1,
        what: 'the file',
        written: ofFile(written),
        signed: signed === null ? 'not known' : ofFile(signed),
        inForce: signed === null ? NOTHING : BOTH,
      },
    ];
  }
  const differ = <Value>(
    where: 'roles' | 'people' | 'groups',
    named: string,
    inWords: (value: Value) => string,
    now: ReadonlyMap<string, Value>,
    was: ReadonlyMap<string, Value>,
  ): readonly AccessDifference[] =>
    [...new Set([...now.keys(), ...was.keys()])].toSorted().flatMap((name) => {
      const [one, other] = [now, was].map((map) => {
        const value = map.get(name);
        return value === undefined ? NONE : inWords(value);
      }) as [string, string];
      if (one === other) return [];
      const inForce = one === NONE || other === NONE ? NOTHING : BOTH;
      return {
        line: lineOf(where, name),
        what: `${named} ${name}`,
        written: one,
        signed: other,
        inForce,
      };
    });
  const held = (roles: readonly string[]): string => [...roles].toSorted().join(', ') || NONE;
  return [
    ...differ('roles', 'role', roleInWords, without(written.roles), without(signed.roles)),
    ...differ('people', 'person', held, written.people, signed.people),
    ...differ('groups', 'group', held, written.groups, signed.groups),
  ];
}

function without(roles: Access['roles']): Access['roles'] {
  return new Map([...roles].filter(([name]) => name !== OWNER));
}

function ofFile(access: Access | undefined): string {
  return access === undefined
    ? 'none: every operator in force is owner'
    : `roles: ${[...access.roles.keys()].join(', ')}`;
}

function roleInWords({ capabilities, scopes, targets, ceiling, profiles }: ReachPart): string {
  const what = profiles?.[0] ?? [...capabilities].toSorted().join(' ');
  const where =
    targets === 'all'
      ? 'every target'
      : [...targets.ids, ...targets.tags.map((tag) => `tag ${tag}`)].join(' ') || 'no target';
  const scoped = scopes === 'all' ? '' : ` of ${scopes.join(' ') || 'no scope'}`;
  return `${what}, ${where}${scoped}, up to ${ceiling}`;
}
