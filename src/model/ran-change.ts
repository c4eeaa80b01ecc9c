/** A change of ours that ran on a target, as far as it can tell whether it is behind a difference there. Nothing of an order. */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';

export type RanChange = {
  readonly id: string;
  /** id@version */
  readonly action: string;
  /** Operators that signed it, or the standing approval that covers it. */
  readonly approvedBy: readonly string[];
  readonly standing: string | null;
  /** On this target; what never began is left out. */
  readonly ran: readonly { readonly from: Instant; readonly until: Instant | null }[];
  /** Words of the steps that ran; what is a file of the step is left out. */
  readonly steps: readonly (readonly string[])[];
  /** Facts that it was to change, with the values it was verified by; nothing there is `null`. */
  readonly facts: readonly {
    readonly entity: string;
    readonly attribute: string;
    readonly value: Json;
  }[];
};
