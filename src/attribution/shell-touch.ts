/**
 * Text that a shell runs, split as far as that is certain: simple commands, and where their output goes.
 * Anything with substitution, loops or variables in the place of a program or a path only `may` have done something.
 */
import { joinPath } from './paths.ts';
import { most, type Thing, type Touch, touchOfPath } from './thing.ts';

const MOST_PARTS = 50;

export function touchOfShell(
  thing: Thing,
  text: string,
  cwd: string | null,
  touchOf: (words: readonly string[], cwd: string | null) => Touch,
): Touch {
  const parts = splitShell(text);
  if (parts === undefined || parts.length > MOST_PARTS) return 'may';
  let touched: Touch = 'no';
  const note = (found: Touch): void => {
    touched = most(touched, found);
  };
  let where = cwd;
  for (const { words, outputs } of parts) {
    for (const output of outputs) {
      const path = joinPath(where, output);
      note(path === undefined ? 'may' : touchOfPath(thing, path, 'content'));
    }
    if (words[0] === 'cd') {
      where = words[1] === undefined ? null : (joinPath(where, words[1]) ?? null);
      continue;
    }
    if (words.length > 0) note(touchOf(words, where));
  }
  return touched;
}

type Part = { readonly words: readonly string[]; readonly outputs: readonly string[] };

/** `undefined`: more than simple commands. */
function splitShell(text: string): readonly Part[] | undefined {
  const stripped = stripOuter(text.trim());
  if (
    /[`(){}\\]|\$|<<|(?:^|[\s;])(?:if|for|while|case|until|function|eval|exec|source|\.)\s/.test(
      outside(stripped),
    )
  )
    return undefined;
  const parts: { words: string[]; outputs: string[] }[] = [];
  let part = { words: [] as string[], outputs: [] as string[] };
  let word: string | undefined;
  let expects: 'output' | 'input' | undefined;
  const endWord = (): void => {
    if (word === undefined) return;
    if (expects === 'output') part.outputs.push(word);
    else if (expects === undefined) part.words.push(word);
    expects = undefined;
    word = undefined;
  };
  const endPart = (): void => {
    endWord();
    if (part.words.length + part.outputs.length > 0) parts.push(part);
    part = { words: [], outputs: [] };
  };
  for (let i = 0; i < stripped.length; i++) {
    const c = stripped[i] ?? '';
    if (c === '"' || c === "'") {
      const end = stripped.indexOf(c, i + 1);
      // sudo's log has no quotes left, so one alone is a letter of a word.
      if (end === -1) return undefined;
      word = (word ?? '') + stripped.slice(i + 1, end);
      i = end;
    } else if (c === ';' || c === '|' || c === '&') {
      const isDup = c === '&' && stripped[i - 1] === '>';
      if (isDup) word = '&';
      else endPart();
    } else if (c === '>') {
      // `2>` is no word; `>&1` writes nowhere new.
      if (word !== undefined && /^\d$/.test(word)) word = undefined;
      endWord();
      if (stripped[i + 1] === '>') i++;
      expects = 'output';
    } else if (c === '<') {
      endWord();
      expects = 'input';
    } else if (c === ' ' || c === '\t') {
      if (word !== undefined) endWord();
    } else word = (word ?? '') + c;
  }
  endPart();
  return parts.map(({ words, outputs }) => ({
    words,
    outputs: outputs.filter((each) => !each.startsWith('&')),
  }));
}

/** Without what stands in quotes. */
function outside(text: string): string {
  return text.replaceAll(/'[^']*'/g, ' ').replaceAll(/"[^"`$]*"/g, ' ');
}

/** One pair of quotes around everything, as crontabs and `sh -c` have them. */
function stripOuter(text: string): string {
  const [, quote, inner] = /^(["'])(.*)\1$/.exec(text) ?? [];
  return quote !== undefined && inner !== undefined && !inner.includes(quote) ? inner : text;
}
