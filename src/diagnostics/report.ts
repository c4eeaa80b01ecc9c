/**
 * What a diagnosis asks of a host, what came of it, and what is said about it.
 *
 * Text of a host is data: it stands only in quotes inside our sentences, or behind a bar on lines of its
 * own, cleaned either way. What was not seen is unknown, and never counts as well.
 */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Coverage, Severity } from '#model';

/** One command that only reads, in its normal form, with the time it may take. */
export type Ask = {
  readonly key: string;
  readonly argv: readonly [string, ...string[]];
  readonly seconds: number;
  /** What it reads, in our own words. */
  readonly reads: string;
};

export type Heard =
  | {
      readonly kind: 'ended';
      readonly exit: number;
      readonly stdout: string;
      readonly stderr: string;
      /** Of the host it was asked: when by our clock, and when the answer was here. */
      readonly askedAt: Instant;
      readonly answeredAt: Instant;
    }
  /** Ended by us, because it took too long or said too much; what it said until then. */
  | { readonly kind: 'cut'; readonly stdout: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type HeardByKey = ReadonlyMap<string, Heard>;

/** `critical` and `warning` look wrong; `info` is worth knowing and may be as it should be. */
export type Remark = {
  readonly check: string;
  readonly severity: Severity;
  /** Stable, for programs. */
  readonly code: string;
  /** One sentence of ours; names of the host stand in it as `named` gives them. */
  readonly says: string;
  /** The host's own words that it rests on; raw. */
  readonly evidence: string | null;
};

/** A part that nothing is known of. */
export type Unknown = { readonly check: string; readonly says: string };

/** Raw lines of the host under a title of ours; without lines the title says it all. */
export type Section = {
  readonly check: string;
  readonly title: string;
  readonly lines: readonly string[];
  /** Where there is no room for all lines, the last ones are shown and not none. */
  readonly keepsNewest?: true;
};

export type Part = {
  readonly remarks: readonly Remark[];
  readonly unknown: readonly Unknown[];
  readonly sections: readonly Section[];
  /** What was left out, in our words. */
  readonly cut: readonly string[];
};

export type Report = Part & {
  /** What was looked at, so that silence can be told from not looking. */
  readonly checks: readonly string[];
  /** What is said first, in place of a count of what is wrong. */
  readonly headline?: string;
};

/** What the fact store knows of one target, from trusted sources, at one moment. */
export type KnownFacts = {
  readonly target: string;
  readonly facts: readonly {
    readonly entity: string;
    readonly attribute: string;
    readonly value: Json;
  }[];
  readonly coverage: readonly Coverage[];
};

export const NOTHING: Part = { remarks: [], unknown: [], sections: [], cut: [] };

export function joined(parts: readonly Part[]): Part {
  return {
    remarks: parts.flatMap((each) => each.remarks),
    unknown: parts.flatMap((each) => each.unknown),
    sections: parts.flatMap((each) => each.sections),
    cut: parts.flatMap((each) => each.cut),
  };
}
