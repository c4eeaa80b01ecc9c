/**
 * A line of allowed signers, taken apart as the standalone verifier does it (`parseSigners`): the key that a person is
 * shown, and compares, is the one that counts. What options or a comment say of other keys is not it.
 */
const OPTION = '[a-z-]+(?:="[^"]*")?';
const KEY = '((?:sk-)?(?:ssh|ecdsa)-\\S+)\\s+([A-Za-z0-9+/]+=*)(?:\\s.*)?$';
const SIGNER = new RegExp(`^\\S+\\s+(?:${OPTION}(?:,${OPTION})*\\s+)?${KEY}`);
const BARE = new RegExp(`^${KEY}`);

/** Names, options, type, key: a bare public key names nobody. */
export function isSignerLine(line: string): boolean {
  return SIGNER.test(line) && !/^\S*"/.test(line);
}

/** Its type and its bytes, also of a bare public key; `undefined`: there is none. */
export function keyOfLine(line: string): string | undefined {
  const [, type, base64] = SIGNER.exec(line) ?? BARE.exec(line.trim()) ?? [];
  return type === undefined ? undefined : `${type} ${base64}`;
}
