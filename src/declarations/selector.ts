/** Which targets something is for: by id, tag, kind of host and environment. Of the lists that are given, all must fit. */
import { show } from '#base/nearest';
import {
  ENVIRONMENTS,
  type Environment,
  entityProblem,
  HOST_TYPES,
  type HostType,
  type Target,
} from '#model';
import type { Value, Yaml } from '#strict-yaml';

export type Selector =
  | 'all'
  | {
      readonly targets: readonly string[];
      readonly tags: readonly string[];
      readonly hostTypes: readonly HostType[];
      readonly environments: readonly Environment[];
    };

/** How near a selector is to a target: what is said of fewer is nearer. */
export const LEVELS = { none: 0, all: 1, group: 2, target: 3 } as const;
export type Level = (typeof LEVELS)[keyof typeof LEVELS];

type Profile = Pick<Target, 'id' | 'tags' | 'hostType' | 'environment'>;

export function levelOf(selector: Selector, target: Profile): Level {
  if (selector === 'all') return LEVELS.all;
  const { targets, tags, hostTypes, environments } = selector;
  const fits =
    (targets.length === 0 || targets.includes(target.id)) &&
    (tags.length === 0 || tags.some((tag) => target.tags.includes(tag))) &&
    (hostTypes.length === 0 || hostTypes.includes(target.hostType)) &&
    (environments.length === 0 || environments.includes(target.environment));
  if (!fits) return LEVELS.none;
  return targets.length > 0 ? LEVELS.target : LEVELS.group;
}

const KEYS = ['targets', 'tags', 'hostTypes', 'environments'] as const;
const MOST = 500;

/** `all`, or a mapping that names at least one. */
export function readSelector(yaml: Yaml, value: Value): Selector | null {
  if (isWord(value, 'all')) return 'all';
  const before = yaml.problems.length;
  const given = yaml.record(value, 'for', KEYS);
  const list = <T>(name: (typeof KEYS)[number], read: (item: Value) => T | null): readonly T[] => {
    const items = yaml.list(given[name], name);
    if (given[name] !== undefined && items.length === 0)
      yaml.problem(given[name].at, `${name} is empty: leave it out, or name one`);
    if (items.length > MOST)
      yaml.problem(given[name]?.at ?? value.at, `${name} has more than ${MOST} items: use a tag`);
    return items.slice(0, MOST).flatMap((item) => read(item) ?? []);
  };
  const selector = {
    targets: list('targets', (item) => readTarget(yaml, item)),
    tags: list('tags', (item) => yaml.text(item, 'a tag', 128)),
    hostTypes: list('hostTypes', (item) => yaml.oneOf(item, 'a host type', HOST_TYPES)),
    environments: list('environments', (item) => yaml.oneOf(item, 'an environment', ENVIRONMENTS)),
  };
  if (yaml.problems.length > before) return null;
  if (KEYS.every((key) => selector[key].length === 0)) {
    yaml.problem(value.at, `for names nothing: write all, or give ${KEYS.join(', ')}`);
    return null;
  }
  return selector;
}

function readTarget(yaml: Yaml, value: Value): string | null {
  const id = yaml.text(value, 'a target', 200);
  if (id === null) return null;
  const problem = entityProblem(id);
  if (problem === undefined) return id;
  yaml.problem(value.at, `target ${show(id)} ${problem}: write it as it stands in fleet.yaml`);
  return null;
}

function isWord({ node }: Value, word: string): boolean {
  const scalar = node as { readonly value?: unknown; readonly tag?: string } | null;
  return scalar?.value === word && scalar.tag === undefined;
}
