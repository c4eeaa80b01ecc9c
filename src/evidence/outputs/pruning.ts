/** The proof of a pruning. */

/** What was destroyed, to be put on record in the log as it is. */
export type PruningRecord = {
  readonly id: string;
  readonly at: string;
  /** Outputs kept before this moment. */
  readonly before: string;
  readonly policy: string;
  readonly pruned: readonly { readonly sha256: string; readonly change: string }[];
  /** Older than `before`, and on hold. */
  readonly held: readonly {
    readonly sha256: string;
    readonly change: string;
    readonly why: string;
  }[];
};
