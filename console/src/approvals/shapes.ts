/** What `approvals_inbox` answers. */
import type { Json, JsonObject } from '../api/index.ts';

export type Request = {
  readonly changeId: string;
  readonly targets: readonly string[];
  readonly reason: string;
  readonly requestedBy: string;
  readonly onBehalfOf: string | null;
  readonly createdAt: string;
  readonly decideBy: string | null;
  readonly tainted: boolean;
  readonly signedBy: readonly string[];
};

/** What could be consented to in advance. */
export type Terms = {
  readonly action: string;
  readonly targets: readonly string[];
  readonly arguments: Readonly<Record<string, readonly Json[]>>;
  readonly days: number;
  readonly window: string;
  readonly budget: { readonly runs: number; readonly perSeconds: number };
  readonly cooldownSeconds: number;
  readonly evenTainted: boolean;
  readonly reason: string;
};

export type Group = {
  readonly key: string;
  readonly action: string;
  readonly arguments: JsonObject;
  readonly tier: string | null;
  /** Decided on by itself: never together with others. */
  readonly alone: boolean;
  readonly changes: readonly Request[];
  readonly equalApproved: number;
  readonly offer: Terms | null;
};

export type Inbox = { readonly groups: readonly Group[] };
