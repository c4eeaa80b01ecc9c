/** Where a URL leads: its host in the one normal way, whatever spelling it came in (WHATWG URL, host parsing). */
import { type Bytes, parseAddress } from '#base/address';
import { Fault } from '#base/fault';

export type Place = {
  readonly url: URL;
  /** Lower case, without brackets and without a dot at its end. */
  readonly host: string;
  readonly port: number;
  /** Sixteen bytes when the host is an address; `null` when it is a name. */
  readonly address: Bytes | null;
};

const NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Throws `url-refused`. */
export function placeOf(text: string): Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === '' && url.password === '';
  if (!isPlain || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw refusedUrl();
  const host = hostOf(url.hostname);
  if (host === null) throw refusedUrl();
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (port < 1) throw refusedUrl();
  return { url, port, ...host };
}

/** As the URL parser left it: addresses in numbers of any base are dotted by now, names are ASCII. */
export function hostOf(hostname: string): Pick<Place, 'host' | 'address'> | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
  const address = parseAddress(bare);
  if (address !== null) return { host: bare, address };
  // A last label of digits is an address to some resolvers, and to us nothing at all.
  if (!NAME.test(bare) || /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/.test(bare)) return null;
  return { host: bare, address: null };
}

/** `host:port`, as it is written in `egress.allow`. */
export function shownPlace(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function refusedUrl(): Fault {
  return new Fault(
    'invalid',
    'url-refused',
    'not an address for a request: give http:// or https:// without a user or a password',
  );
}
