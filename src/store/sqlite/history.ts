/**
 * All versions of streams: every maximal run that was ever believed, from the operation after which
 * it was believed to the one after which it no longer was.
 */
import type { Instant } from '#base/time';
import { FACT_TYPES, type FactVersion } from '#model';
import { storeFault } from '../faults.ts';
import { compareKeys } from '../order.ts';
import { indexAt } from '../timeline.ts';
import { type Candidate, type Candidates, keyOf, type StreamFilter } from './candidates.ts';
import type { Statements } from './connection.ts';
import type { Names } from './names.ts';
import { type FactRow, factRows } from './replay.ts';
import { seenTest } from './seen.ts';
import { altered, valueOf } from './values.ts';

/** A run while it was believed: after operation `born` and until `died`. */
type Belief = {
  readonly row: FactRow;
  readonly to: number | null;
  readonly born: number;
  died: number | null;
};

type Said = {
  readonly id: string;
  readonly recordedAt: Instant;
  readonly actor: string;
  readonly reason: string | null;
};

const PARTS = 7;

export function historyPage(
  sql: Statements,
  names: Names,
  candidates: Candidates,
  upTo: number,
  filter: StreamFilter,
  limit: number,
  after: string | undefined,
): { readonly versions: readonly FactVersion[]; readonly next: string | null } {
  const cursor = after === undefined ? undefined : readCursor(after);
  const said = sayings(sql, names);
  const versions: FactVersion[] = [];
  let last: string | null = null;
  const page = (c: Candidate, skip: number): boolean => {
    const all = beliefs(factRows(sql, c.stream), upTo);
    for (let i = skip; i < all.length; i++) {
      if (versions.length === limit) return false;
      versions.push(version(c, all[i] as Belief, said));
      last = JSON.stringify([...keyOf(c), i + 1]);
    }
    return true;
  };
  if (cursor !== undefined) {
    const stream = candidateAt(candidates, filter, cursor.key);
    if (stream !== undefined && !page(stream, cursor.index)) return { versions, next: last };
  }
  for (const batch of candidates.batches(filter, cursor?.key)) {
    for (const c of batch) if (!page(c, 0)) return { versions, next: last };
  }
  return { versions, next: null };
}

/** The runs of one stream in the order in which they were first believed, then by time. */
export function beliefs(rows: readonly FactRow[], upTo: number): Belief[] {
  const added = new Map<number, FactRow[]>();
  const closed = new Map<number, FactRow[]>();
  for (const row of rows) {
    if (row.seenFrom <= upTo) push(added, row.seenFrom, row);
    if (row.seenTo !== null && row.seenTo <= upTo) push(closed, row.seenTo, row);
  }
  const ops = [...new Set([...added.keys(), ...closed.keys()])].sort((a, b) => a - b);
  const timeline: { at: number; row: FactRow; belief: Belief | undefined }[] = [];
  const all: Belief[] = [];
  for (const op of ops) {
    // Runs whose beginning or end moves: those of the rows themselves and of what stands before them.
    const touched = new Set<(typeof timeline)[number]>();
    const touch = (index: number): void => {
      const place = timeline[index];
      if (place !== undefined) touched.add(place);
    };
    const saidBefore = new Map<number, Belief>();
    for (const row of closed.get(op) ?? []) {
      const index = indexAt(timeline, row.at);
      touch(index - 1);
      const [gone] = timeline.splice(index, 1);
      if (gone?.belief !== undefined) {
        gone.belief.died = op;
        saidBefore.set(row.at, gone.belief);
      }
      if (gone !== undefined) touched.delete(gone);
    }
    for (const row of added.get(op) ?? []) {
      const index = indexAt(timeline, row.at) + 1;
      // The same said again of the same moment goes on with the belief there was.
      const same = saidBefore.get(row.at);
      const belief = same?.row.held === row.held ? same : undefined;
      if (belief !== undefined) belief.died = null;
      timeline.splice(index, 0, { at: row.at, row, belief });
      touch(index - 1);
      touch(index);
    }
    for (const place of [...touched].sort((a, b) => a.at - b.at)) {
      if (place.row.held === null) continue;
      const to = timeline[indexAt(timeline, place.at) + 1]?.at ?? null;
      if (place.belief !== undefined) {
        if (place.belief.to === to) continue;
        place.belief.died = op;
      }
      place.belief = { row: place.row, to, born: op, died: null };
      all.push(place.belief);
    }
  }
  return all;
}

function version(c: Candidate, belief: Belief, said: (op: number) => Said): FactVersion {
  const { row, to, died } = belief;
  const by = said(row.op);
  const held = row.held as string;
  const { scope, target, source } = c.origin;
  return {
    scope,
    target,
    source,
    entity: c.entity,
    attribute: c.attribute,
    type: c.type,
    value: valueOf(held),
    validFrom: row.at as Instant,
    validTo: to as Instant | null,
    recordedAt: by.recordedAt,
    supersededAt: died === null ? null : said(died).recordedAt,
    altered: altered(held),
    observationId: by.id,
    actor: by.actor,
    reason: by.reason,
  };
}

function sayings(sql: Statements, names: Names): (op: number) => Said {
  const known = new Map<number, Said>();
  return (op) => {
    const found = known.get(op);
    if (found !== undefined) return found;
    const row = sql.row('SELECT id, recorded_at, actor, reason FROM observation WHERE op = ?', op);
    if (row === undefined) throw storeFault('store-damaged', `an observation is missing: op ${op}`);
    const [id, recordedAt, actor, reason] = row as [string, Instant, number, number | null];
    const said = {
      id,
      recordedAt,
      actor: names.word(actor),
      reason: reason === null ? null : names.word(reason),
    };
    known.set(op, said);
    return said;
  };
}

function candidateAt(
  candidates: Candidates,
  filter: StreamFilter,
  key: readonly string[],
): Candidate | undefined {
  const [entity, attribute, target, source, scope, type] = key as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const found = FACT_TYPES.find((known) => known === type);
  if (found === undefined || !seenTest(filter)({ scope, target })) return undefined;
  const exact = { scopes: [scope], entity, attribute, target, source, type: found };
  for (const batch of candidates.batches(exact)) {
    // A name may itself hold a `*`, so the first match need not be the one.
    const same = batch.find((c) => compareKeys(keyOf(c), key) === 0);
    if (same !== undefined) return same;
  }
  return undefined;
}

function readCursor(text: string): { readonly key: readonly string[]; readonly index: number } {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    parts = undefined;
  }
  const index: unknown = Array.isArray(parts) && parts.length === PARTS ? parts.pop() : undefined;
  const isKey = Array.isArray(parts) && parts.every((part) => typeof part === 'string');
  if (!isKey || !Number.isSafeInteger(index) || (index as number) < 0) {
    throw storeFault('invalid-cursor', 'not a cursor of a history: ask again without it');
  }
  return { key: parts as string[], index: index as number };
}

function push(into: Map<number, FactRow[]>, op: number, row: FactRow): void {
  const rows = into.get(op);
  if (rows === undefined) into.set(op, [row]);
  else rows.push(row);
}
