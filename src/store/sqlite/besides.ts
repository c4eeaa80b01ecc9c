/**
 * A target held against what is wanted of it, text against text: what is exactly as wanted costs a row of a
 * statement and no object.
 */
import { canonicalJson } from '#base/json';
import { FACT_TYPES, kindOf } from '#model';
import type { StreamName, Wanted, WantedFact } from '../protocol.ts';
import type { Statements } from './connection.ts';
import type { RunMoment } from './fleet.ts';
import type { Names, OriginName } from './names.ts';
import type { RunStatements } from './run-statements.ts';

/** Wanted texts of one entity, by attribute. */
type OfEntity = Map<string, string>;
type OfSource = { readonly entities: Map<string, OfEntity>; count: number };

export function besidesWanted(
  sql: Statements,
  names: Names,
  statements: RunStatements,
  wanted: Wanted,
  [asOf, op, recordedAt]: RunMoment,
): readonly StreamName[] | undefined {
  const table = tableOf(wanted.facts);
  if (table === undefined) return undefined;
  const { scope, target, only } = wanted;
  const type = FACT_TYPES.indexOf(wanted.type);
  const anyone = table.get(null);
  /** Facts wanted of anyone that somebody told. */
  const heard = new Set<string>();
  const besides: StreamName[] = [];
  let left = 0;
  for (const [source, its] of table) if (source !== null) left += its.count;
  const look = (origin: OriginName, isOnly: boolean): boolean => {
    const { source } = origin;
    const own = table.get(source);
    const entities = isOnly ? [] : entitiesOf(own, anyone);
    if (!isOnly && entities.length === 0) return true;
    const rows = sql.rows(
      isOnly ? statements.held : statements.heldOf,
      asOf,
      op,
      origin.id,
      type,
      isOnly ? null : JSON.stringify(entities),
      recordedAt,
    );
    let last: unknown;
    let entity = '';
    let ownOf: OfEntity | undefined;
    let anyOf: OfEntity | undefined;
    for (const row of rows) {
      const held = row[2];
      if (held === null) continue;
      if (row[0] !== last) {
        last = row[0];
        entity = isOnly ? (last as string) : (entities[last as number] as string);
        ownOf = own?.entities.get(entity);
        anyOf = anyone?.entities.get(entity);
        if (anyOf !== undefined && !wanted.counts(source, kindOf(entity))) anyOf = undefined;
      }
      if (ownOf === undefined && anyOf === undefined && !isOnly) continue;
      const attribute = names.attribute(row[1] as number);
      const text = ownOf?.get(attribute);
      if (text !== undefined) {
        if (text !== held) return false;
        left--;
      } else if (isOnly) besides.push({ source, entity, attribute });
      const any = anyOf?.get(attribute);
      if (any === undefined) continue;
      if (any !== held) return false;
      heard.add(`${entity}\n${attribute}`);
    }
    return true;
  };
  for (const origin of names.originsOf(target)) {
    if (origin.scope !== scope) continue;
    if (!look(origin, only.includes(origin.source))) return undefined;
  }
  return left === 0 && heard.size === (anyone?.count ?? 0) ? besides : undefined;
}

function entitiesOf(own: OfSource | undefined, anyone: OfSource | undefined): readonly string[] {
  if (anyone === undefined) return own === undefined ? [] : [...own.entities.keys()];
  const entities = new Set(anyone.entities.keys());
  for (const entity of own?.entities.keys() ?? []) entities.add(entity);
  return [...entities];
}

/** By source, entity and attribute; `undefined` when something is wanted twice, or cannot be held at all. */
function tableOf(facts: readonly WantedFact[]): Map<string | null, OfSource> | undefined {
  const table = new Map<string | null, OfSource>();
  let source: string | null | undefined;
  let entity: string | undefined;
  let ofSource: OfSource = { entities: new Map(), count: 0 };
  let ofEntity: OfEntity = new Map();
  for (const fact of facts) {
    if (fact.source !== source) {
      source = fact.source;
      entity = undefined;
      ofSource = table.get(source) ?? { entities: new Map(), count: 0 };
      table.set(source, ofSource);
    }
    if (fact.entity !== entity) {
      entity = fact.entity;
      ofEntity = ofSource.entities.get(entity) ?? new Map();
      ofSource.entities.set(entity, ofEntity);
    }
    const text = heldText(fact);
    if (text === undefined || ofEntity.has(fact.attribute)) return undefined;
    ofEntity.set(fact.attribute, text);
    ofSource.count++;
  }
  return table;
}

function heldText({ value, altered }: WantedFact): string | undefined {
  try {
    return altered === true ? `~${canonicalJson(value)}` : canonicalJson(value);
  } catch {
    // What has no canonical form was never recorded.
    return undefined;
  }
}
