/**
 * What is observed becomes what is declared: one value of one file is written anew, where it stands, and
 * every other byte stays as it is, comments included.
 */
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml';
import type { Json } from '#base/json';
import { show } from '#base/nearest';
import type { Target } from '#model';
import type { ContentFile } from '../compile.ts';
import { declarationFault } from '../faults.ts';
import type { Item } from './baseline-file.ts';
import { entityOf } from './entity.ts';
import { readBaselineFile } from './read-file.ts';
import { usesOf } from './variables.ts';

/** Which expectation: as its finding has it. */
export type Accepted = {
  /** As in the expectation: a pattern stays one. */
  readonly entity: string;
  readonly attribute: string;
  readonly line: number;
  /** `absent`: it is not there; `present`: it is there after all. */
  readonly becomes: 'absent' | 'present' | { readonly value: Json };
};

/** The text with that one value changed. Throws `proposal-refused` where it is not one value of that file. */
export function acceptInFile(content: ContentFile, target: Target, accepted: Accepted): string {
  const { entity, attribute, line, becomes } = accepted;
  const item = readBaselineFile(content).items.find(
    (each) =>
      each.place.line === line && each.attribute === attribute && entityOf(each, target) === entity,
  );
  const where = `${content.file}:${line}`;
  if (item === undefined)
    throw refuse(`${where} says nothing of ${show(entity)} ${attribute} any more: scan again`);
  if (item.tests.some(({ value }) => usesOf(value).names.length > 0))
    throw refuse(`${where} takes its value from a variable: change the variable by hand`);
  if (entity.includes('*'))
    throw refuse(`${where} is about every entity that matches ${show(entity)}: change it by hand`);
  const [from, to] = rangeOf(content, item);
  const edited = content.text.slice(0, from) + written(attribute, becomes) + content.text.slice(to);
  // Whatever was written reads back as one expectation, or it is not proposed.
  readBaselineFile({ file: content.file, text: edited });
  return edited;
}

function refuse(why: string): Error {
  return declarationFault('proposal-refused', `it cannot be proposed: ${why}`);
}

/** From the first to behind the last byte of what the item says. */
function rangeOf({ file, text }: ContentFile, item: Item): readonly [number, number] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: false });
  const at = (lines.lineStarts[item.place.line - 1] ?? 0) + item.place.column - 1;
  let found: Node | null = null;
  visit(document, {
    Pair(_key, pair: Pair) {
      const key = pair.key as Node | null;
      if (isScalar(key) && key.range?.[0] === at) found = pair.value as Node | null;
    },
    Map(_key, map) {
      // A fact of the list: what it says stands under `is`.
      if (map.range?.[0] === at && map.has('is')) found = map.get('is', true) as Node | null;
    },
  });
  const range = (found as Node | null)?.range;
  if (range === undefined || range === null)
    throw refuse(`${file}:${item.place.line} cannot be found in the text`);
  return [range[0], endOf(found as unknown as Node, range[1])];
}

/** A block mapping's own end is behind the line break after it. */
function endOf(node: Node, end: number): number {
  if (!isMap(node) || node.flow === true) return end;
  const last = node.items.at(-1);
  const value = (last?.value ?? last?.key) as Node | null | undefined;
  return value?.range === undefined || value.range === null ? end : endOf(value, value.range[1]);
}

function written(attribute: string, becomes: Accepted['becomes']): string {
  if (becomes === 'absent' || becomes === 'present')
    return attribute === '*' ? becomes : `{${becomes}: true}`;
  const { value } = becomes;
  const isPlain = value === null || typeof value !== 'object' || Array.isArray(value);
  return isPlain ? flow(value) : `{equals: ${flow(value)}}`;
}

const PLAIN = /^[A-Za-z/][A-Za-z0-9._/-]*$/;
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n|\.nan|\.inf)$/i;

/** JSON is YAML; what a person would write without quotes is written without. */
function flow(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(flow).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, each]) => `${quoted(name)}: ${flow(each as Json)}`)
      .join(', ')}}`;
  if (typeof value !== 'string') return JSON.stringify(value);
  const text = value.replaceAll(/\$+\{/g, (each) => `$${each}`);
  return PLAIN.test(text) && !WORDS.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
