/**
 * OAuth 2.1 around this service: who an access token of somebody else speaks for, the embedded authorization server for
 * teams that have none, and signing people in with the team's OpenID provider.
 *
 * A token never reaches further than the person behind it. What the embedded server hands out is a lease: there is no
 * second kind of bearer, and a lease that is revoked is a token that is dead.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reach, TargetReach } from '#access';
import type { Json } from '#base/json';
import type { EgressFetch } from '#base/ports';
import type { Instant } from '#base/time';
import type { Scope, Tier } from '#model';

/** Somebody as an identity provider names them. */
export type Vouched = {
  /**
   * As `operators.yaml` lists accounts: `oidc:<issuer>#<sub>`, and `mailto:<address>` where the provider says that it
   * verified the address. Which of them counts is what the operators signed.
   */
  readonly accounts: readonly string[];
  readonly groups: readonly string[];
};

/** An operator in force, and how far they reach at this moment. */
export type OAuthPerson = {
  readonly operator: string;
  readonly name: string;
  readonly reach: Reach;
};

/** What a person lends to an assistant. */
export type LeaseTerms = {
  readonly label: string;
  readonly profile: string;
  /** `null`: all that the person has. */
  readonly scopes: readonly Scope[] | null;
  readonly targets: TargetReach;
  readonly ceiling: Tier;
  /** From when it is issued. */
  readonly seconds: number;
  /** The only resource that it is good for (RFC 8707). */
  readonly resource: string;
  /** The client's id. */
  readonly via: string;
};

/** What the authorization server does with leases. It decides nothing about them. */
export type OAuthLeases = {
  /** Rejects with a Fault where that is more than the person has. Issues nothing. */
  check(person: OAuthPerson, terms: LeaseTerms): Promise<void>;
  /** Checks again, for the person as they are now; the bearer is answered this once. */
  issue(
    operator: string,
    terms: LeaseTerms,
  ): Promise<{ readonly id: string; readonly bearer: string; readonly expiresAt: Instant }>;
  revoke(id: string, reason: string): Promise<void>;
  /** By its bearer, for a client that gives it back (RFC 7009). */
  find(bearer: string): Promise<{ readonly id: string; readonly via: string } | undefined>;
};

/** How the listener treats a path of ours. */
export type OAuthPath =
  /** Programs and navigations from anywhere: neither Origin nor `Sec-Fetch-Site` says anything about them. */
  | 'public'
  /** The console's own page: session cookie, own origin, and `x-holdfast` for what changes something. */
  | 'console';

export type OAuthRoutes = {
  /** `undefined`: not ours. */
  readonly owns: (path: string) => OAuthPath | undefined;
  /** For `node:http`, after Host was judged. Answers every request that it is given; never rejects. */
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  /** Issuers to name in the metadata of our resources (RFC 9728). */
  readonly authorizationServers: readonly string[];
};

export type OAuthRoutesOptions = {
  /** What people open, without a path: `https://holdfast.example.org`. */
  readonly url: string;
  /** The MCP resource, the only one that tokens are made for. */
  readonly resource: string;
  /** Who is signed in, by the session cookie of this request. */
  readonly signedIn: (incoming: IncomingMessage) => Promise<OAuthPerson | undefined>;
  /** Rejects unless a passkey of the person signed for exactly this, in this request. */
  readonly confirm: (
    incoming: IncomingMessage,
    call: { readonly operation: string; readonly input: Json },
  ) => Promise<void>;
  readonly leases: OAuthLeases;
  /** Reads documents at addresses that anybody may name: what is private must be out of its reach. */
  readonly fetch: EgressFetch;
};
