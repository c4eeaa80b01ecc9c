/**
 * From an Ed25519 public key to the same key for X25519: u = (1 + y) / (1 - y) mod 2^255 - 19, the
 * birational map of RFC 7748 section 4.1. On public values alone, so time need not be constant.
 */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SIGN = 1n << 255n;

/** `undefined` for bytes that are no point of the curve (RFC 8032 section 5.1.3), and for its points of small order. */
export function curvePointOf(publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== 32) return undefined;
  const encoded = [...publicKey].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const y = encoded & (SIGN - 1n);
  if (y >= P) return undefined;
  // x² = (y² - 1) / (d y² + 1) must have a root.
  const square = mod(mod(y * y - 1n) * inverse(mod(D * y * y + 1n)));
  if (square !== 0n && power(square, (P - 1n) / 2n) !== 1n) return undefined;
  const u = mod((1n + y) * inverse(mod(1n - y)));
  if (hasSmallOrder(u)) return undefined;
  return Uint8Array.from({ length: 32 }, (_, at) => Number((u >> BigInt(8 * at)) & 0xffn));
}

/** Points of order 1, 2, 4 and 8 on the Montgomery curve: a secret shared with them is no secret. */
function hasSmallOrder(u: bigint): boolean {
  // Doubling three times reaches the neutral element; in affine u: 4u(u² + Au + 1) divides (u² - 1)².
  let point: bigint | undefined = u;
  for (let doubled = 0; doubled < 3 && point !== undefined; doubled++) {
    const below = mod(4n * point * (point * point + 486662n * point + 1n));
    point = below === 0n ? undefined : mod(mod(point * point - 1n) ** 2n * inverse(below));
  }
  return point === undefined;
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let left = exponent, square = mod(base); left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}
