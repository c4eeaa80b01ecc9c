/** What a verification says, and how it is gathered. */

export type ProblemCode =
  | 'record-changed'
  | 'record-unreadable'
  | 'record-out-of-place'
  | 'record-missing'
  | 'record-not-authentic'
  | 'records-cut'
  | 'root-differs'
  | 'other-log'
  | 'bundle-missing'
  | 'tile-differs'
  | 'tile-missing'
  | 'checkpoint-differs'
  | 'checkpoint-missing'
  | 'checkpoint-signature'
  | 'wrong-key'
  | 'recovered-differs'
  | 'stray-file'
  /** Somebody outside knows more records than are there. */
  | 'anchor-ahead'
  /** Somebody outside knows another history. */
  | 'anchor-forked'
  | 'anchor-unreadable'
  | 'cosignature-wrong'
  | 'cosignature-late'
  | 'timestamp-wrong'
  | 'timestamp-late';

export type Problem = {
  readonly code: ProblemCode;
  /** The first record it touches, when it touches one. */
  readonly seq: number | null;
  /** Index in `checkpoints`, from 0. */
  readonly checkpoint: number | null;
  readonly file: string;
  readonly what: string;
};

export type Anchor = {
  readonly by: 'witness' | 'timestamp' | 'anchor file' | 'kept copy' | 'host';
  readonly name: string;
  /** Records under it. */
  readonly size: number;
  /** When, as far as the place says so itself. */
  readonly at: string | null;
};

export type LogReport = {
  /** No problem and nothing undecided. */
  readonly ok: boolean;
  readonly verdict: 'holds' | 'does not hold' | 'cannot decide';
  readonly size: number;
  readonly root: string;
  /** The smallest record number at fault, or `null`. */
  readonly firstBadRecord: number | null;
  readonly problems: readonly Problem[];
  /** There were more problems than are listed. */
  readonly more: boolean;
  readonly tail: {
    /** Records under the acknowledged head, or `null` when it was not given. */
    readonly acknowledged: number | null;
    /** Whole, authentic records beyond it: what a crash leaves. */
    readonly authenticBeyondHead: number;
    /** Bytes of a torn frame beyond it. */
    readonly tornBytes: number;
  };
  readonly checkpoints: number;
  /** Verifier keys in the order in which they took over. */
  readonly keys: readonly string[];
  /** In words: `not outside this machine`, or how far and where. */
  readonly anchored: string;
  /** The largest checkpoint that each place outside knows and that holds, largest first. */
  readonly anchors: readonly Anchor[];
  /** Questions that could not be answered for want of an input. */
  readonly undecided: readonly string[];
  /** True, and no problem. */
  readonly notes: readonly string[];
};

const PROBLEMS_LISTED = 50;

export class Findings {
  readonly problems: Problem[] = [];
  readonly notes: string[] = [];
  readonly undecided: string[] = [];
  more = false;
  /** A record is at fault: roots computed from here on say nothing new. */
  recordsAtFault = false;

  problem(
    code: ProblemCode,
    file: string,
    what: string,
    at: { readonly seq?: number; readonly checkpoint?: number } = {},
  ): void {
    if (code.startsWith('record') || code === 'bundle-missing') this.recordsAtFault = true;
    if (this.problems.length >= PROBLEMS_LISTED) {
      this.more = true;
      return;
    }
    const { seq = null, checkpoint = null } = at;
    this.problems.push({ code, seq, checkpoint, file, what });
  }
}
