/** A change over many targets, batch after batch: a part of its plan, so of what is signed. */
export type PlanRollout = {
  /** Ids of the plan's targets, each exactly once. A batch begins when the one before was verified. */
  readonly batches: readonly (readonly string[])[];
  /** Between the end of one batch and the beginning of the next. */
  readonly waitSeconds: number;
  /** With more targets than these failed it pauses, until a person decides. */
  readonly maxFailures: number;
};

/** Why a rollout waits for a person, beside the refusals that its next batch may meet; docs/refusals.md says what to do. */
export const ROLLOUT_PAUSES = [
  'asked-to-pause',
  'too-many-failures',
  'unknown-effect',
  'restarted',
  'trouble',
] as const;
export type RolloutPause = (typeof ROLLOUT_PAUSES)[number];
