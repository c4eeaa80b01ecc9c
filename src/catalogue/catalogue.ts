/** Everything that can be proposed, under one digest. */
import { digestOf } from '#base/digest';
import { nearest, show } from '#base/nearest';
import { type HostType, TIERS, type Tier } from '#model';
import type { Action, Runbook, Runnable } from './action.ts';
import { COMMAND_ACTION } from './command-action.ts';
import { catalogueFault } from './faults.ts';

export type SearchFilter = {
  readonly tier?: Tier;
  readonly family?: string;
  readonly hostType?: HostType;
};

export type Catalogue = {
  /** SHA-256 over the names and digests of every action and runbook, and what is published, sorted (RFC 8785). */
  readonly digest: string;
  /** Families there are, sorted. */
  readonly families: readonly string[];
  /** Sorted by id, then version. */
  readonly all: readonly Runnable[];
  /** `id@version`, or `id` for its highest version; throws `unknown-action` with candidates. */
  find(name: string): Runnable;
  /**
   * An operator's own that has not passed its contract test as it is now, or a runbook of one. It can
   * be found, and not be run. What only looks is never one.
   */
  isDraft(runnable: Runnable): boolean;
  /** Best first; without words, all that the filter leaves. */
  search(text: string, filter?: SearchFilter): readonly Runnable[];
};

const CANDIDATES = 5;

/** Throws `invalid-action` where two claim one name, or a runbook does not fit its actions. */
export function buildCatalogue(given: {
  readonly actions: readonly Action[];
  readonly runbooks: readonly Runbook[];
  /** Digests of what has passed its contract test. Default: none has. */
  readonly published?: ReadonlySet<string>;
}): Catalogue {
  const { published = new Set() } = given;
  const all = [...given.actions, ...given.runbooks].sort((a, b) =>
    a.id < b.id ? -1 : a.id > b.id ? 1 : a.version - b.version,
  );
  const byName = new Map<string, Runnable>();
  for (const each of all) {
    const name = nameOf(each);
    const first = byName.get(name);
    if (each.id === COMMAND_ACTION)
      throw catalogueFault(
        'invalid-action',
        `action has a name that is taken: ${name} at ${placeOf(each)}. Give it another id`,
        { facts: { problems: [placeOf(each)] } },
      );
    if (first !== undefined)
      throw catalogueFault(
        'invalid-action',
        `action is there twice: ${name} at ${placeOf(first)} and ${placeOf(each)}. Give one of them another id or a higher version`,
        { facts: { problems: [placeOf(first), placeOf(each)] } },
      );
    byName.set(name, each);
  }
  // Sorted by version, so the highest stays.
  for (const each of all) byName.set(each.id, each);
  const find = (name: string): Runnable => {
    const found = byName.get(name);
    if (found !== undefined) return found;
    const candidates = nearest(name, new Set(all.map(({ id }) => id)), CANDIDATES);
    throw catalogueFault(
      'unknown-action',
      `no such action: ${show(name)}. ${candidates.length === 0 ? 'Look for one with find_actions' : `Near are ${candidates.join(', ')}`}`,
      { facts: { candidates } },
    );
  };
  for (const runbook of given.runbooks) holdToActions(runbook, find);
  const isDraft = (runnable: Runnable): boolean =>
    (!runnable.origin.shipped && runnable.tier !== 'T0' && !published.has(runnable.digest)) ||
    (runnable.kind === 'runbook' &&
      runnable.steps.some((step) => 'action' in step && isDraft(find(step.action))));
  return {
    // Digests leave out where a thing was read, so a catalogue moved elsewhere is the same one.
    digest: digestOf([...all.map((each) => [nameOf(each), each.digest]), ...[...published].sort()]),
    families: [...new Set(all.map(({ family }) => family))].sort(),
    all,
    find,
    isDraft,
    search: (text, filter = {}) => search(all, text, filter),
  };
}

export function nameOf({ id, version }: Pick<Runnable, 'id' | 'version'>): string {
  return `${id}@${version}`;
}

function placeOf({ origin }: Runnable): string {
  return `${origin.file}:${origin.line}`;
}

function holdToActions(runbook: Runbook, find: (name: string) => Runnable): void {
  const objection = (words: string): never => {
    throw catalogueFault('invalid-action', `runbook is not valid: ${placeOf(runbook)}: ${words}`, {
      facts: { problems: [`${placeOf(runbook)}: ${words}`] },
    });
  };
  // Each part would run where its runbook runs, and not where its own contract says.
  if (runbook.carrier !== undefined)
    return objection('a runbook runs on its targets: leave carrier out');
  for (const [index, step] of runbook.steps.entries()) {
    if (!('action' in step)) continue;
    const what = `step ${index + 1} ${step.action}`;
    let action: Runnable;
    try {
      action = find(step.action);
    } catch {
      return objection(`${what} is not in the catalogue: name an action that is`);
    }
    if (action.kind === 'runbook')
      return objection(`${what} is a runbook: name its actions instead`);
    if (action.carrier !== undefined)
      return objection(`${what} is carried by the controller: propose it by itself`);
    if (TIERS.indexOf(action.tier) > TIERS.indexOf(runbook.tier))
      return objection(`${what} is ${action.tier}: the tier of the runbook is at least that`);
    if (action.irreversible !== null && runbook.irreversible === null)
      return objection(`${what} cannot be taken back: say so under irreversible`);
    const names = action.arguments.map((each) => each.name);
    const unknown = Object.keys(step.with).find((name) => !names.includes(name));
    if (unknown !== undefined)
      return objection(`${what} has no argument ${show(unknown)}: it has ${names.join(', ')}`);
    const missing = action.arguments.find(
      (each) => each.required && !Object.hasOwn(step.with, each.name),
    );
    if (missing !== undefined) return objection(`${what} needs ${missing.name} under with`);
  }
}

function search(
  all: readonly Runnable[],
  text: string,
  { tier, family, hostType }: SearchFilter,
): Runnable[] {
  const words = text
    .slice(0, 200)
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const newest = new Map(all.map((each) => [each.id, each]));
  return [...newest.values()]
    .filter(
      (each) =>
        (tier === undefined || each.tier === tier) &&
        (family === undefined || each.family === family) &&
        (hostType === undefined || each.hostTypes === 'any' || each.hostTypes.includes(hostType)),
    )
    .map((each) => ({ each, score: words.reduce((sum, word) => sum + scoreOf(each, word), 0) }))
    .filter(({ score }) => words.length === 0 || score > 0)
    .sort((a, b) => b.score - a.score || (a.each.id < b.each.id ? -1 : 1))
    .map(({ each }) => each);
}

function scoreOf({ id, family, summary, arguments: args }: Runnable, word: string): number {
  const parts = id.split(/[._-]/);
  if (parts.includes(word)) return 8;
  if (family === word) return 6;
  const said = summary.toLowerCase().split(/[^a-z0-9]+/);
  if (said.includes(word)) return 4;
  if (word.length < 3) return 0;
  if (parts.some((part) => part.startsWith(word) || word.startsWith(part))) return 3;
  if (said.some((each) => each.startsWith(word) || (each.length > 3 && word.startsWith(each))))
    return 2;
  return args.some((each) => each.name === word || each.type === word) ? 1 : 0;
}
