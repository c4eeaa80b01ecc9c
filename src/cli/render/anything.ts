/** Answers without a form of their own: names and values, nested by indentation. */
import type { Render } from '../desk.ts';
import type { Paper } from '../text/paper.ts';
import { brief } from '../text/words.ts';

const DEEPEST = 4;

export const renderAnything: Render<unknown> = (paper, value) => outline(paper, value, '');

/** `first` stands before the first line: the mark of a list item. */
function outline(paper: Paper, value: unknown, indent: string, first = indent): void {
  if (!isObject(value)) {
    paper.whole(first, brief(value));
    return;
  }
  let before = first;
  for (const [name, member] of Object.entries(value)) {
    if (isSimple(member) || indent.length >= 2 * DEEPEST) {
      paper.whole(before, { text: `${name}: `, tone: 'faint' }, brief(member));
    } else {
      paper.whole(before, { text: `${name}:`, tone: 'faint' });
      const deeper = `${indent}  `;
      if (!Array.isArray(member)) outline(paper, member, deeper);
      else for (const item of member) outline(paper, item, `${deeper}  `, `${deeper}- `);
    }
    before = indent;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shown on one line: scalars, empty things, short lists of scalars. */
function isSimple(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) {
    return value.every((item) => typeof item !== 'object') && JSON.stringify(value).length <= 100;
  }
  return Object.keys(value).length === 0;
}

/** A short word that it is done, then what the service said. */
export function renderDone(word: string): Render<unknown> {
  return (paper, value, screen) => {
    paper.whole({ text: word, tone: 'good' });
    renderAnything(paper, value, screen);
  };
}
