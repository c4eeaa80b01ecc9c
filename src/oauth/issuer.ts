/**
 * What an issuer publishes of itself (RFC 8414, OpenID Connect Discovery 1.0): read when it is first needed and again
 * after a while, through the judged fetch. A document that names another issuer is none.
 */
import { Fault } from '#base/fault';
import type { Clock, EgressFetch } from '#base/ports';

export type IssuerDocument = Readonly<Record<string, unknown>> & { readonly jwks_uri: string };

const GOOD_FOR_MS = 3_600_000;
/** After a failure nobody makes us ask again and again. */
const AGAIN_AFTER_MS = 10_000;
const MOST_BYTES = 262_144;

export class Issuer {
  readonly issuer: string;
  readonly #fetch: EgressFetch;
  readonly #clock: Clock;
  #asked:
    | { readonly at: number; readonly document: Promise<IssuerDocument>; failed: boolean }
    | undefined;

  constructor(issuer: string, fetch: EgressFetch, clock: Clock) {
    this.issuer = issuer;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  document(): Promise<IssuerDocument> {
    const now = this.#clock.monotonicMs();
    const kept = this.#asked;
    if (kept !== undefined && now - kept.at < (kept.failed ? AGAIN_AFTER_MS : GOOD_FOR_MS))
      return kept.document;
    const asked = { at: now, document: this.#read(), failed: false };
    asked.document.catch(() => {
      asked.failed = true;
    });
    this.#asked = asked;
    return asked.document;
  }

  async #read(): Promise<IssuerDocument> {
    const { origin, pathname } = new URL(this.issuer);
    const path = pathname === '/' ? '' : pathname.replace(/\/$/, '');
    const places = [
      `${origin}${path}/.well-known/openid-configuration`,
      `${origin}/.well-known/oauth-authorization-server${path}`,
    ];
    for (const place of places) {
      const document = await this.#get(place);
      if (document === undefined) continue;
      if (document['issuer'] !== this.issuer)
        throw trouble(this.issuer, `its document at ${place} names another issuer`);
      const keys = document['jwks_uri'];
      if (typeof keys !== 'string' || !isAsSafe(keys, this.issuer))
        throw trouble(this.issuer, 'its document names no keys, or names them without TLS');
      return { ...document, jwks_uri: keys };
    }
    throw trouble(this.issuer, 'it publishes no document');
  }

  async #get(place: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    let text: string;
    try {
      const answer = await this.#fetch(place, {
        headers: { accept: 'application/json' },
        redirect: 'manual',
      });
      if (answer.status !== 200) {
        await answer.body?.cancel();
        return undefined;
      }
      text = await answer.text();
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.kind !== 'unavailable') throw thrown;
      return undefined;
    }
    if (text.length > MOST_BYTES) throw trouble(this.issuer, 'its document is too big');
    try {
      const read: unknown = JSON.parse(text);
      return typeof read === 'object' && read !== null && !Array.isArray(read)
        ? (read as Readonly<Record<string, unknown>>)
        : undefined;
    } catch {
      return undefined;
    }
  }
}

/** TLS, unless the issuer itself was configured without, on a machine of ours. */
function isAsSafe(uri: string, issuer: string): boolean {
  const protocol = URL.parse(uri)?.protocol;
  return protocol === 'https:' || protocol === new URL(issuer).protocol;
}

function trouble(issuer: string, why: string): Fault {
  return new Fault(
    'unavailable',
    'identity-provider-unavailable',
    `the identity provider cannot be used: ${issuer}: ${why}. Check oidc and oauth in server.yaml, and egress if its address is private`,
  );
}
