/** What refers to entities at a moment: the edges of the graph that facts make. */
import type { Json } from '#base/json';
import { FACT_TYPES } from '#model';
import type { Edge, Seen } from '../protocol.ts';
import type { Statements } from './connection.ts';
import type { RunMoment } from './fleet.ts';
import type { Names } from './names.ts';
import type { RunStatements } from './run-statements.ts';
import { seenTest } from './seen.ts';
import { valueOf } from './values.ts';

const OBSERVED = FACT_TYPES.indexOf('observed');

export function* edgesIn(
  sql: Statements,
  names: Names,
  statements: RunStatements,
  seen: Seen,
  [asOf, op, recordedAt]: RunMoment,
): Generator<Edge> {
  const isSeen = seenTest(seen);
  for (const row of sql.rows(statements.edges, asOf, op, OBSERVED, null, null, recordedAt)) {
    const held = row[3];
    if (typeof held !== 'string') continue;
    const origin = names.origin(row[0] as number);
    if (!isSeen(origin)) continue;
    const { scope, target, source } = origin;
    const to = refsOf(valueOf(held));
    if (to.length === 0) continue;
    const attribute = names.attribute(row[1] as number);
    yield { scope, target, source, entity: row[2] as string, attribute, to };
  }
}

/** The entities of `{ref}`, or of those in a list. */
function refsOf(value: Json): readonly string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((one: Json) => {
    if (one === null || typeof one !== 'object' || Array.isArray(one)) return [];
    const { ref, ...others } = one as { readonly ref?: Json };
    return typeof ref === 'string' && Object.keys(others).length === 0 ? [ref] : [];
  });
}
