/** What goes into the bundle of one change: docs/bundle.md, member for member. */
import type { JsonObject } from '#base/json';

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE_TYPE = 'urn:holdfast:change:1';

export type BundleSignature = {
  readonly operator: string;
  readonly assurance: string;
  readonly at: string;
  readonly armored: string;
  /** OpenSSH public key or certificate. */
  readonly key: string;
};

export type SignedText = { readonly text: string; readonly signatures: readonly BundleSignature[] };

export type BundleOrder = SignedText & {
  readonly parts: readonly string[];
  readonly standing: SignedText | null;
};

export type BundleReceipt = {
  /** Id of the target in the inventory. */
  readonly target: string;
  readonly text: string;
  readonly armored: string;
  readonly key: string;
};

/** What the change road hands over; the rest comes out of the log. */
export type BundleParts = {
  readonly plan: JsonObject;
  readonly state: string;
  readonly orders: readonly BundleOrder[];
  readonly receipts: readonly BundleReceipt[];
  readonly verification: readonly { readonly says: string; readonly held: boolean }[];
  readonly config: readonly SignedText[];
  readonly signers: string;
  readonly outputs: readonly {
    readonly sha256: string;
    readonly length: number;
    readonly media: string;
    readonly sealed: boolean;
  }[];
};

export type BundleEvent = {
  readonly record: string;
  readonly seq: number;
  /** Base64. */
  readonly proof: readonly string[];
};

export type BundlePredicate = BundleParts & {
  readonly events: readonly BundleEvent[];
  readonly checkpoint: string;
  readonly timestamps: readonly { readonly of: string; readonly token: string }[];
};

export type BundleStatement = {
  readonly change: string;
  /** Of the plan, hex. */
  readonly digest: string;
  readonly predicate: BundlePredicate;
};
