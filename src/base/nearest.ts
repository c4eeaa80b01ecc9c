/** Names near a mistyped one, and text from outside made fit for a message. */

const SHOWN_CHARS = 64;

/** `text` in quotes, cut, with everything that a terminal could obey or hide written as an escape. */
export function show(text: string): string {
  const cut = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  return JSON.stringify(cut).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The known names nearest to `name`, nearest first; empty when none is near. */
export function nearest(name: string, known: Iterable<string>, most: number): string[] {
  const wanted = name.slice(0, SHOWN_CHARS * 2).toLowerCase();
  const reach = Math.min(3, Math.max(1, Math.floor(wanted.length / 3)));
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const distance = editDistance(wanted, lower, reach);
    if (distance <= reach) near.push({ name: candidate, distance });
    else if (wanted.length >= 3 && lower.includes(wanted))
      near.push({ name: candidate, distance: reach + 1 });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, most).map((each) => each.name);
}

/** `: did you mean "x"?` or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const [best] = nearest(name, known, 1);
  return best === undefined ? '' : `: did you mean ${show(best)}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours; anything beyond `reach` is `reach + 1`. */
function editDistance(a: string, b: string, reach: number): number {
  if (Math.abs(a.length - b.length) > reach) return reach + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    // A swap can reach back two rows, so only a row clearly beyond ends the search.
    if (least > reach + 1) return reach + 1;
    before = previous;
    previous = row;
  }
  return Math.min(previous[b.length] ?? reach + 1, reach + 1);
}
