/**
 * The host's signed word on one part. Only what its key signed, for this order, this part and this
 * nonce, counts; everything else it says is text of a host.
 */

import type { Ended, Enrolled } from '#adapters';
import {
  NAMESPACES,
  partDocument,
  type ReceiptDocument,
  receiptDocument,
  verifyByKey,
} from '#authority';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { clean } from '#redaction';
import type { AttemptOutcome, AttemptRow, OrderRow } from '#store';
import type { Road } from './context.ts';

/** Of one stream, after cleaning. */
const OUTPUT_CHARS = 65_536;

export type Kept = { readonly outcome: AttemptOutcome; readonly detail: JsonObject };

/** Throws `bad-receipt` when the host's answer proves nothing. */
export async function keepEnded(
  road: Road,
  attempt: AttemptRow,
  order: OrderRow,
  enrolled: Enrolled,
  ended: Ended,
): Promise<Kept> {
  const receipt = checkReceipt(road, attempt, order, enrolled, ended);
  const outputs: Record<string, { sha256: string; length: number; truthful: boolean }> = {};
  for (const stream of ['stdout', 'stderr'] as const) {
    const bytes = ended[stream];
    const mark = receipt[stream];
    // What does not match the receipt is not what the host signed for.
    const truthful = bytes.length === mark.length && sha256(bytes) === mark.sha256;
    const text = clean(bytes, { maxChars: OUTPUT_CHARS }).text;
    outputs[stream] = { ...(await road.keepOutput(text, attempt.change)), truthful };
  }
  const { number, result, status, stdout, stderr } = receipt;
  return {
    outcome: outcomeOf(receipt),
    detail: {
      receipt: {
        number,
        result,
        status,
        startedAt: at(receipt.started),
        endedAt: at(receipt.ended),
        stdout,
        stderr,
      },
      text: ended.receipt.text,
      armored: ended.receipt.signature,
      key: enrolled.receiptKey,
      outputs,
    },
  };
}

function checkReceipt(
  road: Road,
  attempt: AttemptRow,
  order: OrderRow,
  enrolled: Enrolled,
  { receipt: { text, signature } }: Ended,
): ReceiptDocument {
  const part = order.parts[attempt.part] ?? '';
  let receipt: ReceiptDocument;
  try {
    verifyByKey(text, NAMESPACES.receipt, signature, enrolled.receiptKey);
    receipt = receiptDocument.parse(text);
  } catch (thrown) {
    throw badReceipt(attempt, asFault(thrown).code);
  }
  const wrong = [
    receipt.target === enrolled.hostId ? null : 'target',
    receipt.epoch === enrolled.epoch ? null : 'epoch',
    receipt.order === sha256(order.text) ? null : 'order',
    receipt.part === sha256(part) ? null : 'part',
    receipt.nonce === partDocument.parse(part).nonce ? null : 'nonce',
    isFreshNumber(road, attempt, enrolled, receipt.number) ? null : 'number',
  ].find((each) => each !== null);
  if (wrong !== undefined) throw badReceipt(attempt, wrong);
  return receipt;
}

/**
 * Each receipt of a host has a number of its own; one that was seen is not the word on another part. A host
 * that was enrolled anew counts from 1 again, under another key.
 */
function isFreshNumber(
  road: Road,
  attempt: AttemptRow,
  { receiptKey }: Enrolled,
  number: number,
): boolean {
  return road.store.changes
    .attemptsOn(attempt.target)
    .filter(({ id, detail }) => id !== attempt.id && detail?.['key'] === receiptKey)
    .every(
      ({ detail }) => (detail?.['receipt'] as { number?: unknown } | undefined)?.number !== number,
    );
}

function badReceipt({ target }: AttemptRow, what: string): Fault {
  return new Fault(
    'broken',
    'bad-receipt',
    `the host's answer proves nothing: the receipt of ${target} is wrong in its ${what}. Look at the host itself`,
    { facts: { what } },
  );
}

function outcomeOf({ result, status }: ReceiptDocument): AttemptOutcome {
  switch (result) {
    case 'exited':
      return status === 0 ? 'succeeded' : 'failed';
    case 'signalled':
    case 'timeout':
    case 'stopped':
    case 'too-much':
      return 'failed';
    case 'not-started':
      return 'not-started';
    case 'unknown':
      return 'unknown';
  }
}

function at(seconds: number): string {
  return formatInstant((seconds * 1_000_000) as Instant);
}
