/** Addresses and who may be spoken to: loopback, the inventory's networks and names, and nothing that answers secrets. */

type Bytes = readonly number[];
type Block = { readonly bytes: Bytes; readonly bits: number };

/** Sixteen bytes; an IPv4 address is mapped (RFC 4291, 2.5.5.2). `null` unless written in the one strict way. */
export function parseAddress(text: string): Bytes | null {
  const four = parseFour(text);
  if (four !== null) return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...four];
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [left, right] = halves.map((half) => groups(half));
  if (left === undefined || left === null || right === null) return null;
  if (right === undefined) return left.length === 16 ? left : null;
  const gap = 16 - left.length - right.length;
  return gap < 2 ? null : [...left, ...Array<number>(gap).fill(0), ...right];
}

function parseFour(text: string): Bytes | null {
  const parts = text.length > 15 ? [] : text.split('.');
  if (parts.length !== 4) return null;
  if (!parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256))
    return null;
  return parts.map(Number);
}

function groups(half: string): Bytes | null {
  if (half === '') return [];
  const bytes: number[] = [];
  const parts = half.split(':');
  for (const [i, part] of parts.entries()) {
    const four = i === parts.length - 1 ? parseFour(part) : null;
    if (four !== null) bytes.push(...four);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 255);
    } else return null;
  }
  return bytes.length > 16 ? null : bytes;
}

export function parseBlock(text: string): Block | null {
  const slash = text.indexOf('/');
  const bytes = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  const isFour = !text.includes(':');
  if (slash === -1) return { bytes, bits: 128 };
  const length = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > (isFour ? 32 : 128)) return null;
  return { bytes, bits: Number(length) + (isFour ? 96 : 0) };
}

function isInside(address: Bytes, { bytes, bits }: Block): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i += 1) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((address[whole] as number) & mask) === ((bytes[whole] as number) & mask);
}

const blocks = (texts: readonly string[]): readonly Block[] =>
  texts.flatMap((text) => parseBlock(text) ?? []);
const LOOPBACK = blocks(['127.0.0.0/8', '::1']);
/** Link-local, and where clouds hand out credentials to whoever asks. */
const NEVER = blocks([
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::/32',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
]);

export class Reachable {
  readonly #blocks: readonly Block[];
  readonly #names: ReadonlySet<string>;

  constructor(networks: readonly string[], hosts: readonly string[]) {
    this.#blocks = [...LOOPBACK, ...blocks(networks), ...blocks(hosts)];
    this.#names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  }

  /** A name or an address, without port, user or brackets. */
  allows(host: string): boolean {
    const address = parseAddress(host);
    if (address === null) return this.#names.has(host.toLowerCase());
    return (
      !NEVER.some((block) => isInside(address, block)) &&
      this.#blocks.some((block) => isInside(address, block))
    );
  }

  allowsUrl(url: string): boolean {
    const found = URL_FORM.exec(url);
    if (found === null) return false;
    const [, bracketed, bare, port, rest = ''] = found;
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
    if (rest !== '' && rest[0] !== '/' && rest[0] !== '?') return false;
    if (bracketed !== undefined) return bracketed.includes(':') && this.allows(bracketed);
    return bare !== undefined && this.allows(bare);
  }
}

const URL_FORM =
  /^https?:\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?([A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)$/;
