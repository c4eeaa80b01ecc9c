/**
 * `declarations.yaml`: which sources of "should" speak of which targets, and what findings weigh.
 * Whoever can edit it and sign decides what is told as drift.
 */
import { show } from '#base/nearest';
import type { FindingRules } from '#model';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import { declarationsFile } from './faults.ts';
import { readFindingRules } from './finding-rules.ts';
import { readSelector, type Selector } from './selector.ts';

type Common = {
  /** Its id is `<kind>:<name>`. */
  readonly name: string;
  readonly for: Selector;
  /** `file:line` of the entry. */
  readonly at: string;
};

export type Entry =
  | (Common & {
      readonly kind: 'git';
      /** Absolute path of a repository on this machine, bare or not. */
      readonly repository: string;
      readonly branch: string;
      /** Only files below it; empty: of the whole tree. */
      readonly folder: string;
    })
  /** A shipped profile, or an own one: `declarations/cis/<name>.yaml`. */
  | (Common & { readonly kind: 'cis' })
  /** `feed`: an absolute path, or one below `declarations/`. */
  | (Common & { readonly kind: 'vulnerability'; readonly feed: string })
  | (Common & { readonly kind: 'integrity' })
  | (Common & { readonly kind: 'service' });

export type EntryKind = Entry['kind'];

export type DeclarationSettings = {
  readonly entries: readonly Entry[];
  readonly findings: FindingRules;
};

/** What holds while there is no file. */
export const NO_SETTINGS: DeclarationSettings = { entries: [], findings: [] };

const MOST_ENTRIES = 200;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const BRANCH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*){0,8}$/;
const FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*){0,8}$/;
const KIND_KEYS = ['git', 'cis', 'vulnerabilities', 'integrity', 'service'] as const;
const ENTRY_KEYS = [...KIND_KEYS, 'repository', 'branch', 'folder', 'feed', 'for'] as const;

type Given = { readonly [K in (typeof ENTRY_KEYS)[number]]?: Value };

/** Reads the file, or throws `invalid-declarations` with every problem and its place. */
export function readDeclarationSettings(text: string, file: string): DeclarationSettings {
  return readYaml(text, declarationsFile(file), (yaml, root) => {
    const keys = ['version', 'declarations', 'findings'] as const;
    const given = yaml.record(root, 'the file', keys, ['version']);
    mustBeVersionOne(yaml, given.version);
    const list = yaml.list(given.declarations, 'declarations');
    if (list.length > MOST_ENTRIES)
      yaml.problem(given.declarations?.at ?? 0, `more than ${MOST_ENTRIES} entries: take some out`);
    const seen = new Map<string, number>();
    return {
      entries: list
        .slice(0, MOST_ENTRIES)
        .flatMap((value) => readEntry(yaml, value, file, seen) ?? []),
      findings: readFindingRules(yaml, given.findings, file),
    };
  });
}

export function mustBeVersionOne(yaml: Yaml, value: Value | undefined): void {
  if (value !== undefined && yaml.whole(value, 'version', 1, 1_000_000) !== 1)
    yaml.problem(value.at, 'version must be 1: this is the only form there is');
}

function readEntry(
  yaml: Yaml,
  value: Value,
  file: string,
  seen: Map<string, number>,
): Entry | null {
  const before = yaml.problems.length;
  const given: Given = yaml.record(value, 'a declaration', ENTRY_KEYS);
  const named = KIND_KEYS.filter((key) => given[key] !== undefined);
  const [key] = named;
  if (key === undefined || named.length > 1) {
    if (yaml.problems.length === before)
      yaml.problem(value.at, `a declaration is of one kind: name one of ${KIND_KEYS.join(', ')}`);
    return null;
  }
  const name = yaml.textThat(given[key], key, NAME, 'site');
  const entry = readOf(yaml, key, given, value);
  const selector =
    given.for === undefined ? (key === 'git' ? 'all' : null) : readSelector(yaml, given.for);
  if (given.for === undefined && key !== 'git')
    yaml.problem(value.at, 'for is missing in a declaration: say which targets, or all');
  if (name === null || selector === null || entry === null) return null;
  const id = `${key} ${name}`;
  const other = seen.get(id);
  if (other !== undefined)
    yaml.problem(value.at, `${key} ${show(name)} already stands in line ${other}: give it once`);
  seen.set(id, yaml.lineOf(value.at));
  return { ...entry, name, for: selector, at: `${file}:${yaml.lineOf(value.at)}` } as Entry;
}

/** What an entry of each kind says beside its name; keys that belong to another kind are refused. */
function readOf(
  yaml: Yaml,
  key: (typeof KIND_KEYS)[number],
  given: Given,
  value: Value,
): Record<string, string> | null {
  const only = (...own: readonly (keyof Given)[]): void => {
    for (const other of ['repository', 'branch', 'folder', 'feed'] as const)
      if (given[other] !== undefined && !own.includes(other))
        yaml.problem(given[other].at, `${other} does not belong to ${key}: leave it out`);
  };
  const need = (name: 'repository' | 'branch' | 'feed'): void => {
    if (given[name] === undefined)
      yaml.problem(value.at, `${name} is missing in a declaration of ${key}: add it`);
  };
  switch (key) {
    case 'git': {
      only('repository', 'branch', 'folder');
      need('repository');
      need('branch');
      const repository = absolute(yaml, given.repository, 'repository');
      const branch = refName(yaml, given.branch);
      const folder =
        given.folder === undefined
          ? ''
          : yaml.textThat(given.folder, 'folder', FOLDER, 'baselines');
      if (repository === null || branch === null || folder === null) return null;
      return { kind: 'git', repository, branch, folder };
    }
    case 'cis':
      only();
      return { kind: 'cis' };
    case 'vulnerabilities': {
      only('feed');
      need('feed');
      const feed = given.feed === undefined ? null : feedPath(yaml, given.feed);
      return feed === null ? null : { kind: 'vulnerability', feed };
    }
    case 'integrity':
      only();
      return { kind: 'integrity' };
    case 'service':
      only();
      return { kind: 'service' };
  }
}

function absolute(yaml: Yaml, value: Value | undefined, what: string): string | null {
  const path = yaml.text(value, what, 1_000);
  if (path === null || value === undefined) return null;
  if (isPlainPath(path)) return path;
  yaml.problem(
    value.at,
    `${what} ${show(path)} is no absolute path in its plain form: write it like /srv/git/site.git`,
  );
  return null;
}

function isPlainPath(path: string): boolean {
  return /^(?:\/[^/]+)+$/.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path);
}

function feedPath(yaml: Yaml, value: Value): string | null {
  const path = yaml.text(value, 'feed', 1_000);
  if (path === null || isPlainPath(path) || FOLDER.test(path)) return path;
  yaml.problem(
    value.at,
    `feed ${show(path)} is no path in its plain form: write it like /srv/feeds/debian.json, or feeds/debian.json`,
  );
  return null;
}

/** Names that git-check-ref-format(1) takes, and fewer. */
function refName(yaml: Yaml, value: Value | undefined): string | null {
  const name = yaml.textThat(value, 'branch', BRANCH, 'main');
  if (name === null || value === undefined) return null;
  if (
    !name.includes('..') &&
    !name.endsWith('.lock') &&
    !name.includes('.lock/') &&
    !name.endsWith('.')
  )
    return name;
  yaml.problem(value.at, `branch ${show(name)} is no name of a branch: write it like main`);
  return null;
}
