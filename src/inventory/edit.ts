/**
 * Changes to `fleet.yaml` as text. Everything that is not part of the change stays as it was
 * written, and what is handed back has been read again, so an edit can neither break the file nor
 * touch another target.
 */
import { isMap, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { invariant } from '#base/fault';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import type { SourceGrant, Target } from '#model';
import { inventoryFault } from './faults.ts';
import type { Inventory } from './inventory.ts';
import { nearest, show } from './nearest.ts';
import { parseInventory, parseYaml } from './parse.ts';
import {
  applySplices,
  beforeComments,
  columnOf,
  cutFlowItem,
  endOf,
  flowText,
  lineStart,
  nextLine,
  pastComments,
  type Splice,
  scalarText,
  startOf,
} from './splice.ts';

/** What is left out gets the file's defaults. */
export type NewTarget = { readonly id: string } & Partial<
  Omit<Target, 'id' | 'staleAfterSeconds' | 'sources'>
> & {
    readonly staleAfter?: string;
    readonly sources?: readonly SourceGrant[];
  };

const PROFILE_ORDER = [
  'scope',
  'hostType',
  'environment',
  'transport',
  'address',
  'criticality',
  'owner',
  'tags',
  'redundancySet',
  'staleAfter',
] as const satisfies readonly Exclude<keyof NewTarget, 'id' | 'sources'>[];

/**
 * Adds a target. One that exists gets the new source grants when that is all that is asked, and is
 * refused with `target-exists` otherwise.
 */
export function addTarget(text: string, target: NewTarget, file = 'fleet.yaml'): string {
  const before = parseInventory(text, file);
  const existing = before.byId.get(target.id);
  if (existing !== undefined) return extendTarget(text, before, existing, target, file);
  const root = rootOf(text);
  const profile: Record<string, Json> = {};
  for (const key of PROFILE_ORDER) {
    const value = target[key];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0))
      continue;
    profile[key] = value;
  }
  const sources = (target.sources ?? []).map(grantValue);
  if (sources.length > 0) profile['sources'] = sources;
  const targets = entryOf(root, 'targets');
  const splices =
    targets === undefined
      ? [intoBlock(text, text.length, 0, blockEntry('targets', { [target.id]: profile }))]
      : putInto(text, targets, false, target.id, profile);
  return finish(text, splices, before, [target.id], file);
}

/** Adds a grant to a target, or throws `source-exists` when that source has one. */
export function addSource(
  text: string,
  targetId: string,
  grant: SourceGrant,
  file = 'fleet.yaml',
): string {
  const before = parseInventory(text, file);
  const target = requireTarget(before, targetId);
  if (target.sources.some((each) => each.name === grant.name)) {
    throw inventoryFault(
      'source-exists',
      `target already has this source: ${show(grant.name)} of ${targetId}, edit its kinds and trust in ${file}`,
      { facts: { target: targetId, source: grant.name } },
    );
  }
  const targets = entryOf(rootOf(text), 'targets')?.value;
  invariant(isMap(targets), 'targets of the inventory stand in a mapping');
  const pair = entryOf(targets, targetId);
  invariant(pair !== undefined, 'a target of the inventory stands in its file');
  const isFlow = targets.flow === true;
  const body = isMap(pair.value) ? pair.value : undefined;
  const sources = body && entryOf(body, 'sources');
  const splices =
    sources === undefined
      ? putInto(text, pair, isFlow, 'sources', [grantValue(grant)])
      : putIntoList(text, sources, body?.flow === true, grantValue(grant));
  return finish(text, splices, before, [targetId], file);
}

/** Removes a target, and its membership in a redundancy set. */
export function removeTarget(text: string, targetId: string, file = 'fleet.yaml'): string {
  const before = parseInventory(text, file);
  requireTarget(before, targetId);
  const root = rootOf(text);
  const targets = entryOf(root, 'targets')?.value;
  invariant(isMap(targets), 'targets of the inventory stand in a mapping');
  const splices = [cutEntry(text, targets, indexOf(targets, targetId))];
  const sets = entryOf(root, 'redundancySets')?.value;
  for (const { value } of isMap(sets) ? sets.items : []) {
    if (!isSeq(value)) continue;
    const index = value.items.findIndex((item) => (item as { value?: unknown }).value === targetId);
    if (index >= 0) splices.push(cutEntry(text, value, index));
  }
  return finish(text, splices, before, [targetId], file);
}

function extendTarget(
  text: string,
  before: Inventory,
  existing: Target,
  asked: NewTarget,
  file: string,
): string {
  const differs = PROFILE_ORDER.some(
    (key) =>
      key !== 'staleAfter' &&
      asked[key] !== undefined &&
      canonicalJson(asked[key]) !== canonicalJson(existing[key]),
  );
  const fresh = (asked.sources ?? []).filter(
    (grant) => !existing.sources.some((each) => each.name === grant.name),
  );
  if (differs || asked.staleAfter !== undefined || fresh.length === 0) {
    throw inventoryFault(
      'target-exists',
      `target is already in the inventory: ${existing.id}, edit it in ${before.file}, or add a new source to it`,
      { facts: { target: existing.id, sources: existing.sources.map((grant) => grant.name) } },
    );
  }
  return fresh.reduce((edited, grant) => addSource(edited, existing.id, grant, file), text);
}

function requireTarget(inventory: Inventory, id: string): Target {
  const target = inventory.byId.get(id);
  if (target !== undefined) return target;
  const candidates = nearest(id, inventory.byId.keys(), 5);
  throw inventoryFault(
    'unknown-target',
    `target is not in the inventory: ${show(id)}${candidates.length > 0 ? `, did you mean ${candidates.join(', ')}?` : ', list the targets there are'}`,
    { facts: { target: id.slice(0, 200), candidates } },
  );
}

function rootOf(text: string): YAMLMap {
  const root = parseYaml(text).contents as Node | null;
  if (isMap(root) && root.flow !== true) return root;
  throw layoutFault();
}

function layoutFault(): Error {
  return inventoryFault(
    'inventory-layout',
    'inventory is laid out in a way that cannot be edited for you: edit the file by hand',
  );
}

type Entry = Pair<Node, Node | null>;

function indexOf(map: YAMLMap, name: string): number {
  return map.items.findIndex((pair) => (pair.key as { value?: unknown }).value === name);
}

function entryOf(map: YAMLMap, name: string): Entry | undefined {
  return map.items[indexOf(map, name)] as Entry | undefined;
}

/** Puts `name: value` at the end of the mapping that `parent` holds, or should. */
function putInto(
  text: string,
  parent: Entry,
  inFlow: boolean,
  name: string,
  value: Json,
): Splice[] {
  const map = parent.value;
  const flowEntry = (): string => `${scalarText(name)}: ${flowText(value)}`;
  if (isMap(map) && map.items.length > 0) {
    if (map.flow === true) return [intoFlow(map, flowEntry())];
    const column = columnOf(text, startOf(map.items[0]));
    return [intoBlock(text, endOf(map), column, blockEntry(name, value))];
  }
  if (inFlow) return [overEmpty(map, `{${flowEntry()}}`)];
  const column = columnOf(text, startOf(parent)) + 2;
  return [...clear(text, map), intoBlock(text, keyEnd(parent), column, blockEntry(name, value))];
}

/** Puts `value` at the end of the list that `parent` holds, or should. */
function putIntoList(text: string, parent: Entry, inFlow: boolean, value: JsonObject): Splice[] {
  const list = parent.value;
  if (isSeq(list) && list.items.length > 0) {
    if (list.flow === true) return [intoFlow(list, flowText(value))];
    const column = columnOf(text, list.range?.[0] ?? 0);
    return [intoBlock(text, endOf(list), column, blockItem(value))];
  }
  if (inFlow) return [overEmpty(list, `[${flowText(value)}]`)];
  const column = columnOf(text, startOf(parent)) + 2;
  return [...clear(text, list), intoBlock(text, keyEnd(parent), column, blockItem(value))];
}

/** Takes away what stands for nothing: `{}`, `[]`, `~`. */
function clear(text: string, node: Node | null): Splice[] {
  const [from, to] = node?.range ?? [0, 0];
  if (from >= to) return [];
  return [{ from: text[from - 1] === ' ' ? from - 1 : from, to, text: '' }];
}

function overEmpty(node: Node | null, put: string): Splice {
  const [from, to] = node?.range ?? [0, 0];
  if (from >= to) throw layoutFault();
  return { from, to, text: put };
}

function keyEnd(pair: Entry): number {
  return pair.key.range?.[1] ?? 0;
}

function intoFlow(collection: YAMLMap | YAMLSeq, entry: string): Splice {
  const at = endOf(collection.items.at(-1));
  return { from: at, to: at, text: `, ${entry}` };
}

function intoBlock(text: string, after: number, column: number, entry: string): Splice {
  const at = pastComments(text, nextLine(text, after), column);
  const begin = at > 0 && text[at - 1] !== '\n' ? '\n' : '';
  return { from: at, to: at, text: `${begin}${' '.repeat(column)}${indented(entry, column)}\n` };
}

/** Lines of an entry, the first without indent and the others relative to it. */
function blockEntry(name: string, value: Json): string {
  const key = scalarText(name);
  if (Array.isArray(value) && (value as readonly Json[]).every((each) => typeof each === 'object'))
    return `${key}:\n${value.map((each) => `  ${indented(blockItem(each as JsonObject), 2)}`).join('\n')}`;
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return `${key}: ${flowText(value)}`;
  const entries = Object.entries(value as JsonObject);
  if (entries.length === 0) return `${key}: {}`;
  return `${key}:\n${entries.map(([k, v]) => `  ${indented(blockEntry(k, v), 2)}`).join('\n')}`;
}

function blockItem(value: JsonObject): string {
  const lines = Object.entries(value).map(([key, each]) => `${scalarText(key)}: ${flowText(each)}`);
  return `- ${lines.join('\n  ')}`;
}

function indented(lines: string, column: number): string {
  return lines.replaceAll('\n', `\n${' '.repeat(column)}`);
}

function grantValue(grant: SourceGrant): JsonObject {
  const everyKind = grant.kinds.length === 1 && grant.kinds[0] === '*';
  return {
    name: grant.name,
    ...(everyKind ? {} : { kinds: grant.kinds }),
    ...(grant.trusted ? { trusted: true } : {}),
  };
}

/** One entry or item with the comments that are about it. */
function cutEntry(text: string, collection: YAMLMap | YAMLSeq, index: number): Splice {
  if (collection.flow === true) return cutFlowItem(collection, index);
  const item = collection.items[index];
  const line = lineStart(text, startOf(item));
  const column = text.slice(line).search(/\S/);
  // What stands above the first one introduces them all.
  const from = index === 0 ? line : beforeComments(text, line, column);
  return { from, to: pastComments(text, nextLine(text, endOf(item)), column + 1), text: '' };
}

/** Applies the change, reads the result, and makes sure that nothing but `touched` changed. */
function finish(
  text: string,
  splices: readonly Splice[],
  before: Inventory,
  touched: readonly string[],
  file: string,
): string {
  const isCrLf = text.includes('\r\n');
  const ended = splices.map((splice) =>
    isCrLf ? { ...splice, text: splice.text.replaceAll('\n', '\r\n') } : splice,
  );
  const edited = applySplices(text, ended);
  const after = parseInventory(edited, file);
  const others = (inventory: Inventory): string =>
    canonicalJson({
      scopes: inventory.scopes,
      targets: inventory.targets.filter((target) => !touched.includes(target.id)),
      ignore: inventory.ignore,
    });
  invariant(others(before) === others(after), 'an edit of the inventory changes one target only');
  return edited;
}
