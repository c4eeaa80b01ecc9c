/** Text with everything that could hide, or turn something around, written out. */

// Controls, formats, surrogates, unassigned and ignorable ones: all that has no sign of its own, but tab and newline.
const HIDDEN = /[[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\t\n]]/gv;

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

function escapeOf(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
}
