/**
 * Names with `*` for any run of characters, and nothing else special. Matching takes time in
 * proportion to the text for each piece of the pattern, whatever the pattern.
 */
export type Wildcard = {
  /** Every match starts with this. */
  readonly prefix: string;
  /** True when the pattern has no `*`, so that only `prefix` itself matches. */
  readonly exact: boolean;
  readonly fits: (text: string) => boolean;
};

export function wildcard(pattern: string): Wildcard {
  const [prefix = '', ...rest] = pattern.split('*');
  const suffix = rest.pop();
  if (suffix === undefined) return { prefix, exact: true, fits: (text) => text === prefix };
  const pieces = rest.filter((piece) => piece !== '');
  return {
    prefix,
    exact: false,
    fits: (text) => {
      if (!text.startsWith(prefix)) return false;
      let at = prefix.length;
      for (const piece of pieces) {
        const found = text.indexOf(piece, at);
        if (found < 0) return false;
        at = found + piece.length;
      }
      return text.length - suffix.length >= at && text.endsWith(suffix);
    },
  };
}

export function matches(pattern: string, text: string): boolean {
  return pattern.includes('*') ? wildcard(pattern).fits(text) : pattern === text;
}
