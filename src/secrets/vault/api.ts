/**
 * One request to a HashiCorp-compatible Vault (its HTTP API, version 1) and what its answer means. What it says in
 * words is never repeated: it may quote what it was sent.
 */
import { Fault } from '#base/fault';
import type { MachineFiles, PostAnswer, Poster } from '#base/ports';
import { type KeyFaultCode, keyFault } from '../faults.ts';
import { readPin } from '../private-file.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MOST = 256 * 1024;

export type VaultPlace = {
  /** `https://host[:port]`, or `http://` to loopback. */
  readonly address: string;
  /** PEM of the only authority that its certificate may come from; `null`: over loopback without TLS. */
  readonly caFile: string | null;
  readonly namespace: string | null;
};

export type VaultParts = {
  readonly poster: Poster;
  readonly look: MachineFiles;
  readonly uid: number;
};

export type VaultRequest = {
  readonly method: 'GET' | 'POST';
  /** Below `/v1/`. */
  readonly path: string;
  readonly token?: string;
  readonly body?: Readonly<Record<string, unknown>>;
};

/** A JSON object as it was sent: look at it with `fieldOf` only. */
export type Fields = Readonly<Record<string, unknown>>;
export type VaultAnswer = { readonly isFound: boolean; readonly fields: Fields };

export class VaultApi {
  readonly #parts: VaultParts;
  readonly #place: VaultPlace;

  constructor(parts: VaultParts, place: VaultPlace) {
    this.#parts = parts;
    this.#place = place;
  }

  /** `vault at host:port`, for people. */
  get name(): string {
    return `vault at ${this.#place.address.replace(/^https?:\/\//, '')}`;
  }

  /** Answers 200, 204 and, as not found, 404; everything else is thrown. */
  async ask({ method, path, token, body }: VaultRequest): Promise<VaultAnswer> {
    const { address, caFile, namespace } = this.#place;
    const ca = caFile === null ? undefined : await readPin(this.#parts, caFile);
    let answer: PostAnswer;
    try {
      answer = await this.#parts.poster.request({
        method,
        url: `${address}/v1/${path}`,
        headers: {
          accept: 'application/json',
          // Asked for by agents and proxies of Vault, against requests that a page was made to send.
          'x-vault-request': 'true',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { 'x-vault-token': token }),
          ...(namespace === null ? {} : { 'x-vault-namespace': namespace }),
        },
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        timeoutMs: TIMEOUT_MS,
        maxBytes: ANSWER_BYTES_MOST,
        ...(ca === undefined ? {} : { ca }),
      });
    } catch (thrown) {
      // What an operator has to allow is told as it is, with the line to add.
      if (thrown instanceof Fault && thrown.code === 'egress-refused') throw thrown;
      throw keyFault('broker-unreachable', this.name);
    }
    const { status } = answer;
    if (status === 204) return { isFound: true, fields: {} };
    if (status !== 200 && status !== 404)
      throw keyFault(codeOf(status), `${this.name}, ${path}`, { status });
    const fields = parsed(answer.body);
    if (fields === undefined && status === 404) return { isFound: false, fields: {} };
    if (fields === undefined) throw keyFault('broker-answer', `${this.name}, ${path}`, { status });
    return { isFound: status === 200, fields };
  }
}

function codeOf(status: number): KeyFaultCode {
  if (status === 403 || status === 401) return 'broker-denied';
  if (status === 400 || status === 405 || status === 422) return 'broker-refused';
  if (status === 429 || status === 412) return 'broker-busy';
  if (status === 503 || status === 501) return 'broker-sealed';
  if (status >= 300 && status < 400) return 'broker-elsewhere';
  return status >= 500 ? 'broker-failed' : 'broker-answer';
}

function parsed(body: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of its own, whatever its name. */
export function fieldOf(fields: Fields | undefined, name: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function fieldsOf(fields: Fields | undefined, name: string): Fields | undefined {
  const value = fieldOf(fields, name);
  return isFields(value) ? value : undefined;
}
