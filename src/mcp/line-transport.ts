/**
 * JSON-RPC over lines of text: one message a line, in and out.
 *
 * A line that cannot be read is answered with what is wrong with it, and the next one is read.
 * When the input ends, requests already taken are answered before the connection closes.
 */
import type { Readable, Writable } from 'node:stream';
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type MessageExtraInfo,
  parseJSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Clock } from '#base/ports';
import { JsonScan } from './json-scan.ts';
import { INVALID_REQUEST, readMessage, tooLong, type Unreadable } from './read-message.ts';

const NEWLINE = 0x0a;
/** How long an ended input leaves for what was already asked. */
const LAST_ANSWERS_MS = 60_000;

export type LineTransportOptions = {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly clock: Clock;
  /** One line, bytes. */
  readonly lineBytes: number;
  /** Told every message before it is handed on. */
  readonly heard: (message: unknown) => Promise<void>;
};

export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void;

  readonly #options: LineTransportOptions;
  readonly #pending = new Set<string | number>();
  readonly #ended = new AbortController();
  /** The line so far; cleared and counted on by `#overlong` once it is longer than allowed. */
  #parts: Uint8Array[] = [];
  #length = 0;
  #overlong: JsonScan | undefined;
  #inputOver = false;
  #closed = false;

  constructor(options: LineTransportOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { stdin, stdout } = this.#options;
    stdin.on('data', this.#take);
    stdin.on('end', this.#inputEnds);
    stdin.on('close', this.#inputEnds);
    stdin.on('error', this.#report);
    stdout.on('error', this.#outputFails);
    if (stdin.readableEnded || stdin.destroyed) this.#inputEnds();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) return;
    await this.#write(message);
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) {
      if (message.id !== undefined) this.#settle(message.id);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended.abort();
    const { stdin } = this.#options;
    stdin.off('data', this.#take);
    stdin.off('end', this.#inputEnds);
    stdin.off('close', this.#inputEnds);
    stdin.pause();
    this.#parts = [];
    this.onclose?.();
  }

  readonly #take = (chunk: Uint8Array): void => {
    let from = 0;
    while (!this.#closed) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      this.#hold(chunk.subarray(from, end));
      this.#lineEnds();
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
  };

  #hold(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#overlong !== undefined) {
      this.#overlong.feed(bytes);
      return;
    }
    this.#parts.push(bytes);
    if (this.#length <= this.#options.lineBytes) return;
    this.#overlong = new JsonScan();
    for (const part of this.#parts) this.#overlong.feed(part);
    this.#parts = [];
  }

  #lineEnds(): void {
    const overlong = this.#overlong;
    const line = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#overlong = undefined;
    if (overlong !== undefined) {
      this.#refuse(tooLong(overlong.id, this.#options.lineBytes));
    } else if (line !== undefined && !isBlank(line)) {
      this.#read(line);
    }
  }

  #read(line: Uint8Array): void {
    const read = readMessage(line);
    if (!read.ok) {
      this.#refuse(read.error);
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(read.value);
    } catch {
      this.#refuse({
        id: idOf(read.value),
        code: INVALID_REQUEST,
        message:
          'not a JSON-RPC 2.0 message: send one object with jsonrpc, method and, for a request, id',
      });
      return;
    }
    this.#options.heard(message).catch(this.#report);
    if (isJSONRPCRequest(message)) {
      // A listen request is answered only when it ends; it must not hold the connection open.
      if (message.method !== 'subscriptions/listen') this.#pending.add(message.id);
    } else if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
      const cancelled = message.params?.['requestId'];
      if (typeof cancelled === 'string' || typeof cancelled === 'number') this.#settle(cancelled);
    }
    this.onmessage?.(message);
  }

  #refuse({ id, code, message }: Unreadable): void {
    this.#write({ jsonrpc: '2.0', id, error: { code, message } }).catch(this.#report);
  }

  #write(message: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.stdout.write(`${JSON.stringify(message)}\n`, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  #settle(id: string | number): void {
    this.#pending.delete(id);
    if (this.#inputOver && this.#pending.size === 0) this.#finish();
  }

  readonly #inputEnds = (): void => {
    if (this.#inputOver) return;
    this.#inputOver = true;
    if (this.#length > 0) this.#lineEnds();
    if (this.#pending.size === 0) {
      this.#finish();
      return;
    }
    this.#options.clock
      .sleep(LAST_ANSWERS_MS, this.#ended.signal)
      .then(() => this.#finish(), this.#report);
  };

  #finish(): void {
    this.close().catch(this.#report);
  }

  readonly #outputFails = (error: Error): void => {
    this.#report(error);
    this.#finish();
  };

  readonly #report = (error: unknown): void => {
    this.onerror?.(error instanceof Error ? error : new Error(String(error)));
  };
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function idOf(value: unknown): string | number | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { id } = value as { readonly id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
