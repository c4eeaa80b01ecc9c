/** Names near to a misspelt one, best first, by edit distance; at most five. */
export function nearest(name: string, names: readonly string[]): readonly string[] {
  const wanted = name.slice(0, 128).toLowerCase();
  return names
    .map((candidate) => ({ candidate, cost: cost(wanted, candidate.slice(0, 128).toLowerCase()) }))
    .toSorted((a, b) => a.cost - b.cost || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 5)
    .map(({ candidate }) => candidate);
}

function cost(wanted: string, candidate: string): number {
  if (candidate.includes(wanted) || wanted.includes(candidate)) {
    return Math.abs(candidate.length - wanted.length) / 100;
  }
  let row = Array.from({ length: candidate.length + 1 }, (_, i) => i);
  for (let i = 1; i <= wanted.length; i++) {
    const next = [i];
    for (let j = 1; j <= candidate.length; j++) {
      const swap = (row[j - 1] ?? 0) + (wanted[i - 1] === candidate[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[candidate.length] ?? 0;
}
