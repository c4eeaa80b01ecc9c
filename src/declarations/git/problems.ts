/** Mistakes across files, told all at once as `file:line:column: …`. */
import { Fault } from '#base/fault';
import { declarationFault } from '../faults.ts';
import type { Place } from './baseline-file.ts';

const SHOWN = 50;

export class Problems {
  readonly #taken: string[] = [];
  readonly #lines: { readonly place: Place; readonly message: string }[] = [];

  add(place: Place, message: string): void {
    this.#lines.push({ place, message });
  }

  /** Of one file that does not hold: its own lines, as they are. */
  take(thrown: unknown): void {
    if (!(thrown instanceof Fault) || thrown.code !== 'invalid-declarations') throw thrown;
    const { problems } = thrown.facts;
    this.#taken.push(...(problems as readonly string[]));
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#taken.length === 0;
  }

  /** Throws `invalid-declarations` when there are any. */
  refuse(): void {
    if (this.isEmpty) return;
    const sorted = this.#lines.toSorted(
      (a, b) =>
        (a.place.file < b.place.file ? -1 : Number(a.place.file > b.place.file)) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column,
    );
    const lines = [
      ...this.#taken,
      ...new Set(
        sorted.map(
          ({ place: { file, line, column }, message }) => `${file}:${line}:${column}: ${message}`,
        ),
      ),
    ];
    const shown = lines.slice(0, SHOWN);
    const more = lines.length > SHOWN ? `\n… and ${lines.length - SHOWN} more` : '';
    const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
    throw declarationFault(
      'invalid-declarations',
      `baselines are not valid: ${count}, correct and try again:\n${shown.join('\n')}${more}`,
      { facts: { problems: shown } },
    );
  }
}
