/** Answers without a form of their own: names and values, nested by indentation. */
import type { Render } from '../desk.ts';
import type { Paper } from '../text/paper.ts';
import { brief } from '../text/words.ts';

const DEEPEST = 4;

export const renderAnything: Render<unknown> = (paper, value) => outline(paper, value, '');

function outline(paper: Paper, value: unknown, indent: string): void {
  if (!isObject(value)) {
    paper.whole(indent, brief(value));
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (isSimple(member) || indent.length >= 2 * DEEPEST) {
      paper.whole(indent, { text: `${name}: `, tone: 'faint' }, brief(member));
    } else if (Array.isArray(member)) {
      paper.whole(indent, { text: `${name}:`, tone: 'faint' });
      for (const item of member) {
        if (isObject(item) && !isSimple(item)) {
          outline(paper, item, `${indent}  `);
          paper.blank();
        } else paper.whole(`${indent}  `, brief(item));
      }
    } else {
      paper.whole(indent, { text: `${name}:`, tone: 'faint' });
      outline(paper, member, `${indent}  `);
    }
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
