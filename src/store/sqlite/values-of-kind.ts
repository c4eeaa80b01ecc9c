/** One attribute of every entity of a kind at a moment: a row for each, and nothing else is read. */
import { FACT_TYPES } from '#model';
import type { FactReader, HeldValue } from '../protocol.ts';
import type { EntityName } from './candidates.ts';
import type { Statements } from './connection.ts';
import type { RunMoment } from './fleet.ts';
import type { Names } from './names.ts';
import type { RunStatements } from './run-statements.ts';
import { seenTest } from './seen.ts';
import { valueOf } from './values.ts';

const AT_ONCE = 2_000;

export function* valuesOf(
  sql: Statements,
  names: Names,
  statements: () => RunStatements,
  entities: Generator<readonly EntityName[], void, number>,
  filter: Parameters<FactReader['values']>[0],
  [asOf, op, recordedAt]: RunMoment,
): Generator<HeldValue> {
  const wanted = names.idOf('attribute', filter.attribute);
  if (wanted === undefined) return;
  const isSeen = seenTest(filter);
  const typeId = FACT_TYPES.indexOf(filter.type);
  for (let next = entities.next(AT_ONCE); !next.done; next = entities.next(AT_ONCE)) {
    const name = new Map(next.value);
    const ids = JSON.stringify([...name.keys()]);
    for (const row of sql.rows(statements().values, asOf, op, wanted, typeId, ids, recordedAt)) {
      const held = row[2];
      if (typeof held !== 'string') continue;
      const origin = names.origin(row[1] as number);
      if (!isSeen(origin)) continue;
      const { scope, target, source } = origin;
      const entity = name.get(row[0] as number) as string;
      yield { scope, target, source, entity, value: valueOf(held) };
    }
  }
}
