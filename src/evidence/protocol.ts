/**
 * The event log: one record for every operation, allowed or refused.
 *
 * Each event is canonical JSON (RFC 8785) carrying the SHA-256 of the event before it, and a leaf
 * of an RFC 6962 tree kept in C2SP tlog-tiles layout. Nothing is ever changed or removed.
 */
import type { Json, JsonObject } from '#base/json';

/** What a caller hands over; the log adds `v`, `seq`, `time` and `prev`. */
export type EventInput = {
  /** `operation` for what a caller asked; `log.*`, `service.*`, `collect.*` for what the program did by itself. */
  readonly kind: string;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly scope: string;
  /** Who asked: `operator:root@local`, `assistant:lease_…`, `service:holdfast`. Never empty. */
  readonly principal: string;
  /** The person accountable, when the principal acts for one. */
  readonly onBehalfOf: string | null;
  /** `cli`, `mcp-stdio`, `mcp-http`, `service`. */
  readonly surface: string;
  readonly operation: string;
  /** Redacted and bounded by the caller of the log, never by the log. */
  readonly arguments: Json;
  readonly decision: {
    readonly verdict: 'allow' | 'needs-approval' | 'deny';
    readonly because: string;
  };
  readonly outcome: 'done' | 'failed' | 'refused' | 'started';
  /** Fault code when not done. */
  readonly fault: string | null;
  readonly targets: readonly string[];
  /** SHA-256 hex and byte length of the canonical answer; `null` when there was none. */
  readonly output: { readonly sha256: string; readonly length: number } | null;
  readonly tainted: boolean;
  readonly more?: JsonObject;
};

export type EventRecord = EventInput & {
  readonly v: 1;
  /** Index in the log, from 0. */
  readonly seq: number;
  readonly time: string;
  /** SHA-256 hex of the previous event's canonical bytes; 64 zeros for the first. */
  readonly prev: string;
};

/** Where an event stands. */
export type EventPlace = { readonly seq: number; readonly leafHash: string };

/**
 * An open log, owned by one process.
 *
 * - Order is the order of `append` calls, however many callers.
 * - `written` resolves when the event survives the death of the process; `durable` when it
 *   survives a power cut *and* the acknowledged head has moved past it. Both reject with
 *   `log-unwritable` when that is not so, and from then on every append rejects until the log is
 *   opened again.
 */
export interface EventLog extends AsyncDisposable {
  append(event: EventInput): {
    readonly written: Promise<EventPlace>;
    readonly durable: Promise<EventPlace>;
  };
  readonly size: number;
  /** Whether the last write went through; `reason` says what stands in the way. */
  health(): { readonly writable: boolean; readonly reason: string | null };
  /** Signs a checkpoint over everything durable so far, unless the newest one already covers it. */
  checkpoint(): Promise<void>;
  /** Newest first. */
  read(filter: EventFilter, limit: number, before?: number): Promise<readonly EventRecord[]>;
}

export type EventFilter = {
  readonly operation?: string;
  readonly principal?: string;
  readonly target?: string;
  readonly outcome?: EventInput['outcome'];
  readonly requestId?: string;
  readonly traceId?: string;
};

/** Keeps the acknowledged head outside the log's own files. `advance` is durable when it resolves. */
export interface HeadKeeper {
  read(): { readonly epoch: string; readonly size: number; readonly root: string } | undefined;
  advance(head: {
    readonly epoch: string;
    readonly size: number;
    readonly root: string;
  }): Promise<void>;
}
