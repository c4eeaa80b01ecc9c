/**
 * `server.yaml` as values: how this service is reached, and what it may reach. Whether that is safe to bind is
 * asked in `bind.ts`, so that a file which only waits for one more line can still be read and told about.
 */

/** What people open. Its host is the rpId of every passkey (WebAuthn Level 3, 5.1.2). */
export type ServerUrl = {
  /** `https://holdfast.example.org`, without a path: the form in which browsers name an origin (RFC 6454, 6.2). */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
};

export type Listen = { readonly host: string; readonly port: number };

export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  /** Below the data directory, or absolute; `null`: a public client. */
  readonly clientSecretFile: string | null;
  /** The claim that names the groups of a person; `null`: none is asked. */
  readonly groups: string | null;
  /** For how long what it said of groups counts for what a person lent, after they signed in. */
  readonly groupsHours: number;
};

/** As long as the longest lease. */
export const MOST_GROUPS_HOURS = 24;

export type OAuthSettings =
  | { readonly mode: 'off' }
  | { readonly mode: 'embedded' }
  | {
      readonly mode: 'external';
      readonly issuer: string;
      /** `jwt`: it does not write access tokens as RFC 9068 has them, and what tells them from others is looked at one by one. */
      readonly tokens: 'rfc9068' | 'jwt';
      /** What its tokens name us by; `null`: by the address of each resource (RFC 8707). */
      readonly audience: string | null;
    };

export type ServerSettings = {
  readonly url: ServerUrl;
  /** `null`: loopback, at the port of `url` where that is a loopback name, and otherwise at the usual one. */
  readonly listen: Listen | null;
  readonly expose: boolean;
  /** Host and Origin allowlist beside the host of `url`. */
  readonly hosts: readonly string[];
  /** Below the data directory, or absolute. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  /** Addresses and blocks of the proxies where TLS ends. */
  readonly proxy: { readonly from: readonly string[] } | null;
  readonly oidc: OidcSettings | null;
  readonly oauth: OAuthSettings;
  /** Private places that requests may go to, as `parseAllow` of egress takes them. */
  readonly egress: {
    readonly allow: readonly string[];
    /** Only those that this allows as well; left out: all of them. */
    readonly among?: readonly string[];
  };
  /** Whether the file named a url: where it did not, the port may move. */
  readonly isDefaultUrl: boolean;
};

export const USUAL_PORT = 7425;

export const DEFAULT_SERVER: ServerSettings = {
  url: {
    origin: `http://localhost:${USUAL_PORT}`,
    host: 'localhost',
    port: USUAL_PORT,
    isSecure: false,
  },
  listen: null,
  expose: false,
  hosts: [],
  tls: null,
  proxy: null,
  oidc: null,
  oauth: { mode: 'off' },
  egress: { allow: [] },
  isDefaultUrl: true,
};
