/** Where keys of a file stand, for telling a person which line is meant. */
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';

/** Answers the line of a key, by its way from the top; of one that is not there that of the last one that is, or 1. */
export function keyLines(text: string): (...path: readonly string[]) => number {
  const lines = new LineCounter();
  const { contents } = parseDocument(text, {
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  return (...path) => {
    let line = 1;
    let node: unknown = contents;
    for (const name of path) {
      const pair = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name)
        : undefined;
      if (pair === undefined) return line;
      line = Math.max(1, lines.linePos((pair.key as Node).range?.[0] ?? 0).line);
      node = pair.value;
    }
    return line;
  };
}
