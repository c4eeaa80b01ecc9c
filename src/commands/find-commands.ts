/** Questions about the entries: which families there are, which command answers what, what one allows. */
import { nearest, show } from '#base/nearest';
import type { CommandEntry, Form } from './entry.ts';
import { commandFault } from './faults.ts';
import type { Judge } from './judge.ts';

export type Family = {
  readonly name: string;
  readonly programs: readonly string[];
  /** How many forms of it only read. */
  readonly reading: number;
};

export function entriesOf({ programs }: Judge): readonly CommandEntry[] {
  return [...new Set(programs.values())].flatMap(({ items }) => items.map(({ entry }) => entry));
}

export function families(judge: Judge): readonly Family[] {
  const found = Map.groupBy(entriesOf(judge), ({ family }) => family);
  return [...found]
    .map(([name, entries]) => ({
      name,
      programs: [...new Set(entries.map(({ program }) => program))].toSorted(),
      reading: entries.flatMap(({ forms }) => forms).filter((form) => form.class === 'read').length,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export type FoundCommand = {
  readonly program: string;
  readonly family: string;
  readonly summary: string;
  readonly examples: readonly string[];
};

const MAX_FOUND = 50;
const MAX_QUERY = 200;

/** Entries that say every word of the query somewhere; those whose name says it first. */
export function findCommands(judge: Judge, query: string, most = 20): readonly FoundCommand[] {
  const words = query
    .slice(0, MAX_QUERY)
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const scored = entriesOf(judge).flatMap((entry) => {
    const head = [entry.program, ...entry.aliases].join(' ').toLowerCase();
    const text = [
      head,
      entry.family,
      entry.summary,
      ...entry.forms.flatMap((form) => [form.verb.flat().join(' '), form.means, ...form.examples]),
    ]
      .join(' ')
      .toLowerCase();
    if (!words.every((word) => text.includes(word))) return [];
    const inHead = words.filter((word) => head.includes(word)).length;
    const inSummary = words.filter((word) => entry.summary.toLowerCase().includes(word)).length;
    return [{ entry, score: inHead * 3 + inSummary }];
  });
  scored.sort((a, b) => b.score - a.score || (a.entry.program < b.entry.program ? -1 : 1));
  const programs = new Map<string, FoundCommand>();
  for (const { entry } of scored) {
    const before = programs.get(entry.program);
    programs.set(entry.program, {
      program: entry.program,
      family: before?.family ?? entry.family,
      summary: before?.summary ?? entry.summary,
      examples: [...(before?.examples ?? []), ...readExamples(entry.forms)],
    });
  }
  return [...programs.values()].slice(0, Math.min(most, MAX_FOUND));
}

export function readExamples(forms: readonly Form[]): readonly string[] {
  return forms.filter((form) => form.class === 'read').flatMap(({ examples }) => examples);
}

/** The entries of one program, or `unknown-command` with near names. */
export function showEntry(judge: Judge, name: string): readonly CommandEntry[] {
  const program = judge.programs.get(name);
  if (program !== undefined) return program.items.map(({ entry }) => entry);
  const candidates = nearest(name, judge.programs.keys(), 5);
  throw commandFault(
    'unknown-command',
    `no entry has that name: ${show(name)}: ${candidates.length === 0 ? 'see the families' : `did you mean ${candidates.join(', ')}?`}`,
    { facts: { candidates } },
  );
}
