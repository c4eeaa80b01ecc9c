/**
 * Entries in shadow, each beside what is in force, with what they would have said. Counts are of one
 * text: whoever edits the file begins anew.
 */
import { join } from 'node:path';
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { counted, NO_SHADOW, type Shadow, type ShadowCounts, shadowOf } from '#commands';
import type { CommandQuestion } from '#operations';
import type { Store } from '#store';
import type { Grammar } from './command-keeper.ts';
import { stampOfFolder } from './file-stamp.ts';
import { Kept } from './kept.ts';
import type { SuggestionFiles } from './suggestion-files.ts';

/** Each is one more answer to every question about its programs. */
const MOST_SHADOWS = 32;

type Counted = { readonly digest: string; readonly counts: ShadowCounts };
type Shadows = {
  readonly grammar: Grammar;
  readonly all: ReadonlyMap<string, Shadow>;
  /** Why one cannot be asked. */
  readonly troubles: ReadonlyMap<string, string>;
};

export class ShadowBench {
  /** Something was counted that the store does not know. */
  isDirty = false;
  readonly #store: Pick<Store, 'blocked'>;
  readonly #grammar: () => Promise<Grammar>;
  readonly #files: Kept<Awaited<ReturnType<SuggestionFiles['entriesIn']>>>;
  #made: (Shadows & { readonly of: unknown }) | undefined;
  #counts: Map<string, Counted> | undefined;

  constructor(
    needs: {
      readonly folder: string;
      readonly store: Pick<Store, 'blocked'>;
      readonly grammar: () => Promise<Grammar>;
    },
    places: SuggestionFiles,
  ) {
    this.#store = needs.store;
    this.#grammar = needs.grammar;
    this.#files = new Kept(
      () => stampOfFolder(join(needs.folder, 'shadow')),
      () => places.entriesIn('shadow'),
    );
  }

  async asked(question: CommandQuestion): Promise<void> {
    const given = 'argv' in question ? { argv: question.argv } : { line: question.line };
    const { all, grammar } = await this.now();
    for (const [id, shadow] of all) {
      const before = this.#known().get(id);
      if (before === undefined) continue;
      const asker = question.byOperator ? 'operator' : 'assistant';
      const after = counted(before.counts, shadow, grammar.judge, given, asker);
      if (after === before.counts) continue;
      this.#known().set(id, { digest: before.digest, counts: after });
      this.isDirty = true;
    }
  }

  countsOf(id: string): ShadowCounts {
    return this.#known().get(id)?.counts ?? NO_SHADOW;
  }

  /** What is to be kept, if anything is; it counts as kept from now on. */
  take(): JsonObject | null {
    if (!this.isDirty) return null;
    this.isDirty = false;
    return Object.fromEntries(this.#known()) as unknown as JsonObject;
  }

  async now(): Promise<Shadows> {
    const read = await this.#files.get();
    const grammar = await this.#grammar();
    if (this.#made?.of === read && this.#made.grammar === grammar) return this.#made;
    const all = new Map<string, Shadow>();
    const troubles = new Map<string, string>();
    const counts = this.#known();
    for (const { id, entries, trouble, text } of read.slice(0, MOST_SHADOWS)) {
      const digest = sha256(text);
      if (counts.get(id)?.digest !== digest) counts.set(id, { digest, counts: NO_SHADOW });
      try {
        if (trouble === null) all.set(id, shadowOf(grammar.judge, entries));
        else troubles.set(id, trouble);
      } catch (thrown) {
        troubles.set(id, asFault(thrown).message);
      }
    }
    for (const { id } of read.slice(MOST_SHADOWS))
      troubles.set(id, `not asked: ${MOST_SHADOWS} are in shadow already. Adopt or disable some`);
    for (const id of counts.keys()) if (!read.some((file) => file.id === id)) counts.delete(id);
    this.#made = { of: read, grammar, all, troubles };
    return this.#made;
  }

  #known(): Map<string, Counted> {
    this.#counts ??= new Map(
      Object.entries(this.#store.blocked.note('shadow') ?? {}) as unknown as [string, Counted][],
    );
    return this.#counts;
  }
}
