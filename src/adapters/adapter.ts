/**
 * What every adapter owes: bounded code that carries the steps of one plan to one kind of host.
 *
 * An adapter decides nothing and remembers nothing. It hands documents to the host, which checks
 * them itself (docs/host-contract.md), and brings the host's signed word back. The contract suite is
 * `adapter.contract.ts`.
 */
import type { Target } from '#model';

/** What an enrolled host says of itself; kept by the control plane when it was enrolled. */
export type HostIdentity = {
  readonly organisation: string;
  readonly hostId: string;
  readonly epoch: number;
};

/** Everything the host needs to check and run one part. Texts are the exact signed bytes. */
export type Dispatch = {
  readonly order: string;
  readonly signatures: readonly string[];
  readonly part: string;
  readonly stdin: string | null;
  readonly standing: { readonly text: string; readonly signatures: readonly string[] } | null;
  readonly nonce: string;
  readonly timeoutSeconds: number;
};

export type Receipt = { readonly text: string; readonly signature: string };

export type Ended = {
  readonly receipt: Receipt;
  /** At most 1 MiB each, as the host kept them: untrusted bytes. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
};

export type JobState =
  | { readonly state: 'unspent' }
  | { readonly state: 'running' }
  /** The nonce was spent without running anything; there will never be a receipt. */
  | { readonly state: 'cancelled' }
  | { readonly state: 'ended'; readonly ended: Ended };

export type HostAnswer =
  | { readonly verdict: 'ran'; readonly ended: Ended }
  /** The host's own refusal: nothing was run. `code` is from the host contract. */
  | { readonly verdict: 'refused'; readonly code: string; readonly detail: string }
  /** Sent, and no answer: it may have run. Ask `job`. */
  | { readonly verdict: 'unknown'; readonly reason: string };

export type HostConfig = {
  readonly order: string;
  readonly signatures: readonly string[];
  readonly signers: string;
  readonly revocations: Uint8Array;
  readonly hostPolicy: string;
};

export type Accepted =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'refused'; readonly code: string; readonly detail: string };

export type HostStatus = HostIdentity & {
  readonly stopped: string | null;
  /** Version of the config document in force there; 0 when there is none. */
  readonly configVersion: number;
  /** Host clock, seconds. */
  readonly time: number;
  /** The receipt key's public half, one OpenSSH line. */
  readonly receiptKey: string;
};

/** One host, reached. Throws a Fault (`unavailable`) only where nothing was sent. */
export interface Host {
  status(): Promise<HostStatus>;
  run(dispatch: Dispatch): Promise<HostAnswer>;
  job(nonce: string): Promise<JobState>;
  /** Spends nonces without running them; answers those that were unspent. */
  cancel(nonces: readonly string[]): Promise<readonly string[]>;
  stop(stop: string): Promise<void>;
  lift(order: string, signatures: readonly string[]): Promise<Accepted>;
  config(config: HostConfig): Promise<Accepted>;
  /** Runs one read-only program for a T0 action or a probe; never through the change road. */
  look(argv: readonly [string, ...string[]], timeoutSeconds: number): Promise<Looked>;
}

export type Looked = {
  readonly exit: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** It was ended by us: too long or too much. */
  readonly cut: boolean;
};

export interface Adapter {
  readonly name: string;
  /** The host of a target with this adapter's transport. */
  host(target: Target): Promise<Host>;
}
