/**
 * Changes to `fleet.yaml` as text: comments and order stay, and what is handed back has been read
 * again, so an edit can neither break the file nor touch another target.
 */
import { type Document, isMap, isScalar, isSeq, type Node, YAMLMap, YAMLSeq } from 'yaml';
import { invariant } from '#base/fault';
import { canonicalJson } from '#base/json';
import type { SourceGrant, Target } from '#model';
import { inventoryFault } from './faults.ts';
import type { Inventory } from './inventory.ts';
import { nearest, show } from './nearest.ts';
import { parseInventory, parseYaml } from './parse.ts';

/** What is left out gets the file's defaults. */
export type NewTarget = { readonly id: string } & Partial<
  Omit<Target, 'id' | 'staleAfterSeconds' | 'sources'>
> & {
    readonly staleAfter?: string;
    readonly sources?: readonly SourceGrant[];
  };

/**
 * Adds a target. One that exists gets the new source grants when that is all that is asked, and is
 * refused with `target-exists` otherwise.
 */
export function addTarget(text: string, target: NewTarget, file = 'fleet.yaml'): string {
  const before = parseInventory(text, file);
  const existing = before.byId.get(target.id);
  if (existing !== undefined) return extendTarget(text, before, existing, target, file);
  const document = parseYaml(text);
  const { id, sources, ...profile } = target;
  const body = new YAMLMap();
  for (const key of PROFILE_ORDER) {
    const value = profile[key];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0))
      continue;
    body.set(document.createNode(key), flow(document.createNode(value)));
  }
  if (sources !== undefined && sources.length > 0) {
    const list = new YAMLSeq();
    for (const grant of sources) list.add(grantNode(document, grant));
    body.set(document.createNode('sources'), list);
  }
  if (body.items.length === 0) body.flow = true;
  section(document, 'targets').set(document.createNode(id), body);
  return finish(text, document, before, [id], file);
}

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
  const document = parseYaml(text);
  const targets = section(document, 'targets');
  const body = childMap(targets, targetId);
  const sources = body.get('sources', true) as Node | undefined;
  if (isSeq(sources)) {
    if (sources.items.length === 0) sources.flow = false;
    sources.add(grantNode(document, grant));
  } else {
    const list = new YAMLSeq();
    keepComments(sources, list);
    list.add(grantNode(document, grant));
    body.set('sources', list);
  }
  return finish(text, document, before, [targetId], file);
}

/** Removes a target, and its membership in a redundancy set. */
export function removeTarget(text: string, targetId: string, file = 'fleet.yaml'): string {
  const before = parseInventory(text, file);
  requireTarget(before, targetId);
  const document = parseYaml(text);
  section(document, 'targets').delete(targetId);
  const sets = document.get('redundancySets', true);
  if (isMap(sets)) {
    for (const { value } of sets.items) {
      if (!isSeq(value)) continue;
      value.items = value.items.filter((item) => !(isScalar(item) && item.value === targetId));
    }
  }
  return finish(text, document, before, [targetId], file);
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

/** The mapping under a top-level key, in block style; made when there is nothing yet. */
function section(document: Document.Parsed, name: string): YAMLMap {
  const found = document.get(name, true) as Node | undefined;
  if (isMap(found)) {
    if (found.items.length === 0) found.flow = false;
    return found;
  }
  const made = new YAMLMap();
  keepComments(found, made);
  document.set(name, made);
  return made;
}

function childMap(parent: YAMLMap, name: string): YAMLMap {
  const found = parent.get(name, true) as Node | undefined;
  if (isMap(found)) {
    if (found.items.length === 0) found.flow = false;
    return found;
  }
  const made = new YAMLMap();
  keepComments(found, made);
  parent.set(name, made);
  return made;
}

function keepComments(from: Node | undefined, to: Node): void {
  const comment = [from?.commentBefore, from?.comment].filter((each) => typeof each === 'string');
  if (comment.length > 0) to.commentBefore = comment.join('\n');
}

function grantNode(document: Document.Parsed, grant: SourceGrant): Node {
  const everyKind = grant.kinds.length === 1 && grant.kinds[0] === '*';
  const node = new YAMLMap();
  node.set('name', grant.name);
  if (!everyKind) node.set('kinds', flow(document.createNode(grant.kinds)));
  if (grant.trusted) node.set('trusted', true);
  return node;
}

function flow(node: Node): Node {
  if (isSeq(node)) node.flow = true;
  return node;
}

/** Writes the document, reads it again, and makes sure that nothing but `touched` changed. */
function finish(
  text: string,
  document: Document.Parsed,
  before: Inventory,
  touched: readonly string[],
  file: string,
): string {
  const written = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  const edited = text.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written;
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
