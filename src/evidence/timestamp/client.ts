/** Has a checkpoint stamped by the configured authority, and believes the stamp only when it holds. */
import { hash } from 'node:crypto';
import type { Poster, Random } from '#base/ports';
import { type Delivery, NotTaken } from '../anchoring/courier.ts';
import { textOfNote } from '../note.ts';
import { NONCE_BYTES, readTimestampResponse, timestampRequest } from './request.ts';
import { verifyToken } from './verify-token.ts';

const TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MOST = 256 * 1024;

export type TimestampPlace = {
  readonly url: string;
  /** PEM, pinned. */
  readonly certificate: string;
  readonly policy: string | null;
};

/** The SHA-256 that is stamped: of the note's text without its signature lines (docs/bundle.md). */
export function imprintOf(note: string): Buffer {
  return hash('sha256', textOfNote(note), 'buffer');
}

/** The token, DER (RFC 3161 3.4: over HTTP). */
export async function stamp(
  poster: Poster,
  random: Random,
  place: TimestampPlace,
  { note }: Delivery,
): Promise<Buffer> {
  const sha256 = imprintOf(note);
  const nonce = random.bytes(NONCE_BYTES);
  const answer = await poster.request({
    method: 'POST',
    url: place.url,
    headers: {
      'content-type': 'application/timestamp-query',
      accept: 'application/timestamp-reply',
    },
    body: timestampRequest(sha256, nonce),
    timeoutMs: TIMEOUT_MS,
    maxBytes: ANSWER_BYTES_MOST,
  });
  if (answer.status !== 200) {
    throw new NotTaken(`the time-stamping authority answers ${answer.status}`);
  }
  const response = readTimestampResponse(answer.body);
  if (!response.granted) {
    throw new NotTaken(`the time-stamping authority gave no stamp: ${response.because}`);
  }
  const policy = place.policy ?? undefined;
  const check = verifyToken(response.token, { sha256, nonce, policy, pinned: place.certificate });
  if (check.holds) return response.token;
  throw new NotTaken(`the stamp does not hold (${check.because}): ${check.says}`);
}
