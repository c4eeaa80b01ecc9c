/** Webhooks, signed after the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`, `v1,` + base64. */
import { createHmac } from 'node:crypto';
import { asFault, Fault } from '#base/fault';
import { canonicalJson } from '#base/json';
import type { Poster } from '#base/ports';
import type { Instant } from '#base/time';
import type { Notice } from './compose.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 65_536;
const SECRET = /^whsec_([A-Za-z0-9+/]{32,128}={0,2})$/;

export type Hook = {
  readonly url: string;
  /** As its file has it. */
  readonly secret: string;
  readonly ca: string | null;
};

export function sign(secret: string, id: string, seconds: number, body: string): string {
  const [, encoded] = SECRET.exec(secret.trim()) ?? [];
  if (encoded === undefined)
    throw new Fault(
      'invalid',
      'webhook-secret',
      'a secret of a webhook must be whsec_ and at least 24 bytes in base64: make one with: printf whsec_; openssl rand -base64 32',
    );
  const key = Buffer.from(encoded, 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

/** Rejects when the receiver did not answer with 2xx: then it is sent again. */
export async function sendWebhook(
  poster: Poster,
  hook: Hook,
  notice: Pick<Notice, 'id' | 'data'>,
  now: Instant,
): Promise<void> {
  const body = canonicalJson(notice.data);
  const seconds = Math.floor(now / 1_000_000);
  await post(poster, hook, body, {
    'webhook-id': notice.id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': sign(hook.secret, notice.id, seconds, body),
  });
}

/** Rejects with `notice-not-taken`, or with what an operator has to allow first (`egress-refused`). */
export async function post(
  poster: Poster,
  { url, ca }: Omit<Hook, 'secret'>,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await poster
    .request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'user-agent': 'holdfast', ...headers },
      body: Buffer.from(body),
      timeoutMs: TIMEOUT_MS,
      maxBytes: ANSWER_BYTES,
      ...(ca === null ? {} : { ca }),
    })
    .catch((thrown: unknown) => {
      const fault = asFault(thrown);
      throw fault.code === 'egress-refused' ? fault : notTaken(fault.code);
    });
  if (answer.status < 200 || answer.status > 299) throw notTaken(`status ${answer.status}`);
}

function notTaken(why: string): Fault {
  return new Fault(
    'unavailable',
    'notice-not-taken',
    `a notice was not taken: ${why}. It is kept, and sent again`,
  );
}
