/** Reading what a command answered: its text, or why there is none. */
import type { Severity } from '#model';
import type { Ask, Heard, HeardByKey, Part, Remark, Unknown } from './report.ts';
import { NOTHING } from './report.ts';
import { oneLine } from './words.ts';

export const SECONDS = 12;

export function ask(key: string, reads: string, argv: Ask['argv'], seconds = SECONDS): Ask {
  return { key, argv, seconds, reads };
}

/** Gathers what a check finds; what could not be heard is unknown under the words of what was asked. */
export class Notes {
  readonly #check: string;
  readonly #heard: HeardByKey;
  readonly #asks: ReadonlyMap<string, Ask>;
  readonly #remarks: Remark[] = [];
  readonly #unknown: Unknown[] = [];
  readonly #sections: Part['sections'][number][] = [];
  readonly #cut: string[] = [];

  constructor(check: string, asks: readonly Ask[], heard: HeardByKey) {
    this.#check = check;
    this.#heard = heard;
    this.#asks = new Map(asks.map((each) => [each.key, each]));
  }

  /** The answer of a command that ended with one of these states; else it is unknown, and `undefined`. */
  said(
    key: string,
    accepts: readonly number[] = [0],
  ): Extract<Heard, { kind: 'ended' }> | undefined {
    const heard = this.#heard.get(key);
    const reads = this.#asks.get(key)?.reads ?? key;
    if (heard?.kind === 'ended' && accepts.includes(heard.exit)) return heard;
    this.unknown(`${reads}: ${whyNot(heard)}`);
    return undefined;
  }

  /** The same, where not having the program or file is no trouble. */
  maybe(key: string): Extract<Heard, { kind: 'ended' }> | undefined {
    const heard = this.#heard.get(key);
    return heard?.kind === 'ended' && heard.exit === 0 ? heard : undefined;
  }

  find(severity: Severity, code: string, says: string, evidence: string | null = null): void {
    this.#remarks.push({ check: this.#check, severity, code, says, evidence });
  }

  unknown(says: string): void {
    this.#unknown.push({ check: this.#check, says });
  }

  /** A line of ours that tells how something is. */
  state(title: string): void {
    this.#sections.push({ check: this.#check, title, lines: [] });
  }

  section(title: string, lines: readonly string[], most: number): void {
    if (lines.length === 0) return;
    this.#sections.push({ check: this.#check, title, lines: lines.slice(0, most) });
    if (lines.length > most)
      this.#cut.push(`${title}: ${lines.length - most} of ${lines.length} lines are left out`);
  }

  /** Lines of which the last matter most. */
  newest(title: string, lines: readonly string[]): void {
    if (lines.length > 0)
      this.#sections.push({ check: this.#check, title, lines, keepsNewest: true });
  }

  cut(says: string): void {
    this.#cut.push(says);
  }

  get part(): Part {
    return {
      ...NOTHING,
      remarks: this.#remarks,
      unknown: this.#unknown,
      sections: this.#sections,
      cut: this.#cut,
    };
  }
}

export function whyNot(heard: Heard | undefined): string {
  if (heard === undefined) return 'it was not asked';
  switch (heard.kind) {
    case 'unknown':
      return heard.why;
    case 'cut':
      return 'it was ended by us: too long or too much';
    case 'ended': {
      const said = oneLine(heard.stderr, 160);
      return `it ended with ${heard.exit}${said === '' ? '' : `, and said "${said.replaceAll('"', "'")}"`}`;
    }
  }
}

/** What journalctl adds where the reader may not see everything; on standard error. */
export function isBlind(heard: { readonly stderr: string }): boolean {
  return /not seeing messages from other users|insufficient permissions/.test(heard.stderr);
}

export const BLIND =
  'the reader is not in the group systemd-journal or adm, so it sees only its own messages';

/** Lines of the journal, without what journalctl says of itself. */
export function journalLines(stdout: string): string[] {
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^-- (?:No entries|Boot|Journal|Logs) ?/.test(line));
}
