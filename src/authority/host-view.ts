/** What a host knows and what it is asked: the values that judging goes by. Seconds. */
import type { CheckpointMark, HostIdentity, HostPolicy } from './document-values.ts';
import type { AuthorityFaultCode } from './faults.ts';
import type { Revocations } from './krl.ts';
import type { Signers } from './signers.ts';
import type { VerifiedSignature } from './verify-signature.ts';

/** The host files of one config, as they lie there. */
export type HostFiles = {
  readonly signers: string | null;
  readonly revocations: Uint8Array | null;
  readonly hostPolicy: string | null;
};

export type ParsedFiles = {
  readonly signers: Signers;
  readonly revocations: Revocations;
  readonly policy: HostPolicy;
};

/** Everything a host knows when an order comes. */
export type HostView = {
  readonly now: number;
  readonly identity: HostIdentity;
  /** The first line of the file `stop`, when it is there. */
  readonly stop: string | null;
  readonly files: HostFiles;
  /** The config document in force. */
  readonly config: string | null;
  /** Whoever holds the machine has said that its first config may come. */
  readonly isEnrolling: boolean;
  /** The public key that signs runs, as one line. */
  readonly controlPlane: string | null;
  readonly floor: number;
  /** Checkpoints it was shown, with the time at which what showed them was issued. */
  readonly witness: readonly (CheckpointMark & { readonly issued: number })[];
  readonly spent: ReadonlySet<string>;
  /** What ran under each standing approval, by its digest. */
  readonly counted: ReadonlyMap<string, readonly { readonly at: number; readonly core: string }[]>;
  /** Forward parts that have a receipt with `result exited`. */
  readonly ran: readonly { readonly order: string; readonly step: string }[];
  /** SHA-256 of the files a part may name; what is not here is absent. */
  readonly present: ReadonlyMap<string, string>;
};

export type OrderRequest =
  | {
      readonly verb: 'run';
      readonly order: string;
      readonly signatures: readonly string[];
      readonly part: string;
      readonly stdin: Uint8Array | null;
      readonly standing: string | null;
      readonly standingSignatures: readonly string[];
    }
  | { readonly verb: 'lift'; readonly order: string; readonly signatures: readonly string[] }
  | {
      readonly verb: 'config';
      readonly order: string;
      readonly signatures: readonly string[];
      readonly signers: string;
      readonly revocations: Uint8Array;
      readonly hostPolicy: string;
    };

export type RunRequest = Extract<OrderRequest, { verb: 'run' }>;

export type Judgement =
  | { readonly verdict: 'ok'; readonly signatures: readonly VerifiedSignature[] }
  | { readonly verdict: 'refused'; readonly code: AuthorityFaultCode; readonly says: string };
