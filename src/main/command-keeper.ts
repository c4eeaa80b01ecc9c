/**
 * The grammar of commands in force: what is shipped, and the operator's own beside `fleet.yaml`.
 *
 * Operators' entries count once an operator has signed them with everything else (or while there is no
 * operator at all): until then an edit widens nothing. Their paths may only ever add.
 */
import { join } from 'node:path';
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import {
  compileGrammar,
  type Judge,
  judgeOver,
  mergePlaces,
  type Places,
  Programs,
  parseEntries,
  parsePlaces,
  type Section,
  SHIPPED_PATHS,
  type Surroundings,
  sectionOf,
  sectionsOf,
} from '#commands';
import type { Inventory } from '#inventory';
import { keyOf } from '#model';
import type { Paths } from './data-directory.ts';
import { stampOfFolder } from './file-stamp.ts';
import { Kept } from './kept.ts';
import { ROOT } from './program-version.ts';
import { readTextFolder } from './text-folder.ts';

const SHIPPED = join(ROOT, 'src', 'commands');

type Read = {
  readonly sections: readonly Section[];
  readonly places: readonly Places[];
};

export type Grammar = {
  readonly surroundings: Surroundings;
  readonly judge: Judge;
  /** Throws `invalid-commands` when entries contradict each other, whichever programs they are of. */
  readonly check: () => void;
};

export class CommandKeeper {
  readonly #files: Files;
  readonly #own: Kept<Read & { readonly digest: string }>;
  #shipped: Promise<Read & { readonly digest: string }> | undefined;
  #kept: { readonly of: string; readonly grammar: Grammar } | undefined;

  constructor(files: Files, { commands }: Pick<Paths, 'commands'>) {
    this.#files = files;
    this.#own = new Kept(
      () => stampOfFolder(commands),
      () => readOwn(files, commands),
    );
  }

  /** Over everything that decides, signed or not: part of what operators sign as the catalogue. */
  async digest(): Promise<string> {
    return digestOf([(await this.#readShipped()).digest, (await this.#own.get()).digest]);
  }

  /** `withOwn`: the operator's own entries are what an operator signed. */
  async grammar(inventory: Inventory | undefined, withOwn: boolean): Promise<Grammar> {
    const shipped = await this.#readShipped();
    const own = withOwn ? await this.#own.get() : undefined;
    const of = JSON.stringify([own?.digest ?? null, inventory?.digest ?? null]);
    if (this.#kept?.of === of) return this.#kept.grammar;
    const read = own === undefined ? [shipped] : [shipped, own];
    const { paths, networks } = mergePlaces(read.flatMap(({ places }) => places));
    const surroundings: Surroundings = {
      paths,
      networks: [...new Set([...networks, ...(inventory?.networks ?? [])])],
      hosts: hostsOf(inventory),
    };
    const programs = new Programs(
      read.flatMap((each) => each.sections),
      paths,
    );
    // What ships is tested; what an operator wrote is checked before any of it counts.
    programs.check(
      own?.sections.flatMap((section) => [...section.programs, ...section.aliases]) ?? [],
    );
    const grammar = {
      surroundings,
      judge: judgeOver(programs, surroundings),
      check: () => programs.check(),
    };
    this.#kept = { of, grammar };
    return grammar;
  }

  #readShipped(): Promise<Read & { readonly digest: string }> {
    this.#shipped ??= readShipped(this.#files);
    return this.#shipped;
  }
}

/** Names and addresses of targets: what a look may speak to besides networks. */
function hostsOf(inventory: Inventory | undefined): readonly string[] {
  const all = (inventory?.targets ?? []).flatMap(({ id, address }) => [
    keyOf(id),
    ...(address === null
      ? []
      : [address.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^([^:]+):\d+$/, '$1')]),
  ]);
  return [...new Set(all)];
}

/** The text for hosts: everything that only reads, and nothing else. */
export function grammarText({ judge, surroundings }: Grammar): string {
  return compileGrammar(judge, surroundings, 1);
}

async function readShipped(files: Files): Promise<Read & { readonly digest: string }> {
  const textOf = async (name: string): Promise<string> =>
    Buffer.from((await files.read(join(SHIPPED, name))) ?? '').toString('utf8');
  const sections: Section[] = [];
  const texts: string[] = [];
  const names = (await files.list(join(SHIPPED, 'entries'))) ?? [];
  for (const name of names.filter((each) => each.endsWith('.yaml')).toSorted()) {
    const text = await textOf(join('entries', name));
    texts.push(text);
    sections.push(...sectionsOf(text, `shipped/${name}`, true));
  }
  const text = await textOf(SHIPPED_PATHS);
  return {
    sections,
    places: [parsePlaces(text, `shipped/${SHIPPED_PATHS}`, true)],
    digest: digestOf([...texts, text]),
  };
}

async function readOwn(files: Files, folder: string): Promise<Read & { readonly digest: string }> {
  const own = (await readTextFolder(files, folder, (name) => name.endsWith('.yaml'))) ?? [];
  const isPlaces = ({ name }: { readonly name: string }): boolean => name === SHIPPED_PATHS;
  return {
    sections: own
      .filter((file) => !isPlaces(file))
      .flatMap(({ text, path }) => parseEntries(text, path, false).map(sectionOf)),
    places: own.filter(isPlaces).map(({ text, path }) => parsePlaces(text, path, false)),
    digest: digestOf(own.map(({ name, text }) => [name, text]) as unknown as Json),
  };
}
