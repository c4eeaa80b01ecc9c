/**
 * Reaching hosts over OpenSSH: kept sessions to the reader's account, and frames to the runner's.
 *
 * Nothing here decides and nothing here builds a command line for a remote shell: the far end is a
 * forced command that reads requests (docs/reading.md, docs/host-contract.md).
 */
import type { Target } from '#model';
import type { Adapter } from '../adapter.ts';

/** Why a host was not reached. Stable: it becomes a fact (`reach` of the target) and an error code. */
export const UNREACHABLE = [
  'no-address',
  'name-not-found',
  'connection-refused',
  'timed-out',
  'network-unreachable',
  'host-key-unknown',
  'host-key-changed',
  'not-authorised',
  'bastion-failed',
  'connection-lost',
  'not-enrolled',
  'no-wrapper',
  'busy',
] as const;
export type Unreachable = (typeof UNREACHABLE)[number];

export type ReadRequest = {
  readonly seconds: number;
  readonly bytes: number;
  readonly signal?: AbortSignal;
  /** Tries to connect even when that failed a moment ago. */
  readonly force?: true;
};

export type ReadAnswer =
  | {
      readonly verdict: 'ok';
      readonly ended: 'exited' | 'signalled' | 'timeout' | 'too-much';
      readonly status: number;
      readonly ms: number;
      readonly stdout: Uint8Array;
      readonly stderr: Uint8Array;
    }
  /** The host's own refusal; nothing ran. */
  | { readonly verdict: 'refused'; readonly code: string };

export type ReaderHello = {
  readonly version: string;
  /** SHA-256; `-` when there is none. */
  readonly grammar: string;
  readonly collect: boolean;
  readonly tools: readonly string[];
};

/** One host's reader. Every method rejects with a Fault of kind `unavailable` whose code is in UNREACHABLE. */
export interface HostReader {
  hello(): Promise<ReaderHello>;
  /** `argv` is a normal form. */
  run(argv: readonly [string, ...string[]], request: ReadRequest): Promise<ReadAnswer>;
  snapshot(request: ReadRequest): Promise<ReadAnswer>;
}

export type ReachState = {
  readonly target: string;
  readonly state: 'connected' | 'connecting' | 'idle' | 'unreachable';
  readonly reason: Unreachable | null;
  /** Microseconds; when that state began. */
  readonly since: number;
  readonly waiting: number;
  readonly sessions: number;
};

export interface SshReach extends AsyncDisposable {
  /** Hosts of targets with transport ssh, through the runner's account; `look` goes through the reader. */
  readonly adapter: Adapter;
  reader(target: Target): HostReader;
  states(): readonly ReachState[];
  /** Ends kept sessions of a target, or of all: after keys or host keys changed. */
  drop(target?: string): Promise<void>;
}
