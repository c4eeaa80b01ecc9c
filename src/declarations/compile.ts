/**
 * What each kind of declaration is made by: content an operator put somewhere in, everything it says of
 * one target out. One row of a table per kind; whoever keeps files reads them and knows no format.
 */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Declaration, Target } from '#model';

/** A text that somebody wrote; `file` is what `because.at` and faults call it. */
export type ContentFile = {
  readonly file: string;
  readonly text: string;
  /** When it was written; of feeds, which say nothing of themselves otherwise. */
  readonly modifiedAt?: Instant;
};

/** One fact as it holds at `About.now`, by a source that is trusted with its kind. */
export type KnownFact = {
  readonly entity: string;
  readonly attribute: string;
  readonly source: string;
  readonly value: Json;
};

/** Which target a declaration is made for, and what is known of it. */
export type About = {
  readonly target: Target;
  /** Observed, of that kind, by trusted sources; empty also when nobody looked, which `needs` is for. */
  readonly facts: (kind: string) => readonly KnownFact[];
  readonly now: Instant;
};

/** The entry of `declarations.yaml` that asks for it. */
export type Named = {
  /** As in the id: `<kind>:<name>`. */
  readonly name: string;
  /** `declarations.yaml:<line>`. */
  readonly at: string;
};

/**
 * `read` is called once for each content and keeps nothing; it throws `invalid` with every mistake as
 * `file:line`. `compile` is pure, and throws `invalid` where the content does not fit this target.
 */
export type Maker<Parsed> = {
  readonly read: (files: readonly ContentFile[]) => Parsed;
  readonly compile: (parsed: Parsed, named: Named, about: About) => Declaration;
};
