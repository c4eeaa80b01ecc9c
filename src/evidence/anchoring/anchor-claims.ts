/**
 * What is known of the log outside: gathered from the files beside it, from the anchor file, and from
 * what was handed in. Judges form and cosignatures; the rest is for `anchor-check.ts`.
 */
import type { Files } from '#base/ports';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import { type Note, parseCheckpoint, parseNote, splitNotes, type VerifierKey } from '../note.ts';
import type { Anchor, Findings } from '../report.ts';
import { claimsCosignature, cosignedAt, parseWitnessKey } from '../witness/cosignature.ts';

export type AnchorOptions = {
  /** Verifier keys of witnesses, pinned. */
  readonly witnesses?: readonly string[] | undefined;
  /** The authority's certificate or one above it, PEM, pinned. */
  readonly timestamp?: { readonly certificate: string; readonly policy: string | null } | undefined;
  /** Path of the file outside the data directory that gets every checkpoint. */
  readonly anchorFile?: string | undefined;
  /** Notes that somebody else kept, one after the other: a copied checkpoint, a witness's own file. */
  readonly kept?: readonly { readonly name: string; readonly text: string }[] | undefined;
  /** What enrolled hosts were shown: lines of `<size> <root in hex> <issued>` (docs/host-contract.md). */
  readonly hosts?: readonly { readonly name: string; readonly text: string }[] | undefined;
  /** Given where anchoring is configured: what is pinned must have what is older than this. */
  readonly late?: { readonly now: Instant; readonly afterSeconds: number } | undefined;
};

export type Claim = Omit<Anchor, 'at'> & {
  readonly at: Instant | null;
  readonly root: string;
  readonly file: string;
  holds: boolean | undefined;
};

/** A claim by a note, which must be signed by the log's own key. */
export type OwnClaim = {
  readonly note: Note;
  readonly claim: Claim;
  readonly origin: string;
  /** The file may be about other logs too. */
  readonly kept: boolean;
};

export type KeptToken = {
  readonly file: string;
  /** Of the text that was stamped. */
  readonly sha256: string;
  readonly token: Uint8Array;
};

const TOKEN_BYTES_MOST = 256 * 1024;

export class AnchorClaims {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: AnchorOptions;
  readonly #findings: Findings;
  readonly witnesses: readonly VerifierKey[];
  readonly claims: Claim[] = [];
  readonly own: OwnClaim[] = [];
  readonly tokens: KeptToken[] = [];

  constructor(files: Files, directory: string, options: AnchorOptions, findings: Findings) {
    this.#files = files;
    this.#directory = directory;
    this.#options = options;
    this.#findings = findings;
    this.witnesses = (options.witnesses ?? []).flatMap((vkey) => {
      const key = parseWitnessKey(vkey);
      if (key === undefined)
        findings.undecided.push('whether cosignatures hold: a pinned witness key cannot be read');
      return key ?? [];
    });
  }

  async load(): Promise<void> {
    await this.#loadCosigned();
    await this.#loadTimestamps();
    await this.#loadAnchorFile();
    for (const { name, text } of this.#options.kept ?? []) this.#loadKept(name, text);
    for (const { name, text } of this.#options.hosts ?? []) this.#loadHost(name, text);
  }

  async #notes(file: string): Promise<readonly string[] | undefined> {
    const bytes = await this.#files.read(file);
    if (bytes === undefined) return undefined;
    const text = Buffer.from(bytes).toString('utf8');
    const { notes, end } = splitNotes(text);
    if (end === text.length) return notes;
    // A crash leaves the beginning of a note; the next one to be written cuts it off.
    const rest = text.slice(end).replace(/\0+$/, '');
    const start = `${(notes[0] ?? rest).split('\n', 1)[0] ?? ''}\n`;
    const isBeginning = start.startsWith(rest) || rest.startsWith(start);
    const isComplete = rest.includes('\n\n— ') && rest.endsWith('\n');
    if (isBeginning && !isComplete) {
      this.#findings.notes.push(`a torn checkpoint stands at the end of ${file}`);
    } else {
      const what = 'it holds something else than checkpoints';
      this.#findings.problem('anchor-unreadable', file, what);
    }
    return notes;
  }

  async #loadCosigned(): Promise<void> {
    const file = `${this.#directory}/cosigned`;
    const notes = (await this.#notes(file)) ?? [];
    if (notes.length > 0 && this.witnesses.length === 0) {
      this.#findings.undecided.push('whether cosignatures hold: no witness key given');
      return;
    }
    const others = notes.filter((one) => !this.#cosigned(one, file, false)).length;
    if (others > 0) {
      this.#findings.notes.push(
        `${others} checkpoints in ${file} are cosigned by no pinned witness`,
      );
    }
  }

  #cosigned(text: string, file: string, kept: boolean): boolean {
    const note = parseNote(text);
    const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
    if (note === undefined || checkpoint === undefined) {
      this.#findings.problem('anchor-unreadable', file, 'it holds something else than checkpoints');
      return true;
    }
    let isCosigned = false;
    for (const witness of this.witnesses.filter((key) => claimsCosignature(note, key))) {
      isCosigned = true;
      const seconds = cosignedAt(note, witness);
      if (seconds === undefined) {
        const what = `a cosignature of ${witness.name} over ${checkpoint.size} records does not hold`;
        this.#findings.problem('cosignature-wrong', file, what);
        continue;
      }
      const { size, root, origin } = checkpoint;
      const at = (seconds * MICROS_PER_SECOND) as Instant;
      const by = 'witness';
      const claim: Claim = { by, name: witness.name, size, root, at, file, holds: undefined };
      this.own.push({ note, claim, origin, kept });
    }
    return isCosigned;
  }

  async #loadTimestamps(): Promise<void> {
    const directory = `${this.#directory}/timestamps`;
    const names = ((await this.#files.list(directory)) ?? []).filter(
      (name) => !name.startsWith('.'),
    );
    if (names.length > 0 && this.#options.timestamp === undefined) {
      this.#findings.undecided.push(
        'whether timestamps hold: no certificate of an authority given',
      );
      return;
    }
    for (const name of names) {
      const file = `${directory}/${name}`;
      const sha256 = /^\d{1,16}\.([0-9a-f]{64})$/.exec(name)?.[1];
      if (sha256 === undefined) {
        this.#findings.problem('stray-file', file, 'it is no part of a log');
        continue;
      }
      const token = (await this.#files.readRange(file, 0, TOKEN_BYTES_MOST)) ?? new Uint8Array();
      this.tokens.push({ file, sha256, token });
    }
  }

  async #loadAnchorFile(): Promise<void> {
    const file = this.#options.anchorFile;
    if (file === undefined) return;
    const notes = await this.#notes(file);
    if (notes === undefined || notes.length === 0) {
      this.#findings.undecided.push(
        `whether the log is the one that was anchored: ${file} holds no checkpoint`,
      );
    }
    for (const one of notes ?? []) this.#ours(one, file, 'anchor file', file);
  }

  /** A note that only the log's own key signed: worth what the place it was kept in is worth. */
  #ours(text: string, file: string, by: Anchor['by'], name: string): void {
    const note = parseNote(text);
    const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
    if (note === undefined || checkpoint === undefined) {
      this.#findings.problem('anchor-unreadable', file, 'it holds something else than checkpoints');
      return;
    }
    const { size, root, origin } = checkpoint;
    const claim: Claim = { by, name, size, root, at: null, file, holds: undefined };
    this.own.push({ note, claim, origin, kept: by === 'kept copy' });
  }

  #loadKept(name: string, text: string): void {
    const { notes, end } = splitNotes(text);
    if (end !== text.length || notes.length === 0) {
      this.#findings.undecided.push(
        `whether the log is the one that was kept: ${name} cannot be read`,
      );
    }
    for (const one of notes) {
      if (!this.#cosigned(one, name, true)) this.#ours(one, name, 'kept copy', name);
    }
  }

  #loadHost(name: string, text: string): void {
    for (const line of text.split('\n').filter(Boolean)) {
      const m = /^(0|[1-9]\d{0,14}) ([0-9a-f]{64})(?: \d{1,15})?$/.exec(line);
      if (m === null) {
        this.#findings.undecided.push(
          `whether ${name} was shown this log: what it kept cannot be read`,
        );
        return;
      }
      const [, size, root = ''] = m;
      this.claims.push({
        by: 'host',
        name,
        size: Number(size),
        root,
        at: null,
        file: name,
        holds: undefined,
      });
    }
  }
}
