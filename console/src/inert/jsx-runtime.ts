/**
 * What JSX of these pages becomes (`jsxImportSource` of tsconfig.json): React's own, but no text reaches the page with a
 * character in it that could hide or turn something around. It is written out, wherever a page forgot to; `Visible`
 * and `Foreign` mark it besides. What is typed into fields, and what is signed, is no text of a page and stays as it is.
 */
import { jsx as made, jsxs as madeOfMany } from 'react/jsx-runtime';
import { visibleText } from '../kit/visible.ts';

export type { JSX } from 'react/jsx-runtime';
export { Fragment } from 'react/jsx-runtime';

type Make = typeof made;
type Props = { readonly [name: string]: unknown };

/** Attributes that people read. */
const READ = ['title', 'alt', 'placeholder', 'label', 'aria-label', 'aria-description'] as const;

export const jsx: Make = (type, props, key) => made(type, inert(props as Props), key);
export const jsxs: Make = (type, props, key) => madeOfMany(type, inert(props as Props), key);

function inert(props: Props): Props {
  let changed: Record<string, unknown> | undefined;
  for (const name of READ) {
    const text = props[name];
    if (typeof text !== 'string') continue;
    const shown = visibleText(text);
    if (shown !== text) (changed ??= { ...props })[name] = shown;
  }
  const children = inertChildren(props['children']);
  if (children !== props['children']) (changed ??= { ...props })['children'] = children;
  return changed ?? props;
}

/** The same value where nothing of it is otherwise: React compares. */
function inertChildren(children: unknown): unknown {
  if (typeof children === 'string') return visibleText(children);
  if (!Array.isArray(children)) return children;
  const shown = children.map(inertChildren);
  return shown.some((each, at) => each !== children[at]) ? shown : children;
}
