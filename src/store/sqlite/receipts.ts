/** Receipts as the observations' rows keep them. */
import type { Instant } from '#base/time';
import { storeFault } from '../faults.ts';
import type { ObservationInput, ObservationReceipt } from '../protocol.ts';
import type { Statements } from './connection.ts';

export type KeptReceipt = { readonly receipt: ObservationReceipt; readonly sha256: string };

export function receiptByKey(
  sql: Statements,
  origin: number,
  key: string,
  upTo: number,
): KeptReceipt | undefined {
  const row = sql.row(
    `SELECT id, recorded_at, written, unchanged, superseded, retired, sha256 FROM observation
     WHERE origin = ? AND key = ? AND op <= ?`,
    origin,
    key,
    upTo,
  );
  if (row === undefined) return undefined;
  const [observationId, recordedAt, written, unchanged, superseded, retired, sha256] = row as [
    string,
    Instant,
    number,
    number,
    number,
    number,
    Uint8Array,
  ];
  return {
    receipt: { observationId, recordedAt, written, unchanged, superseded, retired, replayed: true },
    sha256: Buffer.from(sha256).toString('hex'),
  };
}

/** The first answer to an idempotency key; a fault when the key stood for something else. */
export function priorReceipt(
  sql: Statements,
  origin: number | undefined,
  input: ObservationInput,
): ObservationReceipt | undefined {
  const key = input.idempotencyKey;
  if (key === undefined || origin === undefined) return undefined;
  const prior = receiptByKey(sql, origin, key, Number.MAX_SAFE_INTEGER);
  if (prior === undefined) return undefined;
  if (prior.sha256 !== input.sha256) {
    throw storeFault(
      'idempotency-key-reused',
      `the idempotency key was used for other content: ${JSON.stringify(key.slice(0, 80))}. Use a new key`,
    );
  }
  return prior.receipt;
}
