/** The order of versions of Debian Policy 5.6.12: epoch, upstream version, revision. */

/** Below zero when `a` is older than `b`, above when it is newer, 0 when they are one version. */
export function compareVersions(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** Whether it has an order at all: `<unknown>` and empty text have none. */
export function isVersion(text: string): boolean {
  return /^(?:[0-9]+:)?[A-Za-z0-9.+~:-]*[A-Za-z0-9.+~]$/.test(text) && text.length <= 256;
}

type Parts = { readonly epoch: string; readonly upstream: string; readonly revision: string };

function parts(version: string): Parts {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    // An absent revision is older than any but one that is equal to `0`.
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const order = weight(a, i) - weight(b, j);
      if (order !== 0) return order;
      i += 1;
      j += 1;
    }
    const fromA = i;
    const fromB = j;
    while (isDigit(a, i)) i += 1;
    while (isDigit(b, j)) j += 1;
    const order = compareNumbers(a.slice(fromA, i), b.slice(fromB, j));
    if (order !== 0) return order;
  }
  return 0;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** `~` sorts before the end of a part, the end before letters, letters before everything else. */
function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === 126) return -1;
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return isLetter ? code : code + 256;
}

/** By length and then digit by digit: they may be longer than a number holds. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}
