/**
 * A small Vault over real HTTP: tokens that end, AppRole, KV version 2 with deleted and destroyed versions, an SSH
 * authority whose certificates `ssh-keygen -s` makes, and every kind of trouble when told.
 */
import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publicKeyLine } from '#authority';
import type { Clock } from '#base/ports';
import { opensshKey } from './openssh-key.ts';

const run = promisify(execFile);

export type VaultTrouble =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** Takes the request and says nothing. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'huge' }
  /** Promises more than it sends. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'text'; readonly body: string };

/** What an authority does that should not: each for the next certificates. */
export type Forgery = {
  readonly key?: string;
  readonly principals?: string;
  readonly isHost?: true;
  readonly options?: readonly string[];
  readonly ttlSeconds?: number;
  readonly startsInSeconds?: number;
  readonly otherAuthority?: true;
};

export type Tls = { readonly key: string; readonly cert: string };

type Token = { readonly renewable: boolean; readonly lifeMs: number; overAtMs: number };
type Version = { data: Record<string, unknown>; deletion_time: string; destroyed: boolean };
type Answer = { readonly status: number; readonly body?: unknown };

const NO = (status: number, ...errors: string[]): Answer => ({ status, body: { errors } });

export class FakeVault implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'hf-vault-'));
  readonly tokens = new Map<string, Token>();
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers'] }[] = [];
  readonly roleId = 'role-1';
  secretId = `secret-${randomBytes(8).toString('hex')}`;
  tokenLifeMs = 600_000;
  tokenIsRenewable = true;
  maxTtlSeconds = 3_600;
  allowedPrincipals: readonly string[] = ['holdfast-reader', 'holdfast-runner'];
  namespace: string | null = null;
  isSealed = false;
  trouble: VaultTrouble | null = null;
  forgery: Forgery = {};
  readonly #kv = new Map<string, Version[]>();
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #isTls: boolean;
  #signed = 0;

  private constructor(clock: Clock, tls: Tls | null) {
    this.#clock = clock;
    this.#isTls = tls !== null;
    const taken = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#take(request, response).catch(() => response.destroy());
    };
    this.#server = tls === null ? createServer(taken) : createTlsServer(tls, taken);
    for (const name of ['ca', 'other-ca']) writeKey(join(this.directory, name));
  }

  static async start(clock: Clock, tls: Tls | null = null): Promise<FakeVault> {
    const vault = new FakeVault(clock, tls);
    await vault.listen(0);
    return vault;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `${this.#isTls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** `<type> <base64>` of the authority that hosts trust. */
  get authority(): string {
    return readFileSync(join(this.directory, 'ca.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  }

  token(lifeMs = this.tokenLifeMs): string {
    const word = `hvs.${randomBytes(12).toString('hex')}`;
    this.tokens.set(word, {
      renewable: this.tokenIsRenewable,
      lifeMs,
      overAtMs: this.#clock.monotonicMs() + lifeMs,
    });
    return word;
  }

  /** Puts a new version of a secret; answers its number. */
  put(path: string, data: Record<string, unknown>): number {
    const versions = this.#kv.get(path) ?? [];
    versions.push({ data, deletion_time: '', destroyed: false });
    this.#kv.set(path, versions);
    return versions.length;
  }

  /** `at`: now, or when it will be. */
  delete(path: string, version: number, at = new Date(this.#clock.now() / 1_000)): void {
    const found = this.#kv.get(path)?.[version - 1];
    // As Vault prints it, with nanoseconds.
    if (found !== undefined) found.deletion_time = at.toISOString().replace('Z', '123456Z');
  }

  destroy(path: string, version: number): void {
    const found = this.#kv.get(path)?.[version - 1];
    if (found !== undefined) found.destroyed = true;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://vault');
    const path = url.pathname.replace(/^\/v1\//, '');
    this.requests.push({ method: request.method ?? '', path, headers: request.headers });
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { trouble } = this;
    if (trouble !== null) return this.#misbehave(trouble, response);
    const text = Buffer.concat(chunks).toString('utf8');
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const answer = this.isSealed
      ? NO(503, 'Vault is sealed')
      : await this.#answer(request, path, url.searchParams, body);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(
      answer.body === undefined ? '' : JSON.stringify({ request_id: 'r', ...answer.body }),
    );
  }

  #misbehave(trouble: VaultTrouble, response: ServerResponse): void {
    switch (trouble.kind) {
      case 'silent':
        return;
      case 'status':
        response.writeHead(trouble.status, { location: 'http://127.0.0.1:1/v1/elsewhere' });
        response.end(trouble.body ?? '{"errors":[]}');
        return;
      case 'text':
        response.end(trouble.body);
        return;
      case 'huge':
        response.end(JSON.stringify({ data: 'x'.repeat(2_000_000) }));
        return;
      case 'cut':
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"data":{');
        setTimeout(() => response.destroy(), 10);
    }
  }

  async #answer(
    { method, headers }: IncomingMessage,
    path: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
  ): Promise<Answer> {
    if (headers['x-vault-request'] !== 'true') return NO(412, 'no request header');
    if ((headers['x-vault-namespace'] ?? null) !== this.namespace) return NO(404);
    if (path === 'auth/approle/login' && method === 'POST') {
      if (body['role_id'] !== this.roleId || body['secret_id'] !== this.secretId)
        return NO(400, 'invalid role or secret ID');
      return { status: 200, body: { auth: this.#auth(this.token()) } };
    }
    const word = String(headers['x-vault-token']);
    const token = this.tokens.get(word);
    if (token === undefined || token.overAtMs <= this.#clock.monotonicMs())
      return NO(403, 'permission denied', `bad token: ${word}`);
    if (path === 'auth/token/revoke-self' && method === 'POST') {
      this.tokens.delete(word);
      return { status: 204 };
    }
    if (path === 'auth/token/renew-self' && method === 'POST') {
      if (!token.renewable) return NO(400, 'lease is not renewable');
      token.overAtMs = this.#clock.monotonicMs() + token.lifeMs;
      return { status: 200, body: { auth: this.#auth(word) } };
    }
    if (path.startsWith('secret/data/') && method === 'GET')
      return this.#read(path.slice('secret/data/'.length), Number(query.get('version') ?? 0));
    if (path === 'ssh/sign/holdfast' && method === 'POST') return this.#sign(body);
    return NO(404);
  }

  #auth(word: string): unknown {
    const token = this.tokens.get(word);
    return {
      client_token: word,
      lease_duration: Math.round((token?.lifeMs ?? 0) / 1_000),
      renewable: token?.renewable ?? false,
      policies: ['default'],
      num_uses: 0,
    };
  }

  #read(path: string, asked: number): Answer {
    const versions = this.#kv.get(path) ?? [];
    const version = asked === 0 ? versions.length : asked;
    const found = versions[version - 1];
    if (found === undefined) return NO(404);
    const { deletion_time, destroyed } = found;
    const isGone =
      destroyed || (deletion_time !== '' && Date.parse(deletion_time) <= this.#clock.now() / 1_000);
    const metadata = {
      created_time: '2026-01-01T00:00:00.123456789Z',
      custom_metadata: null,
      deletion_time,
      destroyed,
      version,
    };
    return {
      status: isGone ? 404 : 200,
      body: { data: { data: isGone ? null : found.data, metadata }, lease_duration: 0 },
    };
  }

  async #sign(body: Record<string, unknown>): Promise<Answer> {
    const asked = String(body['valid_principals']).split(',');
    if (asked.some((each) => !this.allowedPrincipals.includes(each)))
      return NO(400, `${asked.join()} is not a valid value for valid_principals`);
    const ttl = Number(/^(\d+)s$/.exec(String(body['ttl']))?.[1]);
    if (!(ttl > 0) || body['cert_type'] !== 'user') return NO(400, 'bad request');
    const { forgery } = this;
    this.#signed += 1;
    const file = join(this.directory, `k${this.#signed}`);
    writeFileSync(`${file}.pub`, `${forgery.key ?? String(body['public_key'])} x\n`);
    const from = this.#clock.now() / 1_000_000 + (forgery.startsInSeconds ?? -30);
    const life = forgery.ttlSeconds ?? Math.min(ttl, this.maxTtlSeconds);
    const until = this.#clock.now() / 1_000_000 + life;
    const principals = forgery.principals ?? asked.join();
    await run(
      'ssh-keygen',
      [
        '-q',
        '-s',
        join(this.directory, forgery.otherAuthority ? 'other-ca' : 'ca'),
        '-I',
        'vault-approle-holdfast',
        '-z',
        String(this.#signed),
        ...(forgery.isHost ? ['-h'] : []),
        ...(principals === '' ? [] : ['-n', principals]),
        ...(forgery.options ?? []).flatMap((each) => ['-O', each]),
        '-V',
        `${stamp(from)}:${stamp(until)}`,
        `${file}.pub`,
      ],
      { env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' } },
    );
    const line = readFileSync(`${file}-cert.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
    return { status: 200, body: { data: { serial_number: '0f', signed_key: `${line}\n` } } };
  }

  /** Nobody answers any more at its address. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function stamp(seconds: number): string {
  return new Date(Math.round(seconds) * 1_000).toISOString().replace(/[-:T]|\.\d+Z/g, '');
}

/** A new private key file, as ssh-keygen makes one; answers its text. */
export function writeKey(path: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = opensshKey(privateKey);
  writeFileSync(path, text, { mode: 0o600 });
  writeFileSync(`${path}.pub`, `${publicKeyLine(createPublicKey(privateKey))} test\n`);
  return text;
}
