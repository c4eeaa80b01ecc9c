/**
 * The registry of entity kinds: what each is about, what its attributes hold, which of them move by
 * themselves and which matter to security. Kinds that are not here are open: any JSON.
 *
 * `volatile` attributes never make a finding; `security` kinds and attributes make critical ones.
 */
import * as z from 'zod/v4';

export type KindSpec = {
  readonly about: string;
  /** Schema per attribute, checked when a fact of this kind is ingested. Unlisted attributes are open. */
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** Findings on this kind are critical. */
  readonly security?: true;
};

export type AttributeSpec = {
  readonly schema: z.ZodType;
  readonly about: string;
  readonly volatile?: true;
  readonly security?: true;
  readonly unit?: string;
};
