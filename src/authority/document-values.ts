/**
 * What the documents of docs/host-contract.md say, as values. Times are whole seconds since 1970-01-01T00:00:00Z,
 * as hosts count them; digests are 64 hex digits without a prefix.
 */
import type { Assurance, Direction, HostCondition, PlanArg } from '#model';

/** Size and root of the event log; 0 and 64 zeros when there is none. */
export type CheckpointMark = { readonly size: number; readonly root: string };
export type FileMark = { readonly version: number; readonly hash: string };

type OrderBody = {
  readonly organisation: string;
  readonly change: string;
  /** The plan's digest as 64 hex digits, without a prefix. */
  readonly plan: string;
  readonly tier: 'T1' | 'T2' | 'T3';
  readonly issued: number;
  readonly notBefore: number;
  readonly runBy: number;
  readonly checkpoint: CheckpointMark;
  /** Digests of the part documents, in order. */
  readonly parts: readonly string[];
};
/** What operators sign. */
export type ChangeOrder = OrderBody & { readonly quorum: number };
/** What the control plane signs, under the standing approval of that digest. */
export type RunOrder = OrderBody & { readonly standing: string };

/** One step on one target. */
export type PartDocument = {
  readonly target: string;
  readonly epoch: number;
  /** id@version */
  readonly action: string;
  readonly catalogue: string;
  readonly runAs: string;
  /** Of an argument that is a file: its place in `files`, from 1. */
  readonly args: readonly PlanArg[];
  /** Digest of what is given on standard input. */
  readonly stdin: string | null;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly conditions: readonly HostCondition[];
  readonly step: { readonly number: number; readonly of: number };
  readonly direction: Direction;
  readonly timeout: number;
  readonly atomic: boolean;
  readonly nonce: string;
};

/** Consent in advance. */
export type StandingDocument = {
  readonly organisation: string;
  readonly standing: string;
  readonly action: string;
  readonly issued: number;
  readonly expires: number;
  /** `always`, or `HH:MM-HH:MM` UTC. */
  readonly window: string;
  readonly budget: { readonly runs: number; readonly seconds: number };
  readonly cooldown: number;
  readonly evenTainted: boolean;
  readonly quorum: number;
  /** Digests of part cores, rising. */
  readonly cores: readonly string[];
};

/** What is in force. */
export type ConfigDocument = {
  readonly organisation: string;
  readonly version: number;
  readonly previous: string;
  readonly issued: number;
  readonly quorum: number;
  readonly inventory: string;
  readonly policy: string;
  readonly catalogue: string;
  readonly baselines: string;
  readonly signers: FileMark;
  readonly revocations: FileMark;
  readonly hostPolicy: FileMark;
  readonly checkpoint: CheckpointMark;
};

export type LiftDocument = {
  readonly organisation: string;
  readonly stop: string;
  readonly issued: number;
  readonly runBy: number;
};

/** What a host can check, and so what it is used for; `none`: it is not used any more. */
export const HOST_CAPABILITIES = ['full', 'key-only', 'reader-only', 'none'] as const;
export type HostCapability = (typeof HOST_CAPABILITIES)[number];

/** One host in an enrolment record: pinned are its random id, its epoch and its keys. */
export type EnrolledHost = {
  /** Id in the inventory. */
  readonly target: string;
  readonly hostId: string;
  readonly epoch: number;
  /** Of its host key lines, `<type> <base64>` LF each, ascending. */
  readonly hostKeys: string;
  /** Of the public half of its receipt key, `<type> <base64>` LF. */
  readonly receiptKey: string;
  readonly capability: HostCapability;
};

/** Which hosts an operator takes for theirs. */
export type EnrolmentDocument = {
  readonly organisation: string;
  readonly issued: number;
  readonly hosts: readonly EnrolledHost[];
};

export const RECEIPT_RESULTS = [
  'exited',
  'signalled',
  'timeout',
  'stopped',
  'too-much',
  'not-started',
  'unknown',
] as const;
export type OutputMark = { readonly sha256: string; readonly length: number };

/** The host's word on what it ran. */
export type ReceiptDocument = {
  readonly target: string;
  readonly epoch: number;
  readonly number: number;
  readonly previous: string;
  readonly order: string;
  readonly part: string;
  readonly nonce: string;
  readonly started: number;
  readonly ended: number;
  readonly result: (typeof RECEIPT_RESULTS)[number];
  readonly status: number;
  readonly stdout: OutputMark;
  readonly stderr: OutputMark;
};

export type HostIdentity = {
  readonly organisation: string;
  readonly target: string;
  readonly epoch: number;
};

export const RULE_NAMES = ['T1', 'T2', 'T3', 'standing', 'config', 'lift'] as const;
export type RuleName = (typeof RULE_NAMES)[number];
export type HostRule = { readonly quorum: number; readonly assurance: Assurance };

export type HostPolicy = {
  readonly version: number;
  readonly previous: string;
  readonly profile: string;
  readonly rules: Readonly<Record<RuleName, HostRule>>;
  /** Seconds by which an order may be issued in the future of this host's clock. */
  readonly skew: number;
  /** Pages on which a passkey may be used, as the browser spells their origin. */
  readonly origins: readonly string[];
};

/** The `previous` of a first document, and the root of an empty log. */
export const NO_HASH = '0'.repeat(64);
