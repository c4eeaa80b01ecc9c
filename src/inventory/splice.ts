/**
 * Small cuts and insertions in YAML text: what is not touched stays byte for byte, comments and all.
 */
import {
  isCollection,
  isPair,
  isScalar,
  type Node,
  type Pair,
  parse,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Json, JsonObject } from '#base/json';

export type Splice = { readonly from: number; readonly to: number; readonly text: string };

/** Splices must not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  return splices
    .toSorted((a, b) => b.from - a.from || b.to - a.to)
    .reduce((out, { from, to, text: put }) => out.slice(0, from) + put + out.slice(to), text);
}

export function isNothing(node: unknown): boolean {
  return node === undefined || node === null || (isScalar(node) && node.value === null);
}

export function startOf(item: unknown): number {
  const node = (isPair(item) ? item.key : item) as Node | null;
  return node?.range?.[0] ?? 0;
}

/** Where the last character of a value stands, comments and blank lines after it apart. */
export function endOf(item: unknown): number {
  if (isPair(item)) {
    const { key, value } = item as Pair<Node, Node | null>;
    const from = key.range?.[1] ?? 0;
    return isNothing(value) && (value?.range?.[1] ?? 0) <= from ? from : endOf(value);
  }
  const node = item as Node;
  if (isCollection(node) && node.flow !== true && node.items.length > 0)
    return endOf(node.items.at(-1));
  return node.range?.[1] ?? 0;
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** The beginning of the line after the one that `at` ends. */
export function nextLine(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

export function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** From the beginning of a line past the comments that are indented by at least `column`: they belong to what is above. */
export function pastComments(text: string, at: number, column: number): number {
  let end = at;
  let line = at;
  while (line < text.length) {
    const newline = text.indexOf('\n', line);
    const next = newline < 0 ? text.length : newline + 1;
    const indent = text.slice(line, next).search(/\S/);
    if (indent >= 0) {
      if (text[line + indent] !== '#' || indent < column) break;
      end = next;
    }
    line = next;
  }
  return end;
}

/** From the beginning of a line back over the comment lines right above it with the same indent. */
export function beforeComments(text: string, at: number, column: number): number {
  let start = at;
  while (start > 0) {
    const above = lineStart(text, start - 1);
    const content = text.slice(above, start);
    if (content.search(/\S/) !== column || content[column] !== '#') break;
    start = above;
  }
  return start;
}

/** Cuts one item out of a list or mapping in flow style, with the comma it no longer needs. */
export function cutFlowItem(collection: YAMLSeq | YAMLMap, index: number): Splice {
  const { items } = collection;
  const next = items[index + 1];
  const before = items[index - 1];
  const item = items[index];
  if (next !== undefined) return { from: startOf(item), to: startOf(next), text: '' };
  if (before !== undefined) return { from: endOf(before), to: endOf(item), text: '' };
  return { from: startOf(item), to: endOf(item), text: '' };
}

/** A value on one line, in flow style. */
export function flowText(value: Json): string {
  if (typeof value === 'string') return scalarText(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(flowText).join(', ')}]`;
  const entries = Object.entries(value as JsonObject);
  return `{${entries.map(([key, each]) => `${scalarText(key)}: ${flowText(each)}`).join(', ')}}`;
}

/** Plain where that reads back as the same text, in quotes otherwise. */
export function scalarText(text: string): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9 ._/@+:=-]*[A-Za-z0-9])?$/.test(text)) return JSON.stringify(text);
  const back: unknown = parse(`[${text}]`);
  return Array.isArray(back) && back.length === 1 && back[0] === text ? text : JSON.stringify(text);
}
