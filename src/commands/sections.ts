/**
 * Where each program stands in a file of entries, found without reading YAML: reading all that ships takes
 * a second and a half, and one command needs one program of it. What the scan does not understand is read
 * whole, and what it says of an item is compared with the item when that is read.
 */
import { refuseYaml } from '#strict-yaml';
import type { CommandEntry } from './entry.ts';
import { commandsFile } from './faults.ts';
import { PROGRAM, parseEntries } from './read-entries.ts';

/** One item of a file: the programs it describes, the first of them with the aliases. */
export type Section = {
  readonly origin: CommandEntry['origin'];
  readonly programs: readonly string[];
  readonly aliases: readonly string[];
  readonly entries: () => readonly CommandEntry[];
};

type Source = { readonly file: string; readonly shipped: boolean };

const HEAD = /^(?:[ ]*(?:#.*)?\n)*family: ([a-z][a-z0-9-]*)\n(?:[ ]*(?:#.*)?\n)*entries:\n/;
const ITEM = /^ {2}- program: (\S+)$/;
/** Neither an item, nor within one, nor a comment, nor empty. */
const ELSE = /^(?! {2}- program: | {4}| *#| *$)/m;

export function sectionsOf(text: string, file: string, shipped: boolean): readonly Section[] {
  const source = { file, shipped };
  return scan(text, source) ?? parseEntries(text, file, shipped).map(sectionOf);
}

export function sectionOf(entry: CommandEntry): Section {
  const { origin, program, aliases } = entry;
  return { origin, programs: [program], aliases, entries: () => [entry] };
}

function scan(text: string, source: Source): readonly Section[] | null {
  const head = HEAD.exec(text);
  if (head === null) return null;
  const body = text.slice(head[0].length);
  if (ELSE.test(body)) return null;
  const sections: Section[] = [];
  let line = head[0].split('\n').length;
  for (const item of body.split(/^(?= {2}- )/m)) {
    const isAbove = sections.length === 0 && !item.startsWith('  - ');
    const section = isAbove ? null : readItem(item, line, head[1] ?? '', source);
    if (section !== null) sections.push(section);
    else if (!isAbove || /^ {4}/m.test(item.replaceAll(/^ *#.*$/gm, ''))) return null;
    line += item.split('\n').length - 1;
  }
  return sections.length === 0 ? null : sections;
}

function readItem(text: string, line: number, family: string, source: Source): Section | null {
  const first = namesIn(ITEM.exec(text.slice(0, text.indexOf('\n')))?.[1]);
  const aliases = listOf(text, 'aliases');
  const also = listOf(text, 'also');
  if (first?.length !== 1 || aliases === null || also === null) return null;
  const programs = [...first, ...also];
  const origin = { ...source, line };
  let read: readonly CommandEntry[] | undefined;
  return {
    origin,
    programs,
    aliases,
    entries: () => {
      if (read !== undefined) return read;
      const whole = `family: ${family}\nentries:\n${text}`;
      // Two lines are before it here: what is said of a line names the file's.
      read = agreeing(parseEntries(whole, source.file, source.shipped, line - 3), {
        origin,
        programs,
        aliases,
      });
      return read;
    },
  };
}

function agreeing(
  entries: readonly CommandEntry[],
  { origin, programs, aliases }: Omit<Section, 'entries'>,
): readonly CommandEntry[] {
  const same = (found: readonly string[], said: readonly string[]): boolean =>
    found.length === said.length && found.every((each, i) => each === said[i]);
  const names = entries.map(({ program }) => program);
  const others = entries.flatMap((entry) => entry.aliases);
  if (same(names, programs) && same(others, aliases)) return entries;
  const message = 'the names of the entry are not where they are looked for: write them plainly';
  return refuseYaml(commandsFile(origin.file), [{ line: origin.line, column: 1, message }]);
}

function listOf(text: string, key: string): readonly string[] | null {
  const at = [...text.matchAll(new RegExp(`^ {4}${key}:`, 'gm'))];
  if (at.length === 0) return [];
  const found = new RegExp(`^ {4}${key}: \\[([^\\]]*)\\] *$`, 'm').exec(text);
  return at.length > 1 ? null : namesIn(found?.[1]);
}

function namesIn(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const names = text
    .split(',')
    .map((word) => word.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .filter((word, i, all) => word !== '' || i < all.length - 1);
  return names.every((name) => PROGRAM.test(name)) ? names : null;
}
