/** YAML baselines, from however many files of one tree, into what they declare of one target. */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import { show } from '#base/nearest';
import {
  type Because,
  type Declaration,
  type Expectation,
  LOCAL_SOURCE,
  SSH_SOURCE,
  TALOS_SOURCE,
  type Target,
  TOFU_SOURCE,
  type ValueTest,
} from '#model';
import type { About, ContentFile, Maker, Named } from '../compile.ts';
import { declarationFault } from '../faults.ts';
import { type Item, placeText, type RawTest } from './baseline-file.ts';
import { entityOf } from './entity.ts';
import { type Applied, appliedTo, checkExtends, type Files, nearestItems } from './inherit.ts';
import { Problems } from './problems.ts';
import { type ReadBaseline, readBaselineFile } from './read-file.ts';
import { testProblem } from './read-tests.ts';
import { Variables } from './variables.ts';

export const GIT_LIMITS = { files: 500, bytes: 8 * 1024 * 1024, expectations: 20_000 } as const;
const MOST_KEPT = 200;

export type Baselines = {
  readonly files: Files;
  /** What applies and is nearest, by which files apply and how near: the same for most targets. */
  readonly kept: Map<string, { readonly items: readonly Item[]; readonly refuse: () => void }>;
};

export const gitMaker: Maker<Baselines> = { read, compile };

function read(contents: readonly ContentFile[]): Baselines {
  if (contents.length > GIT_LIMITS.files)
    throw declarationFault(
      'invalid-declarations',
      `there are more than ${GIT_LIMITS.files} baselines: name a folder that holds fewer`,
    );
  if (contents.reduce((sum, { text }) => sum + text.length, 0) > GIT_LIMITS.bytes)
    throw declarationFault(
      'invalid-declarations',
      `baselines are larger than ${GIT_LIMITS.bytes} bytes together: name a folder that holds fewer`,
    );
  const problems = new Problems();
  const files = new Map<string, ReadBaseline>();
  for (const content of contents) {
    try {
      files.set(content.file, readBaselineFile(content));
    } catch (thrown) {
      problems.take(thrown);
    }
  }
  // Without every file, who extends whom and what is defined cannot be judged.
  problems.refuse();
  checkExtends(files, problems);
  const defined = new Set(
    [...files.values()].flatMap((file) => file.variables.map(({ name }) => name)),
  );
  for (const { uses } of files.values())
    for (const { name, place } of uses)
      if (!defined.has(name) && !name.startsWith('target.'))
        problems.add(place, `no file defines a variable ${show(name)}: define it under variables`);
  problems.refuse();
  return { files, kept: new Map() };
}

function compile(baselines: Baselines, { name }: Named, { target }: About): Declaration {
  const applied = appliedTo(baselines.files, target);
  const problems = new Problems();
  const variables = new Variables(target, applied, problems);
  const expectations: Expectation[] = [];
  for (const item of itemsOf(baselines, applied))
    expectations.push(...expectationsOf(item, target, variables, problems));
  const closed = closedOf(applied, target, problems);
  problems.refuse();
  if (expectations.length > GIT_LIMITS.expectations)
    throw declarationFault(
      'invalid-declarations',
      `more than ${GIT_LIMITS.expectations} expectations of ${target.id}: take some out`,
    );
  const needs = new Map<string, { readonly kind: string; readonly source: string | null }>();
  for (const { entity, source } of expectations) {
    const kind = entity.slice(0, entity.indexOf(':'));
    needs.set(`${kind} ${source ?? ''}`, { kind, source });
  }
  for (const { kind, source } of closed) needs.set(`${kind} ${source}`, { kind, source });
  return {
    id: `git:${name}`,
    kind: 'git',
    name,
    scope: target.scope,
    target: target.id,
    expectations,
    closed,
    needs: [...needs.values()],
    since: null,
    digest: digestOf({
      files: applied.map(({ file }): Json => [file.file, file.digest]),
      target: [target.id, target.hostType, target.environment, [...target.tags]],
    }),
  };
}

function itemsOf({ kept }: Baselines, applied: readonly Applied[]): readonly Item[] {
  const key = applied
    .map(({ file, rank }) => `${file.file} ${rank.level} ${rank.depth}`)
    .join('\n');
  let found = kept.get(key);
  if (found === undefined) {
    const problems = new Problems();
    found = { items: nearestItems(applied, problems), refuse: () => problems.refuse() };
    if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value ?? '');
    kept.set(key, found);
  }
  found.refuse();
  return found.items;
}

function expectationsOf(
  item: Item,
  target: Target,
  variables: Variables,
  problems: Problems,
): readonly Expectation[] {
  const entity = entityOf(item, target);
  const because = becauseOf(item);
  const filled = (tests: readonly RawTest[], attribute: string): readonly ValueTest[] =>
    tests.flatMap(
      (test) => testOf(test, { kind: item.kind, attribute }, variables, problems) ?? [],
    );
  const where = item.where.flatMap(({ attribute, tests }) =>
    filled(tests, attribute).map((test) => ({ attribute, test })),
  );
  return filled(item.tests, item.attribute).map((test) => ({
    entity,
    attribute: item.attribute,
    test,
    where,
    source: item.source,
    severity: item.severity,
    ...(item.owner === null ? {} : { owner: item.owner }),
    because,
  }));
}

/** Made once for an item, whatever the number of targets. */
const BECAUSE = new WeakMap<Item, Because>();

function becauseOf(item: Item): Because {
  const known = BECAUSE.get(item);
  if (known !== undefined) return known;
  const because: Because = {
    id: null,
    title: item.title ?? titleOf(item),
    rationale: item.rationale,
    remediation: item.remediation,
    reference: item.reference,
    at: placeText(item.place),
  };
  BECAUSE.set(item, because);
  return because;
}

function titleOf({ kind, name, attribute, tests }: Item): string {
  const what = [kind, name].filter((each) => each !== null).join(' ');
  const [first] = tests;
  return attribute === '*' ? `${what} is ${first?.op ?? 'as declared'}` : `${what}: ${attribute}`;
}

/** Tests without a variable are the same for every target. */
const PLAIN = new WeakMap<RawTest, ValueTest>();

function testOf(
  raw: RawTest,
  about: { readonly kind: string; readonly attribute: string },
  variables: Variables,
  problems: Problems,
): ValueTest | null {
  const { op, value, place } = raw;
  const kept = PLAIN.get(raw);
  if (kept !== undefined) return kept;
  const filled = variables.fill(value, place);
  if (filled === undefined) return null;
  const problem = testProblem(op, filled, about);
  if (problem !== undefined) {
    problems.add(place, `${about.attribute} ${problem}`);
    return null;
  }
  const made = valueTest(op, filled);
  if (filled === value) PLAIN.set(raw, made);
  return made;
}

function valueTest(op: ValueTest['op'], filled: Json): ValueTest {
  switch (op) {
    case 'equals':
    case 'differs':
    case 'contains':
    case 'lacks':
      return { op, value: filled };
    case 'one-of':
      return { op, values: filled as readonly Json[] };
    case 'at-least':
    case 'at-most':
      return { op, value: filled as number };
    case 'version-at-least':
      return { op, version: filled as string };
    case 'like':
      return { op, pattern: filled as string };
    case 'present':
    case 'absent':
      return { op };
  }
}

function closedOf(
  applied: readonly Applied[],
  target: Target,
  problems: Problems,
): Declaration['closed'] {
  const closed = new Map<string, { readonly kind: string; readonly source: string }>();
  for (const { file } of applied)
    for (const { kind, source, place } of file.closed) {
      const by = source ?? sourceOf(target);
      if (by === null) problems.add(place, noSource(target));
      else closed.set(`${kind} ${by}`, { kind, source: by });
    }
  return [...closed.values()];
}

function noSource({ id, transport }: Target): string {
  return `nothing of ours looks at ${id} (transport ${transport}): name the source, as {kind: …, source: …}`;
}

/** Whoever looks at a target of that transport. */
function sourceOf({ transport }: Target): string | null {
  switch (transport) {
    case 'local':
      return LOCAL_SOURCE;
    case 'ssh':
      return SSH_SOURCE;
    case 'tofu':
      return TOFU_SOURCE;
    case 'talos':
      return TALOS_SOURCE;
    case 'winrm':
    case 'none':
      return null;
  }
}
