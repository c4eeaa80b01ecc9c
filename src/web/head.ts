/**
 * The head of a request, judged before anything of it is used: its form, where it came from, and for which name.
 *
 * Nothing that two programs on the way could read in two ways passes: no second `Host`, no absolute target, no
 * escaped slash, no header that overrides the method.
 */
import { type Block, isInside, parseAddress } from '#base/address';
import { isLoopback, LOOPBACK_NAMES } from '#serving';
import { refusal } from './faults.ts';

export type RawHead = {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn, as they came (`IncomingMessage.rawHeaders`). */
  readonly rawHeaders: readonly string[];
  /** Address of the other end of the connection. */
  readonly peer: string;
};

/** Where this service is served. */
export type Site = {
  /** As people open it: the only origin whose pages may act. */
  readonly origin: string;
  /** Origins whose pages may ask, the one above among them. */
  readonly origins: readonly string[];
  /** Names that are answered to, in lower case without ports. */
  readonly hosts: readonly string[];
  /** `null`: nobody speaks for others here. */
  readonly proxies: readonly Block[] | null;
};

export type Head = {
  readonly method: Method;
  readonly path: string;
  readonly query: string;
  readonly headers: ReadonlyMap<string, string>;
  /** As the request names it, in lower case without port. */
  readonly host: string;
  /** Of whoever asks: behind the proxy, what the proxy says. */
  readonly address: string;
  /** A program of this machine asks, and nobody stands between. */
  readonly isLocal: boolean;
};

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];

const MOST_TARGET = 4_096;
/** What may stand in a path and a query as it is (RFC 3986, 3.3 and 3.4); the rest comes escaped. */
const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;
const QUERY = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?[\]|-]|%[0-9A-Fa-f]{2})*$/;
/** Headers that are lists, and may come in more than one line (RFC 9110, 5.3). */
const LISTS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'forwarded',
  'if-none-match',
  'pragma',
  'te',
  'trailer',
  'via',
  'x-forwarded-for',
]);
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'] as const;
const FORWARDED = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
] as const;

/** Throws the refusal of a head that is not plain. */
export function readHead(raw: RawHead, site: Site): Head {
  const method = METHODS.find((each) => each === raw.method);
  if (method === undefined)
    throw refusal('method-not-allowed', 'method is not served here: use GET, POST or DELETE');
  const { path, query } = readTarget(raw.target);
  const headers = readHeaders(raw.rawHeaders);
  for (const name of OVERRIDES)
    if (headers.has(name)) throw malformed(`${name} is not obeyed: send the method itself`);
  const host = hostOf(headers.get('host'));
  return { method, path, query, headers, host, ...senderOf(raw.peer, headers, host, site) };
}

/** Throws where the name is not ours: whoever rebinds a name of theirs to this address comes with that name. */
export function mustBeServed({ host }: Head, site: Site): void {
  if (!site.hosts.includes(host))
    throw refusal(
      'host-not-served',
      'this name is not served here: use the address that the service printed, or add the name to hosts in server.yaml',
    );
}

/** Throws where the name is not ours, or a page of somebody else asks. */
export function mustBeOurs(head: Head, site: Site): void {
  mustBeServed(head, site);
  const { headers, method, path } = head;
  const origin = headers.get('origin');
  if (origin !== undefined && !site.origins.includes(origin))
    throw refusal(
      'origin-not-allowed',
      'pages of this origin may not ask here: open the console itself',
    );
  const fetchSite = headers.get('sec-fetch-site');
  if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none') return;
  const isOpened =
    method === 'GET' &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document';
  if (isOpened && isPageOf(path)) return;
  throw refusal('origin-not-allowed', 'another site may not ask here: open the console itself');
}

/** What may be opened by following a link on another site; it changes nothing and shows nothing by itself. */
function isPageOf(path: string): boolean {
  // Whoever finds the route reads escapes, so that a link with one of them leads to the same place.
  const plain = decodeURIComponent(path);
  return !plain.startsWith('/api/') || plain === '/api/v1/sign-in/oidc/callback';
}

/**
 * Whether a page of ours asked, for requests that a cookie speaks for: browsers say so, and a request of which
 * nobody says it is refused. `x-holdfast` cannot be added by a form, and by a script of others only after a preflight.
 */
export function mustBeOwnPage({ headers, host, method }: Head, site: Site): void {
  const origin = headers.get('origin');
  const fetchSite = headers.get('sec-fetch-site');
  const refuse = (): never => {
    throw refusal(
      'origin-not-allowed',
      `what a session asks for comes from the console itself: open ${site.origin}`,
    );
  };
  if (fetchSite !== undefined && fetchSite !== 'same-origin') refuse();
  if (origin !== undefined && (!site.origins.includes(origin) || hostOfOrigin(origin) !== host))
    refuse();
  if (method === 'GET' || method === 'HEAD') return;
  if (origin === undefined && fetchSite === undefined) refuse();
  if (headers.get('x-holdfast') !== '1')
    throw refusal('header-needed', 'the header x-holdfast: 1 is missing: add it');
}

/** `null`: not asked by a page at all. */
export function hostOfOrigin(origin: string): string | null {
  return /^https?:\/\/([^/:]+|\[[^\]]+\])(?::[0-9]+)?$/.exec(origin)?.[1] ?? null;
}

function readTarget(target: string): { readonly path: string; readonly query: string } {
  if (target.length > MOST_TARGET) throw malformed('the address is too long: shorten it');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  if (!PATH.test(path) || !QUERY.test(query) || path.includes('//'))
    throw malformed('the address is not in its plain form: send a path that begins with one slash');
  for (const segment of path.split('/')) {
    const plain = decoded(segment);
    if (plain === undefined || plain === '.' || plain === '..' || /[/\\\p{Cc}]/u.test(plain))
      throw malformed(
        'the address leads around: send it without dots, slashes or controls hidden in it',
      );
  }
  return { path, query };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    const before = headers.get(name);
    if (before !== undefined && !LISTS.has(name))
      throw malformed(`a header came twice: ${name.slice(0, 40)}. Send it once`);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function hostOf(header: string | undefined): string {
  const [, host] =
    /^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/.exec(header ?? '') ?? [];
  if (host === undefined) throw malformed('Host is missing or is no name: send it once');
  return host.toLowerCase();
}

function senderOf(
  peer: string,
  headers: ReadonlyMap<string, string>,
  host: string,
  { proxies }: Site,
): Pick<Head, 'address' | 'isLocal'> {
  const said = FORWARDED.filter((name) => headers.has(name));
  const isProxy = proxies !== null && isAmong(peer, proxies);
  const isHere = isLoopback(peer);
  if (said.length === 0) {
    // A program of this machine may come by itself; everybody else where a proxy is configured comes through it.
    if (proxies === null || (isHere && LOOPBACK_NAMES.includes(host)))
      return { address: peer, isLocal: isHere };
    throw untrusted(
      'the proxy said neither X-Forwarded-For nor X-Forwarded-Proto: let it set both',
    );
  }
  if (!isProxy)
    throw untrusted(
      `this end may not speak for others with ${said.join(', ')}: name it in proxy.from, or leave them out`,
    );
  if (headers.get('x-forwarded-proto') !== 'https')
    throw untrusted(
      'the proxy was not asked over https: let it end TLS, and set X-Forwarded-Proto',
    );
  const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
  // From the near end: what lies beyond the first that is no proxy of ours, anybody may have written.
  const far = hops.findLast((hop) => !isAmong(hop, proxies ?? []));
  if (far === undefined || parseAddress(far) === null)
    throw untrusted('the proxy did not say who asks: let it set X-Forwarded-For');
  return { address: far, isLocal: false };
}

function isAmong(address: string, blocks: readonly Block[]): boolean {
  const bytes = parseAddress(address);
  return bytes !== null && blocks.some((block) => isInside(bytes, block));
}

function malformed(message: string): Error {
  return refusal('malformed-request', message);
}

function untrusted(message: string): Error {
  return refusal('proxy-not-trusted', message);
}
