/**
 * What of an edited `server.yaml` is in force before operators signed it: as far as it takes something away from what they
 * signed. A list keeps what is in both; of what is one thing, another one is not taken, and the signed one stays. Loopback
 * only takes away whatever its port is: whoever may knock there could always.
 *
 * What can be used of both makes something that can be used.
 */
import { isInside, parseAddress, parseBlock } from '#base/address';
import { bindOf, isLoopback, isLoopbackName } from './bind.ts';
import { DEFAULT_SERVER, type Listen, type ServerSettings } from './settings.ts';

type Door = Pick<
  ServerSettings,
  'url' | 'isDefaultUrl' | 'listen' | 'expose' | 'hosts' | 'tls' | 'proxy'
>;

/** `signed`: what operators signed, or the least there is where nobody did. */
export function narrowServer(signed: ServerSettings, edited: ServerSettings): ServerSettings {
  return {
    ...doorOf(isSafe(signed) ? signed : { ...signed, ...LOOPBACK_DOOR }, edited),
    oidc: oidcOf(signed.oidc, edited.oidc),
    oauth: oauthOf(signed.oauth, edited.oauth),
    egress: egressOf(signed.egress, edited.egress),
  };
}

const LOOPBACK_DOOR: Door = {
  url: DEFAULT_SERVER.url,
  isDefaultUrl: true,
  listen: null,
  expose: false,
  hosts: [],
  tls: null,
  proxy: null,
};

function isSafe(settings: ServerSettings): boolean {
  try {
    bindOf(settings);
    return true;
  } catch {
    return false;
  }
}

function doorOf(signed: Door, edited: Door): Door {
  const hosts = edited.hosts.filter(
    (each) => each === signed.url.host || signed.hosts.includes(each),
  );
  if (isLoopbackName(edited.url.host)) return loopbackDoor(signed, edited, hosts);
  const { url, isDefaultUrl, expose, tls } = signed;
  const proxy = proxyOf(signed.proxy, edited.proxy);
  if (isLoopbackName(url.host)) return { ...signed, hosts, proxy };
  return {
    url,
    isDefaultUrl,
    expose,
    tls,
    proxy,
    hosts: [...new Set([url.host, ...hosts])],
    listen: listenOf(signed, edited),
  };
}

/** This machine only, in plain HTTP or with the certificate that was signed. */
function loopbackDoor(signed: Door, edited: Door, hosts: readonly string[]): Door {
  const tls = isSame(signed.tls, edited.tls) ? edited.tls : null;
  // It may stand on this machine, and bring others here still: what comes from it is not this machine's own.
  const proxy = proxyOf(signed.proxy, edited.proxy);
  const { url, isDefaultUrl, listen } = edited;
  const wasHere = isLoopbackName(signed.url.host);
  // What others knew it by was for TLS, or for a proxy.
  const names = wasHere ? hosts : [];
  const door = { url, isDefaultUrl, listen, expose: false, hosts: names, tls, proxy };
  if (wasHere && (signed.tls !== null || (url.isSecure && tls === null)))
    return { ...door, url: signed.url, isDefaultUrl: signed.isDefaultUrl, tls: signed.tls };
  if (!url.isSecure || tls !== null) return door;
  return { ...door, url: DEFAULT_SERVER.url, isDefaultUrl: true };
}

/** As wide as signed, or on fewer addresses of the same port. */
function listenOf(signed: Door, edited: Door): Listen | null {
  const to = edited.listen;
  if (signed.listen === null) return to !== null && isLoopback(to.host) ? to : null;
  if (to === null) return { host: 'localhost', port: signed.listen.port };
  if (isLoopback(to.host)) return to;
  return to.port === signed.listen.port && isWithin(to.host, signed.listen.host)
    ? to
    : signed.listen;
}

function isWithin(address: string, of: string): boolean {
  const [one, other] = [parseAddress(address), parseAddress(of)];
  if (one === null || other === null) return address === of;
  if (one.every((byte, at) => byte === other[at])) return true;
  // Every address of IPv4, or every one there is.
  if (of === '0.0.0.0') return !address.includes(':');
  return other.every((byte) => byte === 0);
}

/** Fewer of them, and never none where there were some: then anybody could come by themselves. */
function proxyOf(signed: Door['proxy'], edited: Door['proxy']): Door['proxy'] {
  if (signed === null || edited === null) return signed;
  const within = (list: readonly string[], of: readonly string[]): readonly string[] =>
    list.filter((one) => of.some((other) => isBlockWithin(one, other)));
  return {
    from: [...new Set([...within(edited.from, signed.from), ...within(signed.from, edited.from)])],
  };
}

function isBlockWithin(one: string, other: string): boolean {
  const [block, wide] = [parseBlock(one), parseBlock(other)];
  return block !== null && wide !== null && block.bits >= wide.bits && isInside(block.bytes, wide);
}

/** Nobody else's word, and no other claim of theirs. */
function oidcOf(
  signed: ServerSettings['oidc'],
  edited: ServerSettings['oidc'],
): ServerSettings['oidc'] {
  if (signed === null || edited === null) return null;
  return {
    ...signed,
    groups: edited.groups === null ? null : signed.groups,
    groupsHours: Math.min(signed.groupsHours, edited.groupsHours),
  };
}

/** No other issuer, and no other form or audience of what it gives than was signed, but for the strict form. */
function oauthOf(
  signed: ServerSettings['oauth'],
  edited: ServerSettings['oauth'],
): ServerSettings['oauth'] {
  if (edited.mode === 'off') return edited;
  const isStricter =
    signed.mode === 'external' &&
    edited.mode === 'external' &&
    edited.issuer === signed.issuer &&
    edited.tokens === 'rfc9068';
  return isStricter ? { ...signed, tokens: edited.tokens } : signed;
}

/** Both are asked about each request: entries say the same in many ways. */
function egressOf(
  signed: ServerSettings['egress'],
  edited: ServerSettings['egress'],
): ServerSettings['egress'] {
  return edited.allow.every((each) => signed.allow.includes(each))
    ? edited
    : { allow: edited.allow, among: signed.allow };
}

function isSame(one: Door['tls'], other: Door['tls']): boolean {
  return one?.certificate === other?.certificate && one?.key === other?.key;
}
