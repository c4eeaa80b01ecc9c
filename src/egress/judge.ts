/**
 * May a request go there? Every address that the host has is judged, and one that may not refuses them all: a name that
 * leads inside as well as outside is somebody's attempt.
 */
import { type Bytes, parseAddress } from '#base/address';
import { Fault } from '#base/fault';
import { type Allow, coversIt, namesIt, pointsAtIt } from './allow.ts';
import { type AddressClass, classOf, insideNat64 } from './classify.ts';
import { type Place, shownPlace } from './place.ts';

/** `addresses`: all that the host's name has, as a resolver wrote them. Throws `egress-refused`. */
export function judge(place: Place, addresses: readonly string[], allow: Allow): void {
  if (addresses.length === 0) throw refused(place, 'it has no address', null);
  for (const text of addresses) {
    const bytes = parseAddress(text);
    if (bytes === null) throw refused(place, 'it has an address that cannot be read', null);
    if (place.address !== null && place.address.some((byte, at) => byte !== bytes[at]))
      throw refused(place, 'its address is another one', null);
    const kind = classOf(bytes);
    if (!mayGo(place, bytes, kind, allow))
      throw refused(place, `${text} is ${WORDS[kind]}`, entryFor(place, bytes, text, kind));
  }
}

function mayGo(place: Place, bytes: Bytes, kind: AddressClass, allow: Allow): boolean {
  if (allow.among !== undefined && !mayGo(place, bytes, kind, allow.among)) return false;
  const isPointed = pointsAtIt(allow, bytes, place.port);
  const isCovered = isPointed || coversIt(allow, bytes);
  switch (kind) {
    case 'public':
      return true;
    case 'private':
    case 'loopback':
    case 'shared':
    case 'unique-local':
      return isCovered || namesIt(allow, place);
    case 'link-local':
    case 'documentation':
    case 'benchmarking':
    case 'reserved':
      return isCovered;
    case 'nat64':
      return isCovered && leadsOut(bytes);
    case 'metadata':
      return isPointed;
    case 'unspecified':
    case 'multicast':
    case 'embedded':
      return false;
  }
}

/** What is behind a translator may be reached by its own address, and in no other way. */
function leadsOut(bytes: Bytes): boolean {
  return classOf(insideNat64(bytes)) === 'public';
}

const WORDS: Readonly<Record<AddressClass, string>> = {
  public: 'public',
  private: 'private',
  loopback: 'this machine itself',
  shared: 'shared by a carrier',
  'unique-local': 'private',
  'link-local': 'of the local link',
  documentation: 'for documentation',
  benchmarking: 'for benchmarks',
  reserved: 'reserved',
  nat64: 'translated (NAT64)',
  metadata: "a cloud's metadata service",
  unspecified: 'no machine',
  multicast: 'multicast',
  embedded: 'another address in disguise',
};

/** The entry that would let it pass; `null` where none does. */
function entryFor(
  { host, port }: Place,
  bytes: Bytes,
  address: string,
  kind: AddressClass,
): string | null {
  switch (kind) {
    case 'public':
    case 'unspecified':
    case 'multicast':
    case 'embedded':
      return null;
    case 'private':
    case 'loopback':
    case 'shared':
    case 'unique-local':
      return shownPlace(host, port);
    case 'link-local':
    case 'documentation':
    case 'benchmarking':
    case 'reserved':
    case 'metadata':
      return shownPlace(address, port);
    case 'nat64':
      return leadsOut(bytes) ? '64:ff9b::/96' : null;
  }
}

function refused({ host, port }: Place, why: string, entry: string | null): Fault {
  const place = shownPlace(host, port);
  const next =
    entry === null
      ? 'No setting allows that: name another host'
      : `If it is meant, add to server.yaml and sign: egress: {allow: [${JSON.stringify(entry)}]}`;
  return new Fault(
    'refused',
    'egress-refused',
    `requests may not go there: ${place}, ${why}. ${next}`,
    { facts: { host: place, ...(entry === null ? {} : { allow: entry }) } },
  );
}
