/**
 * How far the log is known outside this machine, and whether what is known there is this log.
 *
 * A cosigned, stamped or kept checkpoint names a size and a root; the records must still have that
 * root at that size. So a history that was rewritten as a whole, keys and all, is told by the first
 * outside checkpoint that it cannot have. Without a key to check one by, nothing is said.
 */
import type { Files } from '#base/ports';
import { formatInstant, type Instant, MICROS_PER_SECOND } from '#base/time';
import type { CheckpointCheck } from '../checkpoint-check.ts';
import type { KeyChain } from '../key-chain.ts';
import {
  isSignedBy,
  type Note,
  parseCheckpoint,
  parseNote,
  splitNotes,
  type VerifierKey,
} from '../note.ts';
import type { Anchor, Findings } from '../report.ts';
import { verifyToken } from '../timestamp/verify-token.ts';
import { type GrowingTree, toHex } from '../tree.ts';
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
  /** What enrolled hosts were shown: lines of `<size> <root in hex>` (docs/host-contract.md). */
  readonly hosts?: readonly { readonly name: string; readonly text: string }[] | undefined;
  /** Given where anchoring is configured: what is pinned must have what is older than this. */
  readonly late?: { readonly now: Instant; readonly afterSeconds: number } | undefined;
};

type Claim = Omit<Anchor, 'at'> & {
  readonly at: Instant | null;
  readonly root: string;
  readonly file: string;
  holds: boolean | undefined;
};

const TOKEN_BYTES_MOST = 256 * 1024;

export class AnchorCheck {
  readonly #files: Files;
  readonly #directory: string;
  readonly #options: AnchorOptions;
  readonly #findings: Findings;
  readonly #witnesses: readonly VerifierKey[];
  readonly #claims: Claim[] = [];
  readonly #tokens: {
    readonly file: string;
    readonly sha256: string;
    readonly token: Uint8Array;
  }[] = [];
  /** Notes that need the log's own signature, by where they are. */
  /** Claims by notes, which must be signed by the log's own key. */
  readonly #own: {
    readonly note: Note;
    readonly claim: Claim;
    readonly origin: string;
    /** The file may be about other logs too. */
    readonly kept: boolean;
  }[] = [];
  #sizes: number[] = [];
  #reached = 0;

  constructor(files: Files, directory: string, options: AnchorOptions, findings: Findings) {
    this.#files = files;
    this.#directory = directory;
    this.#options = options;
    this.#findings = findings;
    this.#witnesses = (options.witnesses ?? []).flatMap((vkey) => {
      const key = parseWitnessKey(vkey);
      if (key === undefined)
        findings.undecided.push('whether cosignatures hold: a pinned witness key cannot be read');
      return key ?? [];
    });
  }

  /** The next size at which the root is wanted. */
  get nextSize(): number {
    return this.#sizes[this.#reached] ?? -1;
  }

  /** Before anything else is read: what is anchored now must be in what is read later. */
  async load(): Promise<void> {
    await this.#loadCosigned();
    await this.#loadTimestamps();
    await this.#loadAnchorFile();
    for (const { name, text } of this.#options.kept ?? []) this.#loadKept(name, text);
    for (const { name, text } of this.#options.hosts ?? []) this.#loadHost(name, text);
    const claims = [...this.#claims, ...this.#own.map(({ claim }) => claim)];
    const sizes = new Set(claims.map(({ size }) => size).filter((size) => size > 0));
    this.#sizes = [...sizes].sort((a, b) => a - b);
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
    if (notes.length > 0 && this.#witnesses.length === 0) {
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
    for (const witness of this.#witnesses.filter((key) => claimsCosignature(note, key))) {
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
      this.#own.push({ note, claim, origin, kept });
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
      this.#tokens.push({ file, sha256, token });
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
    this.#own.push({ note, claim, origin, kept: by === 'kept copy' });
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
      const m = /^(0|[1-9]\d{0,14}) ([0-9a-f]{64})$/.exec(line);
      if (m === null) {
        this.#findings.undecided.push(
          `whether ${name} was shown this log: what it kept cannot be read`,
        );
        return;
      }
      const [, size, root = ''] = m;
      this.#claims.push({
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

  /** The records have come to `nextSize`. */
  reached(size: number, tree: GrowingTree): void {
    this.#reached += 1;
    const root = toHex(tree.root());
    for (const claim of this.#claims) if (claim.size === size) claim.holds = claim.root === root;
    for (const { claim } of this.#own) if (claim.size === size) claim.holds = claim.root === root;
  }

  finish(checkpoints: CheckpointCheck, keys: KeyChain, total: number): readonly Anchor[] {
    this.#checkTokens(checkpoints);
    this.#checkOwn(checkpoints.origin, keys);
    for (const claim of this.#claims) this.#checkClaim(claim, total);
    const anchors = this.#largest();
    this.#checkLate(checkpoints, anchors);
    return anchors;
  }

  #checkOwn(origin: string, keys: KeyChain): void {
    const about = new Set(
      this.#own.filter((one) => one.origin === origin).map((o) => o.claim.file),
    );
    const silent = new Set<string>();
    for (const one of this.#own) {
      const { claim, note } = one;
      if (one.kept && one.origin !== origin) {
        if (!about.has(claim.file)) silent.add(claim.file);
        continue;
      }
      const key = keys.keyFor(claim.size);
      if (key !== undefined && one.origin === origin && isSignedBy(note, key)) {
        this.#claims.push(claim);
        continue;
      }
      const what = `the checkpoint over ${claim.size} records that ${claim.by} ${claim.name} knows is not by this log's key`;
      this.#findings.problem('anchor-forked', claim.file, what);
    }
    for (const file of silent) {
      const what = `whether the log is the one that was kept: ${file} has none of its name`;
      this.#findings.undecided.push(what);
    }
  }

  #checkClaim(claim: Claim, total: number): void {
    const { by, name, size, file } = claim;
    if (size > total) {
      const what = `${by} ${name} knows ${size} records, ${total} are there`;
      this.#findings.problem('anchor-ahead', file, what, { seq: total });
    } else if (claim.holds === false && !this.#findings.recordsAtFault) {
      const what = `the first ${size} records do not have the root that ${by} ${name} knows: this is another history`;
      this.#findings.problem('anchor-forked', file, what, { seq: Math.max(0, size - 1) });
    }
  }

  #checkTokens(checkpoints: CheckpointCheck): void {
    const { timestamp } = this.#options;
    if (timestamp === undefined) return;
    for (const { file, sha256, token } of this.#tokens) {
      const stamped = checkpoints.byText(sha256);
      if (stamped === undefined) {
        this.#findings.problem('timestamp-wrong', file, 'it is of no checkpoint that is here');
        continue;
      }
      const check = verifyToken(token, {
        sha256: Buffer.from(sha256, 'hex'),
        pinned: timestamp.certificate,
        policy: timestamp.policy ?? undefined,
      });
      if (!check.holds) {
        const what = `it does not hold (${check.because}): ${check.says}`;
        this.#findings.problem('timestamp-wrong', file, what, { checkpoint: stamped.index });
        continue;
      }
      const { size, root, holds } = stamped;
      this.#claims.push({
        by: 'timestamp',
        name: check.authority,
        size,
        root,
        at: check.at,
        file,
        holds,
      });
    }
  }

  /** The largest checkpoint that each place knows. */
  #largest(): readonly Anchor[] {
    const best = new Map<string, Claim>();
    for (const claim of this.#claims) {
      const key = `${claim.by} ${claim.name}`;
      if (claim.holds === true && claim.size > (best.get(key)?.size ?? -1)) best.set(key, claim);
    }
    return [...best.values()]
      .map(({ by, name, size, at }) => ({
        by,
        name,
        size,
        at: at === null ? null : formatInstant(at),
      }))
      .sort((a, b) => b.size - a.size);
  }

  #checkLate(checkpoints: CheckpointCheck, anchors: readonly Anchor[]): void {
    const { late, timestamp } = this.#options;
    if (late === undefined) return;
    const before = formatInstant((late.now - late.afterSeconds * MICROS_PER_SECOND) as Instant);
    const check = (
      code: 'timestamp-late' | 'cosignature-late',
      who: string,
      size: number,
    ): void => {
      const waiting = checkpoints.firstAfter(size);
      if (waiting === undefined || waiting.time >= before) return;
      const what = `the checkpoint over ${waiting.size} records of ${waiting.time} has no ${who}, nor has a later one; that was due within ${late.afterSeconds} s`;
      this.#findings.problem(code, this.#directory, what, { checkpoint: waiting.index });
    };
    const sizeOf = (by: Anchor['by'], name?: string): number =>
      Math.max(
        0,
        ...anchors.filter((a) => a.by === by && (name ?? a.name) === a.name).map((a) => a.size),
      );
    if (timestamp !== undefined) check('timestamp-late', 'timestamp', sizeOf('timestamp'));
    for (const { name } of this.#witnesses) {
      check('cosignature-late', `cosignature of ${name}`, sizeOf('witness', name));
    }
  }
}

/** One line for people. */
export function anchoredText(anchors: readonly Anchor[], total: number): string {
  const [first] = anchors;
  if (first === undefined) return 'not outside this machine';
  const places = anchors.map(
    ({ by, name, size, at }) => `${by} ${name} ${size}${at === null ? '' : ` at ${at}`}`,
  );
  return `outside this machine up to ${first.size} of ${total} records: ${places.join('; ')}`;
}
