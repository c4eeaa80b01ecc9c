/**
 * One target of the file. What the operator leaves out gets the most careful value there is: an
 * environment nobody named is production, a transport nobody named reaches nothing.
 */
import { LIMITS } from '#base/limits';
import {
  CRITICALITIES,
  ENVIRONMENTS,
  entityProblem,
  HOST_TYPES,
  type IgnoreRule,
  isKind,
  isReservedSource,
  keyOf,
  type Scope,
  type SourceGrant,
  type Target,
  TRANSPORTS,
} from '#model';
import { didYouMean, show } from './nearest.ts';
import type { Entry, Reader, Value } from './reader.ts';

export type TargetDefaults = {
  readonly scope: Scope;
  readonly staleAfterSeconds: number;
  readonly environment: Value | undefined;
  readonly owner: Value | undefined;
};

const TARGET_KEYS = [
  'scope',
  'hostType',
  'environment',
  'transport',
  'address',
  'via',
  'hostKey',
  'criticality',
  'owner',
  'tags',
  'redundancySet',
  'staleAfter',
  'sources',
] as const;

export type TargetDraft = {
  readonly target: Target;
  readonly redundancySet: { readonly name: string; readonly at: number } | undefined;
};

export function readTarget(
  reader: Reader,
  entry: Entry,
  defaults: TargetDefaults,
  scopes: readonly Scope[],
): TargetDraft | undefined {
  const objection = targetIdProblem(entry.name);
  if (objection !== undefined) {
    reader.problem(entry.nameAt, `target ${show(entry.name)} ${objection}`);
    return undefined;
  }
  const given = reader.record(entry, `target ${entry.name}`, TARGET_KEYS);
  const environment = given.environment ?? defaults.environment;
  const owner = given.owner ?? defaults.owner;
  const transport =
    (given.transport && reader.oneOf(given.transport, 'transport', TRANSPORTS)) ?? 'none';
  const address =
    (given.address && reader.textThat(given.address, 'address', 255, addressProblem)) ?? null;
  if (transport === 'ssh' && given.address === undefined)
    reader.problem(entry.nameAt, `target ${entry.name} has transport ssh and no address`);
  const set = given.redundancySet;
  const setName = set && reader.text(set, 'redundancySet', LIMITS.nameChars);
  return {
    target: {
      id: entry.name,
      scope: readScope(reader, given.scope, scopes) ?? defaults.scope,
      hostType: (given.hostType && reader.oneOf(given.hostType, 'hostType', HOST_TYPES)) ?? 'other',
      environment:
        (environment && reader.oneOf(environment, 'environment', ENVIRONMENTS)) ?? 'production',
      transport,
      address,
      via: readVia(reader, given.via),
      hostKey:
        (given.hostKey && reader.textThat(given.hostKey, 'hostKey', 4096, keyProblem)) ?? null,
      criticality:
        (given.criticality && reader.oneOf(given.criticality, 'criticality', CRITICALITIES)) ??
        'normal',
      owner: (owner && reader.text(owner, 'owner', LIMITS.nameChars)) ?? null,
      tags: readTags(reader, given.tags),
      redundancySet: null,
      staleAfterSeconds:
        readSeconds(reader, given.staleAfter, 'staleAfter') ?? defaults.staleAfterSeconds,
      sources: readSources(reader, given.sources),
    },
    redundancySet: set && setName !== undefined ? { name: setName, at: set.at } : undefined,
  };
}

export function targetIdProblem(id: string): string | undefined {
  const problem = entityProblem(id);
  if (problem !== undefined) return problem;
  if (id.length > LIMITS.nameChars) return `is longer than ${LIMITS.nameChars} characters`;
  // No `/` and no `*`: keys of a target's entities begin with its name, and `*` is the wildcard.
  if (!/^[A-Za-z0-9][A-Za-z0-9._:@+-]*$/.test(keyOf(id)))
    return 'must have a name of letters, digits and . _ : @ + -';
  return undefined;
}

export function scopeProblem(scope: string): string | undefined {
  return /^[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/.test(scope)
    ? undefined
    : 'must be org/site in lower case, like main/main';
}

function readScope(
  reader: Reader,
  value: Value | undefined,
  scopes: readonly Scope[],
): Scope | undefined {
  if (value === undefined) return undefined;
  return reader.textThat(value, 'scope', LIMITS.nameChars, (scope) =>
    scopes.includes(scope)
      ? undefined
      : `is not declared${didYouMean(scope, scopes) || ': list it under scopes'}`,
  );
}

function addressProblem(address: string): string | undefined {
  return /^[A-Za-z0-9_[][A-Za-z0-9._:%[\]-]*$/.test(address)
    ? undefined
    : 'must be a host name or an IP address';
}

function readVia(reader: Reader, value: Value | undefined): readonly string[] {
  const items = value === undefined ? [] : reader.list(value, 'via');
  return items.flatMap((item) => {
    const hop = reader.textThat(item, 'via', 255, (text) =>
      /^(?:[a-z_][a-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(text)
        ? undefined
        : 'must be the id of a target, or [user@]host[:port]',
    );
    return hop === undefined ? [] : [hop];
  });
}

function keyProblem(line: string): string | undefined {
  return /^(?:@cert-authority )?(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}$/.test(
    line,
  )
    ? undefined
    : 'must be a host key, <type> <base64>, with "@cert-authority " before it when it certifies host keys';
}

function readTags(reader: Reader, value: Value | undefined): readonly string[] {
  const tags: string[] = [];
  for (const item of value === undefined ? [] : reader.list(value, 'tags')) {
    const tag = reader.textThat(item, 'tag', 64, (text) =>
      /^[A-Za-z0-9][A-Za-z0-9._:/=-]*$/.test(text)
        ? undefined
        : 'must be letters, digits and . _ : / = -',
    );
    if (tag === undefined) continue;
    if (tags.includes(tag)) reader.problem(item.at, `tag ${show(tag)} is listed twice`);
    else tags.push(tag);
  }
  return tags;
}

export function sourceNameProblem(name: string): string | undefined {
  if (isReservedSource(name)) return 'is reserved for a built-in source: choose another name';
  return /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/.test(name)
    ? undefined
    : 'must be letters, digits and . _ : @ / -';
}

function readSources(reader: Reader, value: Value | undefined): readonly SourceGrant[] {
  const grants: SourceGrant[] = [];
  for (const item of value === undefined ? [] : reader.list(value, 'sources')) {
    const given = reader.record(item, 'a source', ['name', 'kinds', 'trusted']);
    if (given.name === undefined) {
      reader.problem(item.at, 'a source has no name');
      continue;
    }
    const name = reader.textThat(given.name, 'source name', LIMITS.nameChars, sourceNameProblem);
    const trusted = (given.trusted && reader.flag(given.trusted, 'trusted')) ?? false;
    const kinds = readKinds(reader, given.kinds);
    if (name === undefined) continue;
    if (grants.some((grant) => grant.name === name))
      reader.problem(given.name.at, `source ${show(name)} is listed twice`);
    else grants.push({ name, kinds, trusted });
  }
  return grants;
}

function readKinds(reader: Reader, value: Value | undefined): readonly string[] {
  if (value === undefined) return ['*'];
  const kinds: string[] = [];
  for (const item of reader.list(value, 'kinds')) {
    const kind = reader.textThat(item, 'kind', LIMITS.nameChars, (text) =>
      text === '*' || isKind(text) ? undefined : 'must be a lower-case word, or "*" for every kind',
    );
    if (kind === undefined) continue;
    if (kinds.includes(kind)) reader.problem(item.at, `kind ${show(kind)} is listed twice`);
    else kinds.push(kind);
  }
  if (kinds.length > 1 && kinds.includes('*'))
    reader.problem(value.at, 'kinds names "*", which is every kind, and others: keep one');
  return kinds;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const LONGEST_SECONDS = 366 * 86_400;

/** `90s`, `15m`, `6h`, `2d`. */
export function readSeconds(
  reader: Reader,
  value: Value | undefined,
  what: string,
): number | undefined {
  if (value === undefined) return undefined;
  let seconds = 0;
  const accepted = reader.textThat(value, what, 20, (text) => {
    const match = /^(\d{1,8})([smhd])$/.exec(text);
    if (match === null) return 'is not a length of time: write it like 90s, 15m, 6h or 2d';
    seconds = Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
    return seconds >= 1 && seconds <= LONGEST_SECONDS ? undefined : 'must be between 1s and 366d';
  });
  return accepted === undefined ? undefined : seconds;
}

export function readIgnoreRule(reader: Reader, value: Value): IgnoreRule | undefined {
  const given = reader.record(value, 'an ignore rule', ['target', 'entity', 'attribute', 'reason']);
  const pattern = (entry: Entry | undefined, what: string, most: number): string | undefined =>
    entry === undefined ? '*' : reader.text(entry, what, most);
  const target = pattern(given.target, 'target', LIMITS.nameChars);
  const entity = pattern(given.entity, 'entity', LIMITS.entityChars);
  const attribute = pattern(given.attribute, 'attribute', LIMITS.attributeChars);
  const reason = given.reason && reader.text(given.reason, 'reason', LIMITS.reasonChars);
  if (given.reason === undefined) reader.problem(value.at, 'an ignore rule has no reason: say why');
  if (target === '*' && entity === '*' && attribute === '*')
    reader.problem(
      value.at,
      'an ignore rule would ignore everything: name a target, an entity or an attribute',
    );
  if (
    target === undefined ||
    entity === undefined ||
    attribute === undefined ||
    reason === undefined
  )
    return undefined;
  return { target, entity, attribute, reason };
}
