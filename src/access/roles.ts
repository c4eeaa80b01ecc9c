/**
 * `access.yaml`: roles, and who has them. A role without it is nobody's; a person in no role has nothing. Whoever
 * has several roles has each by itself: what one lets them ask for never counts on the targets of another.
 */
import { didYouMean, show } from '#base/nearest';
import { type Scope, TIERS } from '#model';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import { CAPABILITIES, type Capability, DECIDING } from './capabilities.ts';
import { PROFILE_CEILINGS, PROFILE_NAMES, PROFILES } from './profiles.ts';
import { lowerTier, type Reach, type ReachPart, reachOf, type TargetReach } from './reach.ts';

/** Built in: everything, everywhere. Without `access.yaml` every operator in force has it. */
export const OWNER = 'owner';

export type Access = {
  readonly roles: ReadonlyMap<string, ReachPart>;
  /** By operator. */
  readonly people: ReadonlyMap<string, readonly string[]>;
  /** By group of the identity provider. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
};

export type Person = {
  readonly operator: string;
  readonly groups: readonly string[];
  /** Operators signed for them. Whom only an identity provider vouches for has what their groups have, and decides nothing. */
  readonly isInForce: boolean;
};

const ROLE_KEYS = ['profile', 'capabilities', 'scopes', 'tags', 'targets', 'ceiling'] as const;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const MOST_ROLES = 200;

/** Every mistake with its place, all at once (`invalid-access`). `scopes`: those of `fleet.yaml`, where it can be read. */
export function readAccess(text: string, file: string, scopes: readonly Scope[] | null): Access {
  return readYaml(text, { file, code: 'invalid-access', what: 'roles' }, (yaml, root) => {
    const given = yaml.record(
      root,
      'access.yaml',
      ['version', 'roles', 'people', 'groups'],
      ['version'],
    );
    if (given.version !== undefined && yaml.whole(given.version, 'version', 1, 1) !== 1)
      yaml.problem(given.version.at, 'version must be 1: write version: 1');
    const roles = new Map<string, ReachPart>([[OWNER, reachOf('operator')[0] as ReachPart]]);
    for (const { key, at, value } of yaml.pairs(given.roles, 'roles')) {
      if (key === OWNER) yaml.problem(at, 'the role owner is built in: give this one another name');
      else if (!NAME.test(key))
        yaml.problem(
          at,
          `the name of a role is up to 32 lower-case letters, digits and dashes: rename ${show(key)}`,
        );
      else roles.set(key, readRole(yaml, value, key, scopes));
    }
    if (roles.size > MOST_ROLES) yaml.problem(0, `more than ${MOST_ROLES} roles: leave some out`);
    return {
      roles,
      people: readHolders(yaml, given.people, 'people', roles),
      groups: readHolders(yaml, given.groups, 'groups', roles),
    };
  });
}

function readRole(
  yaml: Yaml,
  value: Value,
  name: string,
  scopes: readonly Scope[] | null,
): ReachPart {
  const given = yaml.record(value, `role ${name}`, ROLE_KEYS);
  const profile = yaml.oneOf(given.profile, 'profile', PROFILE_NAMES);
  const listed = given.capabilities;
  if ((given.profile === undefined) === (listed === undefined))
    yaml.problem(value.at, `role ${name} needs profile or capabilities, and not both: give one`);
  const capabilities =
    profile === null
      ? names(yaml, listed, 'capabilities', (item) => yaml.oneOf(item, 'capability', CAPABILITIES))
      : PROFILES[profile];
  const most = profile === null ? 'T3' : PROFILE_CEILINGS[profile];
  const ceiling = yaml.oneOf(given.ceiling, 'ceiling', TIERS) ?? most;
  if (given.ceiling !== undefined && lowerTier(ceiling, most) !== ceiling)
    yaml.problem(given.ceiling.at, `the profile ${profile} goes up to ${most}: lower the ceiling`);
  const inScopes = names<Scope>(yaml, given.scopes, 'scopes', (item) =>
    scopes === null ? yaml.text(item, 'scope') : yaml.oneOf(item, 'scope', scopes),
  );
  return {
    capabilities,
    scopes: given.scopes === undefined ? 'all' : inScopes,
    targets: readTargets(yaml, given.targets, given.tags),
    ceiling,
    profiles: profile === null ? [] : [profile],
  };
}

/** A list that is there and empty names nothing, and so reaches nothing. */
function readTargets(yaml: Yaml, targets: Value | undefined, tags: Value | undefined): TargetReach {
  if (targets === undefined && tags === undefined) return 'all';
  return {
    ids: names(yaml, targets, 'targets', (item) =>
      yaml.textThat(item, 'target', /^[a-z][a-z0-9_-]*:\S+$/, 'host:web-1'),
    ),
    tags: names(yaml, tags, 'tags', (item) => yaml.text(item, 'tag', 100)),
  };
}

function readHolders(
  yaml: Yaml,
  value: Value | undefined,
  what: 'people' | 'groups',
  roles: ReadonlyMap<string, ReachPart>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    yaml.pairs(value, what).map(({ key, value: held }) => [
      key,
      names(yaml, held, `roles of ${show(key)}`, (item) => {
        const name = yaml.text(item, 'role', 100);
        if (name === null || roles.has(name)) return name;
        const all = [...roles.keys()];
        yaml.problem(
          item.at,
          `no such role: ${show(name)}${didYouMean(name, all) || `. There are ${all.join(', ')}`}`,
        );
        return null;
      }),
    ]),
  );
}

function names<T extends string>(
  yaml: Yaml,
  value: Value | undefined,
  what: string,
  read: (item: Value) => T | null,
): readonly T[] {
  const found: T[] = [];
  for (const item of yaml.list(value, what)) {
    const name = read(item);
    if (name === null) continue;
    if (found.includes(name)) yaml.problem(item.at, `${show(name)} is listed twice in ${what}`);
    else found.push(name);
  }
  return found;
}

/** Names of the roles that somebody has. `undefined`: there is no `access.yaml`. */
export function rolesOfPerson(
  access: Access | undefined,
  { operator, groups, isInForce }: Person,
): readonly string[] {
  if (access === undefined) return isInForce ? [OWNER] : [];
  const own = isInForce ? (access.people.get(operator) ?? []) : [];
  return [...new Set([...own, ...groups.flatMap((group) => access.groups.get(group) ?? [])])];
}

/** What the roles say, and nothing else; empty for whoever has none. */
export function reachOfPerson(access: Access | undefined, person: Person): Reach {
  const roles = access?.roles ?? new Map([[OWNER, reachOf('operator')[0] as ReachPart]]);
  return rolesOfPerson(access, person)
    .flatMap((name) => roles.get(name) ?? [])
    .map((part) => (person.isInForce ? part : { ...part, capabilities: undeciding(part) }));
}

function undeciding({ capabilities }: ReachPart): readonly Capability[] {
  return capabilities.filter((each) => !DECIDING.has(each));
}
