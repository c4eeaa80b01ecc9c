/** The last step: clean text in the form that its place asks for. */
import { clean } from './clean.ts';
import { neutralise } from './neutralise.ts';

/** One line for a terminal or a log: clean, newlines and tabs as spaces. */
export function forTerminal(text: string, maxChars?: number): string {
  const options = maxChars === undefined ? {} : { maxChars };
  return clean(clean(text).text.replace(/[\n\t]+/g, ' '), options).text;
}

/** Clean text of several lines for a terminal; every line but the first is set in by `indent`. */
export function forTerminalLines(text: string, indent = '  '): string {
  return clean(text).text.replaceAll('\n', `\n${indent}`);
}

const OUTSIDE = /[^\x20-\x7e]/gu;

/** JSON text in plain ASCII: whatever a string holds, nothing of it acts on a terminal. Exact. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(OUTSIDE, (c) => {
    let out = '';
    for (let i = 0; i < c.length; i++) out += `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return out;
  });
}

/** JSON text that stays readable: only what is not neutral is escaped. Exact. */
export function safeJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (neutralise(text) === text) return text;
  return text.replace(/[^\x20-\x7e]/gu, (c) => (neutralise(c) === c ? c : escaped(c)));
}

function escaped(c: string): string {
  let out = '';
  for (let i = 0; i < c.length; i++) out += `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return out;
}
