/** Text with everything that could hide, or turn something around, written out. */

// Controls, formats, surrogates, unassigned and ignorable ones: all that has no sign of its own, but tab and newline.
// And marks piled on one letter, of which no writing needs that many: they cover what stands around them, and no line breaks between.
const HIDDEN = /[[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\t\n]]|(?<=\p{M}{8})\p{M}/gv;

/** The pieces of a text: what can be seen, and the escapes of what cannot. */
export function visible(
  text: string,
): readonly { readonly text: string; readonly isEscape: boolean }[] {
  const pieces: { text: string; isEscape: boolean }[] = [];
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (found.index > from) pieces.push({ text: text.slice(from, found.index), isEscape: false });
    pieces.push({ text: escapeOf(found[0]), isEscape: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isEscape: false });
  return pieces;
}

/** The same as one text, for what has no place for marks. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, escapeOf);
}

function escapeOf(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
}

/** What the service says begins small, as in an error; on a page it is a sentence. Names and commands stay as they are. */
export function sentence(text: string): string {
  return /^[a-z]+(?:[ ,;’']|: )/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
