/** IP addresses and blocks of them, each written in one strict way (RFC 4291, RFC 4632). */

export type Bytes = readonly number[];
export type Block = { readonly bytes: Bytes; readonly bits: number };

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

export function isInside(address: Bytes, { bytes, bits }: Block): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i += 1) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((address[whole] as number) & mask) === ((bytes[whole] as number) & mask);
}
