/**
 * Whether it is safe to listen as `server.yaml` says. Loopback needs nothing; anything that others can reach needs
 * three things together: the switch, the names it answers to, and TLS. What is missing is refused in one go, with
 * what to write.
 */
import { isInside, parseAddress, parseBlock } from '#base/address';
import { servingFault } from './faults.ts';
import { type ServerSettings, USUAL_PORT } from './settings.ts';

export type Bind = {
  /** Addresses to listen on, each at the same port. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Nobody chose the port: the next free one will do. */
  readonly mayMove: boolean;
  /** TLS ends here. */
  readonly isTls: boolean;
  /** Host names that are answered to, lower case, without ports. */
  readonly hosts: readonly string[];
};

export const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Both loopbacks: what is left free on one of them is where somebody else of this machine answers to `localhost`. */
const LOOPBACKS: readonly string[] = ['127.0.0.1', '::1'];

/** Throws `unsafe-bind`. */
export function bindOf(settings: ServerSettings): Bind {
  const { url, listen, hosts, tls } = settings;
  const isLocal = listen === null || isLoopback(listen.host);
  const isLocalUrl = isLoopbackName(url.host);
  const missing = isLocal && isLocalUrl ? ofLoopback(settings) : ofExposed(settings, isLocal);
  if (missing.length > 0)
    throw servingFault(
      'unsafe-bind',
      `this is not served, because it would be unsafe: ${whereOf(settings)}. In server.yaml: ${missing.join('; ')}. Or take listen and url out, and it is served on loopback only`,
      { facts: { missing } },
    );
  const names = [...new Set([url.host, ...hosts])];
  return {
    addresses: listen === null || listen.host === 'localhost' ? LOOPBACKS : [listen.host],
    port: listen?.port ?? (isLocalUrl ? url.port : USUAL_PORT),
    mayMove: listen === null && settings.isDefaultUrl,
    isTls: tls !== null,
    hosts: isLocal ? [...new Set([...names, ...LOOPBACK_NAMES])] : names,
  };
}

export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host);
}

/** An address of this machine only. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost') return true;
  const bytes = parseAddress(address);
  return bytes !== null && LOOPBACK_BLOCKS.some((block) => isInside(bytes, block));
}

const LOOPBACK_BLOCKS = ['127.0.0.0/8', '::1'].flatMap((text) => parseBlock(text) ?? []);

function ofLoopback({ url, tls }: ServerSettings): readonly string[] {
  return url.isSecure && tls === null
    ? ['name the certificate and key with tls, or write url with http:']
    : [];
}

function ofExposed(settings: ServerSettings, isLocal: boolean): readonly string[] {
  const { url, listen, expose, hosts, tls, proxy } = settings;
  const missing: string[] = [];
  if (isLoopbackName(url.host))
    missing.push('name with url what people open, like https://holdfast.example.org');
  else if (!url.isSecure) missing.push('write url with https:');
  if (!expose) missing.push('add expose: true, when others are to reach it');
  if (hosts.length === 0) missing.push(`add hosts: [${nameOf(settings)}]`);
  else if (!isLoopbackName(url.host) && !hosts.includes(url.host))
    missing.push(`add ${url.host} to hosts`);
  if (tls === null && proxy === null)
    missing.push(
      'add tls: {certificate: …, key: …}, or proxy: {from: [address of the proxy where TLS ends]}',
    );
  if (isLocal && tls !== null && proxy === null && listen === null)
    missing.push('add listen, like 0.0.0.0:7443: with tls alone nobody else reaches loopback');
  return missing;
}

function nameOf({ url }: ServerSettings): string {
  return isLoopbackName(url.host) ? 'holdfast.example.org' : url.host;
}

function whereOf({ url, listen }: ServerSettings): string {
  return listen === null ? url.origin : `${url.origin} on ${listen.host}:${listen.port}`;
}
