/**
 * Words shown to people. A word that is made of plain characters stands as it is; every other one
 * stands in double quotes with JSON's escapes and everything beyond printable ASCII as an escape,
 * so two different lists of words never look alike and nothing can steer a terminal.
 */
const PLAIN = /^[A-Za-z0-9_@%+=:,./~-]+$/;
const ESCAPED = /[^\x20-\x7e]/gu;

export function quoteWord(word: string): string {
  if (PLAIN.test(word)) return word;
  return JSON.stringify(word).replace(
    ESCAPED,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
