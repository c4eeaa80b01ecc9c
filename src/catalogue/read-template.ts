/** A template as it stands in a file. */
import { show } from '#base/nearest';
import type { Template } from './action.ts';
import type { Entry, Reader, Value } from './reader.ts';
import { type Names, parseTemplate } from './template.ts';

export function readTemplate(
  reader: Reader,
  entry: Entry | undefined,
  what: string,
  parent: Value,
  names: Names,
  most: number,
): Template | undefined {
  if (entry === undefined) {
    reader.problem(parent.at, `${what} is missing`);
    return undefined;
  }
  const text = reader.text(entry, what, most);
  if (text === undefined) return undefined;
  const read = parseTemplate(text, names);
  if ('value' in read) return read.value;
  reader.problem(entry.at, `${what} ${show(text)} ${read.problem}`);
  return undefined;
}
