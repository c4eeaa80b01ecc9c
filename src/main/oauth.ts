/**
 * OAuth and OpenID around the listener, as `server.yaml` says: whose tokens are taken, who hands them out, and where
 * people may sign in beside their passkeys. Loaded only where one of them is on.
 */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import {
  capabilitiesOf,
  checkNewLease,
  lendable,
  type Reach,
  reaches,
  scopesSeen,
  sightOf,
} from '#access';
import { Fault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, EgressFetch, Files, Random } from '#base/ports';
import type { Instant } from '#base/time';
import { ALLOW_NOTHING } from '#egress';
import type { Identity, Session } from '#identity';
import type { Inventory } from '#inventory';
import { type EgressRules, nodeFetch } from '#machine';
import type { OAuthOffer } from '#mcp';
import type { LeaseTerms, OAuthLeases, OAuthPerson, OAuthRoutes, VerifyToken } from '#oauth';
import type { Answer, Call } from '#operations';
import type { OidcSettings, ServerSettings } from '#serving';
import { mustConfirm, type SignIn } from '#signin';
import {
  API_METADATA,
  API_PATH,
  behindCookie,
  ceremonyIn,
  type Mount,
  type OidcDoor,
  shownIn,
} from '#web';
import { SERVICE_CALLER } from './callers.ts';
import type { LeaseDoor } from './leases.ts';
import type { PeopleNow } from './service.ts';

const HOUR = 3_600_000_000;
const OUT = { timeoutMs: 10_000, maxBytes: 1_048_576 };
/** Of a document at an address that anybody may name. */
const CLIENT_OUT = { timeoutMs: 3_000, maxBytes: 16_384 };
const CALLBACK = '/api/v1/sign-in/oidc/callback';

export type OAuthNeeds = {
  readonly settings: Pick<ServerSettings, 'oauth' | 'oidc'>;
  readonly service: {
    readonly paths: { readonly home: string };
    readonly egress: EgressRules;
    readonly log: Log;
    readonly identity: Pick<Identity, 'leases' | 'attested'>;
    readonly leases: Pick<LeaseDoor, 'groupsOf'>;
    readonly signIn: Pick<SignIn, 'whoIs' | 'isHere' | 'confirm'>;
    readonly people: PeopleNow;
    readonly inventory: { refresh(): Promise<Inventory> };
    perform(call: Call): Promise<Answer>;
  };
  readonly files: Pick<Files, 'read'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Reads what clients publish of themselves; left out: over the network, where nothing private is reached. */
  readonly clientFetch?: EgressFetch | undefined;
};

export type OAuthDoors = {
  readonly mount: Mount;
  /** `undefined`: bearers come by hand. */
  readonly offer: OAuthOffer | undefined;
  /** The same of the HTTP API, for which the embedded server makes no tokens. */
  readonly apiOffer: OAuthOffer | undefined;
  /** Of the identity provider; `undefined`: none are taken. */
  readonly tokens: VerifyToken | undefined;
  readonly oidc: OidcDoor | undefined;
  /** Once it is known where people and MCP clients come to. */
  begin(origin: string, resource: string): void;
};

export async function oauthDoors(needs: OAuthNeeds): Promise<OAuthDoors> {
  const { settings, service, files, clock, random } = needs;
  const { oauth, oidc } = settings;
  if (oauth.mode === 'off' && oidc === null) return NONE;
  const kept = await import('#oauth');
  const { log, people, signIn, identity } = service;
  const fetch = nodeFetch(service.egress, OUT);
  const common = { clock, random, log };
  const operatorOf = async (vouched: Parameters<typeof kept.operatorBehind>[1]) =>
    kept.operatorBehind(await people.accounts(), vouched);
  let origin = '';
  let routes: OAuthRoutes | undefined;
  // A proof is taken once, and who it spoke for is asked about twice while one answer is given.
  const sessions = new WeakMap<IncomingMessage, Session>();
  const behind = async (incoming: IncomingMessage): ReturnType<SignIn['whoIs']> => {
    const headers = plainHeaders(incoming);
    const [path = '', ...query] = (incoming.url ?? '').split('?');
    const shown = { method: incoming.method ?? '', path, query: query.join('?'), headers };
    const person = await behindCookie(headers.get('cookie'), origin, (secret) =>
      signIn.whoIs(secret, shownIn(shown)),
    );
    if (person === null || person === undefined) return undefined;
    sessions.set(incoming, person.session);
    return person;
  };
  const offer = (servers: () => readonly string[]): OAuthOffer => ({
    servers,
    scopes: kept.oauthScopes(),
    leastScope: kept.DEFAULT_SCOPE,
    scopeWith: kept.leastScopeWith,
  });
  const signInDoor =
    oidc === null
      ? undefined
      : kept.oidcSignIn({
          ...common,
          issuer: oidc.issuer,
          clientId: oidc.clientId,
          clientSecret: await clientSecret(oidc, service.paths.home, files),
          groups: oidc.groups,
          redirectUri: () => origin + CALLBACK,
          operatorOf,
          fetch,
        });
  return {
    mount: {
      owns: (path) => (oauth.mode === 'embedded' ? kept.oauthPath(path) : undefined),
      handle: async (incoming, outgoing) => {
        if (routes !== undefined) return routes.handle(incoming, outgoing);
        outgoing.writeHead(503).end();
      },
    },
    offer:
      oauth.mode === 'off'
        ? undefined
        : offer(() =>
            oauth.mode === 'external' ? [oauth.issuer] : (routes?.authorizationServers ?? []),
          ),
    apiOffer: oauth.mode === 'external' ? offer(() => [oauth.issuer]) : undefined,
    tokens:
      oauth.mode !== 'external'
        ? undefined
        : kept.externalTokens({
            issuer: oauth.issuer,
            tokens: oauth.tokens,
            audience: oauth.audience,
            ownClient: oidc?.issuer === oauth.issuer ? oidc.clientId : null,
            groups: oidc?.issuer === oauth.issuer ? oidc.groups : null,
            personOf: async (vouched, at) => {
              const operator = await operatorOf(vouched);
              if (operator === undefined) return undefined;
              const isFresh = clock.now() - at < (oidc?.groupsHours ?? 0) * HOUR;
              return personNow(people, operator, isFresh ? vouched.groups : []);
            },
            fetch,
            clock,
            log,
          }),
    oidc: signInDoor === undefined ? undefined : remembering(signInDoor, oidc, identity),
    begin: (at, resource) => {
      origin = at;
      if (oauth.mode !== 'embedded') return;
      routes = kept.oauthRoutes({
        ...common,
        url: at,
        resource,
        signedIn: async (incoming) => {
          const person = await behind(incoming);
          if (person === undefined) return undefined;
          const { session, name, reach } = person;
          return { operator: session.operator, name, reach };
        },
        confirm: async (incoming, call) => {
          const session = sessions.get(incoming);
          const ceremony = ceremonyIn({ headers: plainHeaders(incoming) });
          if (session === undefined || !(await signIn.isHere(session.id)))
            throw new Fault(
              'refused',
              'not-signed-in',
              'nobody is signed in any more: sign in, then open this page again',
            );
          await mustConfirm(signIn.confirm, session, call, ceremony);
        },
        leases: leasesOf(needs),
        fetch: needs.clientFetch ?? publicFetch(),
      });
    },
  };
}

const NONE: OAuthDoors = {
  mount: { owns: () => undefined, handle: async () => {} },
  offer: undefined,
  apiOffer: undefined,
  tokens: undefined,
  oidc: undefined,
  begin: () => {},
};

/** Of the HTTP API (RFC 9728, section 2). Without anybody to name, bearers come from an operator, by hand. */
export function apiMetadata(origin: () => string, offer: OAuthOffer | undefined): Mount {
  return {
    owns: (path) => (path === API_METADATA ? 'public' : undefined),
    handle: async (_incoming, outgoing) => {
      const body = JSON.stringify({
        resource: origin() + API_PATH,
        resource_name: 'Holdfast',
        bearer_methods_supported: ['header'],
        ...(offer === undefined
          ? {}
          : { authorization_servers: offer.servers(), scopes_supported: offer.scopes }),
      });
      outgoing.writeHead(200, {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
      });
      outgoing.end(body);
    },
  };
}

/** Those that came once; the listener refused a request that sends one twice. */
function plainHeaders({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

/** Clients name these addresses, so nothing private is ever reached, whatever `server.yaml` lets other requests do. */
function publicFetch(): EgressFetch {
  return nodeFetch({ allow: async () => ALLOW_NOTHING }, CLIENT_OUT);
}

/** What the provider says of groups counts for what the person lends, for a while after they signed in. */
function remembering(
  door: OidcDoor,
  oidc: OidcSettings | null,
  { attested }: Pick<Identity, 'attested'>,
): OidcDoor {
  return {
    start: (pageKey) => door.start(pageKey),
    finish: async (query, binding) => {
      const vouched = await door.finish(query, binding);
      if (oidc !== null) attested.keep(vouched.operator, oidc.issuer, vouched.groups);
      return vouched;
    },
  };
}

async function personNow(
  people: PeopleNow,
  operator: string,
  groups: readonly string[],
): Promise<(OAuthPerson & { readonly holds: string }) | undefined> {
  const standing = await people.standing(operator);
  if (standing.is !== 'in-force') return undefined;
  const roles = await people.roles(operator, groups, true);
  return roles === undefined
    ? undefined
    : { operator, name: standing.name, reach: roles.reach, holds: roles.holds };
}

/** Leases are issued by the operation that every lease is issued by, for the person as they stand at that moment. */
function leasesOf({ service, clock }: OAuthNeeds): OAuthLeases {
  const { identity, people, inventory, leases } = service;
  return {
    check: async (person, terms) => {
      const reach = lendable(person.reach);
      if (!capabilitiesOf(reach).includes('leases.issue'))
        throw new Fault(
          'refused',
          'not-permitted',
          'this session may not issue leases: sign in with a passkey, as somebody whose role holds leases.issue',
        );
      checkNewLease(asked(terms), reach, seen(await inventory.refresh(), reach), clock.now());
    },
    issue: async (operator, terms) => {
      const person = await personNow(people, operator, await leases.groupsOf(operator));
      if (person === undefined)
        throw new Fault(
          'refused',
          'not-in-force',
          'whoever said yes is no operator any more: ask again',
        );
      const principal = `operator:${operator}@console`;
      const { value } = await service.perform({
        operation: 'lease_issue',
        input: {
          ...asked(terms),
          label: terms.label,
          clientId: terms.via,
          resource: terms.resource,
        },
        caller: {
          principal,
          onBehalfOf: principal,
          surface: 'console',
          profile: person.holds,
          session: `oauth:${operator}`,
          reach: person.reach,
        },
        confirmed: { how: 'each', by: 'a passkey over the consent' },
      });
      const { lease, bearer } = value as {
        readonly lease: { readonly id: string };
        readonly bearer: string;
      };
      const expiresAt = identity.leases.get(lease.id)?.expiresAt ?? (0 as Instant);
      return { id: lease.id, bearer, expiresAt };
    },
    revoke: async (id, reason) => {
      await service.perform({
        operation: 'lease_revoke',
        input: { leaseId: id, reason },
        caller: SERVICE_CALLER,
      });
    },
    find: async (bearer) => {
      const lease = identity.leases.find(bearer);
      return lease === undefined ? undefined : { id: lease.id, via: lease.via };
    },
  };
}

function asked({ profile, scopes, targets, ceiling, seconds }: LeaseTerms) {
  return {
    profile,
    ceiling,
    seconds,
    ...(scopes === null ? {} : { scopes: [...scopes] }),
    ...(targets === 'all' ? {} : { targets: [...targets.ids], tags: [...targets.tags] }),
  };
}

/** The fleet as far as this person sees it: what they do not see cannot be asked about. */
function seen(inventory: Inventory, reach: Reach): Parameters<typeof checkNewLease>[2] {
  return {
    scopes: scopesSeen(sightOf(reach, inventory)),
    targets: inventory.targets.filter((target) => reach.some((part) => reaches(part, target))),
  };
}

/** Its first line. The data directory is ours alone, and so is what lies in it. */
async function clientSecret(
  { clientSecretFile }: OidcSettings,
  home: string,
  files: Pick<Files, 'read'>,
): Promise<string | null> {
  if (clientSecretFile === null) return null;
  const path = join(clientSecretFile.startsWith('/') ? '/' : home, clientSecretFile);
  const bytes = await files.read(path).catch(() => undefined);
  const secret = Buffer.from(bytes ?? [])
    .toString('utf8')
    .split(/\r?\n/, 1)[0];
  if (secret !== undefined && secret !== '') return secret;
  throw new Fault(
    'missing',
    'oidc-secret',
    `the client secret cannot be read: ${path}. Write it there with mode 0600, or leave clientSecretFile out for a public client`,
  );
}
