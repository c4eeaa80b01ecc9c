/**
 * Where a host is, read strictly: nothing that ssh or a shell could take for an option, a file or a command
 * becomes a part of its command line.
 */
import type { Target } from '#model';

export type Place = {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  /** The target whose host keys it shows; `null` for a bastion that is none. */
  readonly target: Target | null;
};

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?$/;
/** Hexadecimal digits, colons, and a dotted end. */
const IPV6 = /^[0-9A-Fa-f:]{2,39}(?:[0-9.]{7,15})?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
const WHERE =
  /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:[\]]*)|([^[\]]*:[^[\]]*:[^[\]]*))(?::([0-9]{1,5}))?$/;
const MOST_HOPS = 8;

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address, with a user only where one may stand. */
export function parsePlace(text: string, mayHaveUser: boolean): Place | undefined {
  const match = WHERE.exec(text);
  if (match === null) return undefined;
  const [, user, bracketed, plain, bare, portText] = match;
  if (user !== undefined && (!mayHaveUser || !USER.test(user))) return undefined;
  const v6 = bracketed ?? bare;
  const host = v6 ?? plain ?? '';
  if (v6 === undefined ? !NAME.test(host) : !(IPV6.test(host) && host.includes(':'))) {
    return undefined;
  }
  const port = portText === undefined ? 22 : Number(portText);
  if (port < 1 || port > 65_535) return undefined;
  return { host: host.toLowerCase(), port, user: user ?? null, target: null };
}

export type Route =
  | { readonly place: Place; readonly hops: readonly Place[] }
  | { readonly trouble: 'no-address' | 'bastion-failed' };

/** A target and every bastion before it, in order; a bastion that is a target brings its own bastions. */
export function routeTo(target: Target, resolve: (id: string) => Target | undefined): Route {
  const place = placeOf(target);
  if (place === undefined) return { trouble: 'no-address' };
  const hops: Place[] = [];
  const add = (of: Target, seen: readonly string[]): boolean =>
    of.via.every((each) => {
      const known = resolve(each);
      if (known !== undefined && (seen.includes(known.id) || !add(known, [...seen, known.id]))) {
        return false;
      }
      const hop = known === undefined ? parsePlace(each, true) : placeOf(known);
      if (hop === undefined || hops.length >= MOST_HOPS) return false;
      hops.push(hop);
      return true;
    });
  if (!add(target, [target.id])) return { trouble: 'bastion-failed' };
  // One ssh trusts a name with one set of keys: of two hosts with the same address (networks that overlap), either
  // could stand in for the other.
  const names = [...hops, place].map(knownName);
  return new Set(names).size === names.length ? { place, hops } : { trouble: 'bastion-failed' };
}

function placeOf(target: Target): Place | undefined {
  if (target.transport !== 'ssh' || target.address === null) return undefined;
  const place = parsePlace(target.address, false);
  return place === undefined ? undefined : { ...place, target };
}

/** As known_hosts names it. */
export function knownName({ host, port }: Place): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** As `-J` takes it. */
export function jumpWord({ host, port, user }: Place, otherwise: string): string {
  return `${user ?? otherwise}@${host.includes(':') ? `[${host}]` : host}:${port}`;
}
