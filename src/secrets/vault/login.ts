/** Tokens of Vault: one that somebody keeps fresh in a file, or one of our own by AppRole, renewed while it is used. */

import { asFault } from '#base/fault';
import type { Clock } from '#base/ports';
import { keyFault } from '../faults.ts';
import { isWord, readWord } from '../private-file.ts';
import {
  type Fields,
  fieldOf,
  fieldsOf,
  type VaultAnswer,
  type VaultApi,
  type VaultParts,
  type VaultRequest,
} from './api.ts';

export type VaultAuth =
  | { readonly kind: 'token-file'; readonly tokenFile: string }
  | {
      readonly kind: 'approle';
      readonly mount: string;
      readonly roleId: string;
      readonly secretIdFile: string;
    };

/** A token without an end is asked for anew after this; none is held longer without being renewed. */
const LONGEST_MS = 3_600_000;

export class VaultSession {
  readonly #api: VaultApi;
  readonly #auth: VaultAuth;
  readonly #parts: VaultParts & { readonly clock: Clock };
  /** By AppRole only; a token file is read for each request. */
  #token:
    | {
        readonly word: string;
        readonly renewAtMs: number;
        readonly overAtMs: number;
        readonly isRenewable: boolean;
      }
    | undefined;

  constructor(api: VaultApi, auth: VaultAuth, parts: VaultParts & { readonly clock: Clock }) {
    this.#api = api;
    this.#auth = auth;
    this.#parts = parts;
  }

  get name(): string {
    return this.#api.name;
  }

  /** With the token; once more with another one when ours was taken back early. */
  async ask(request: Omit<VaultRequest, 'token'>): Promise<VaultAnswer> {
    const hadToken = this.#token?.word;
    const token = await this.#current();
    try {
      return await this.#api.ask({ ...request, token });
    } catch (thrown) {
      if (asFault(thrown).code !== 'broker-denied' || hadToken !== token) throw thrown;
      this.#token = undefined;
      return await this.#api.ask({ ...request, token: await this.#current() });
    }
  }

  /** Gives our own token back, when there is one and Vault listens. */
  async end(): Promise<void> {
    const token = this.#token?.word;
    this.#token = undefined;
    if (token === undefined) return;
    await this.#api
      .ask({ method: 'POST', path: 'auth/token/revoke-self', token })
      .catch(() => undefined);
  }

  async #current(): Promise<string> {
    switch (this.#auth.kind) {
      case 'token-file':
        return readWord(this.#parts, this.#auth.tokenFile);
      case 'approle': {
        const nowMs = this.#parts.clock.monotonicMs();
        const kept = this.#token;
        if (kept !== undefined && nowMs < kept.renewAtMs) return kept.word;
        if (kept !== undefined && kept.isRenewable && nowMs < kept.overAtMs) {
          const renewed = await this.#renewed(kept.word);
          if (renewed !== undefined) return renewed;
        }
        return this.#login(this.#auth);
      }
    }
  }

  async #renewed(token: string): Promise<string | undefined> {
    const path = 'auth/token/renew-self';
    try {
      return this.#take(
        path,
        (await this.#api.ask({ method: 'POST', path, token, body: {} })).fields,
      );
    } catch (thrown) {
      // Past its longest life, or taken back: then a new one is asked for.
      if (['broker-denied', 'broker-refused', 'broker-answer'].includes(asFault(thrown).code))
        return undefined;
      throw thrown;
    }
  }

  async #login({
    mount,
    roleId,
    secretIdFile,
  }: Extract<VaultAuth, { kind: 'approle' }>): Promise<string> {
    this.#token = undefined;
    const path = `auth/${mount}/login`;
    const secretId = await readWord(this.#parts, secretIdFile);
    const answer = await this.#api.ask({
      method: 'POST',
      path,
      body: { role_id: roleId, secret_id: secretId },
    });
    if (!answer.isFound) throw keyFault('broker-missing', `${this.name}, ${path}`);
    return this.#take(path, answer.fields);
  }

  #take(path: string, fields: Fields): string {
    const auth = fieldsOf(fields, 'auth');
    const word = fieldOf(auth, 'client_token');
    const seconds = fieldOf(auth, 'lease_duration');
    if (
      typeof word !== 'string' ||
      !isWord(word) ||
      !Number.isSafeInteger(seconds) ||
      (seconds as number) < 0
    )
      throw keyFault('broker-answer', `${this.name}, ${path}`);
    const nowMs = this.#parts.clock.monotonicMs();
    const lifeMs = seconds === 0 ? LONGEST_MS : Math.min(LONGEST_MS, (seconds as number) * 1_000);
    this.#token = {
      word,
      renewAtMs: nowMs + (lifeMs * 2) / 3,
      overAtMs: nowMs + lifeMs,
      isRenewable: fieldOf(auth, 'renewable') === true,
    };
    return word;
  }
}
