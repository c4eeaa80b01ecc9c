/** Where a suggestion lies: which folder it is in is what it is. A hand may edit it at any time. */
import { join } from 'node:path';
import { asFault, Fault } from '#base/fault';
import type { Files } from '#base/ports';
import { type CommandEntry, parseEntries, SHIPPED_PATHS } from '#commands';
import { readTextFolder, type TextFile } from './text-folder.ts';

/** `active`: among the operator's own entries, which are in force when they are signed. */
export const SUGGESTION_PLACES = ['suggested', 'shadow', 'active', 'disabled'] as const;
export type SuggestionPlace = (typeof SUGGESTION_PLACES)[number];

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export class SuggestionFiles {
  readonly #files: Files;
  readonly #folder: string;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  pathOf(id: string, place: SuggestionPlace): string {
    if (!ID.test(id) || `${id}.yaml` === SHIPPED_PATHS)
      throw new Fault(
        'invalid',
        'invalid-input',
        `that is no name of a suggestion: ${JSON.stringify(id.slice(0, 80))}. See holdfast catalogue suggestions`,
      );
    return join(this.#directory(place), `${id}.yaml`);
  }

  /** Throws `suggestion-twice` where it lies in two places: only a person knows which is meant. */
  async find(
    id: string,
  ): Promise<
    { readonly place: SuggestionPlace; readonly path: string; readonly text: string } | undefined
  > {
    const found = [];
    for (const place of SUGGESTION_PLACES) {
      const path = this.pathOf(id, place);
      const file = (await this.#read(place)).find((each) => each.path === path);
      if (file !== undefined) found.push({ place, path, text: file.text });
    }
    const [first, second] = found;
    if (first === undefined || second === undefined) return first;
    // Moved halfway: it stands where it came from, so that the same step again ends it.
    if (found.every(({ text }) => text === first.text)) return first;
    throw new Fault(
      'conflict',
      'suggestion-twice',
      `it lies in two places with two contents: ${first.path} and ${second.path}. Remove one of them`,
    );
  }

  async all(): Promise<
    readonly {
      readonly id: string;
      readonly place: SuggestionPlace;
      readonly trouble: string | null;
    }[]
  > {
    const found = [];
    for (const place of SUGGESTION_PLACES)
      for (const { id, trouble } of await this.entriesIn(place)) found.push({ id, place, trouble });
    return found;
  }

  async entriesIn(place: SuggestionPlace): Promise<
    readonly {
      readonly id: string;
      readonly text: string;
      readonly entries: readonly CommandEntry[];
      /** With the place of each mistake. */
      readonly trouble: string | null;
    }[]
  > {
    return (await this.#read(place)).map(({ name, path, text }) => {
      const id = name.replace(/\.yaml$/, '');
      try {
        return { id, text, entries: parseEntries(text, path, false), trouble: null };
      } catch (thrown) {
        return { id, text, entries: [], trouble: asFault(thrown).message };
      }
    });
  }

  async put(id: string, place: SuggestionPlace, text: string): Promise<string> {
    const path = this.pathOf(id, place);
    await this.#files.makeDirectory(this.#directory(place));
    await this.#files.replace(path, Buffer.from(text), 0o600);
    return path;
  }

  /** A crash between leaves it in both with one content; the same step again ends it. */
  async move(id: string, from: SuggestionPlace, to: SuggestionPlace, text: string): Promise<void> {
    await this.put(id, to, text);
    await this.#files.remove(this.pathOf(id, from));
  }

  #directory(place: SuggestionPlace): string {
    return place === 'active' ? this.#folder : join(this.#folder, place);
  }

  async #read(place: SuggestionPlace): Promise<readonly TextFile[]> {
    const wanted = (name: string): boolean =>
      name.endsWith('.yaml') && name !== SHIPPED_PATHS && ID.test(name.replace(/\.yaml$/, ''));
    return (await readTextFolder(this.#files, this.#directory(place), wanted)) ?? [];
  }
}
