/** Declarations made ready to be compared: what names one value of one stream apart from all other tests. */
import type { Instant } from '#base/time';
import {
  type Baseline,
  type BaselinePart,
  type Declaration,
  type DeclarationKind,
  type Expectation,
  kindOf,
  type Scope,
} from '#model';
import { byStream, type ComparedFact } from './facts.ts';

/** One value that one source must tell; compared in one pass over both sides. */
export type ExactFact = ComparedFact & { readonly expectation?: Expectation };

export type Declared = {
  readonly id: string;
  readonly kind: DeclarationKind;
  readonly scope: Scope;
  readonly target: string;
  readonly since: Instant | null;
  /** Fastest when sorted by entity, attribute and source. */
  readonly exact: readonly ExactFact[];
  readonly general: readonly Expectation[];
  readonly closed: readonly BaselinePart[];
  readonly needs: readonly { readonly kind: string; readonly source: string | null }[];
  /** Of a blessed baseline: everything of its parts is declared, so an attribute may be unexpected too. */
  readonly whole: boolean;
  /** `kind attribute` of a blessed baseline that moved by itself then. */
  readonly passedOver: readonly string[];
};

export function declaredOf(declaration: Declaration): Declared {
  const { id, kind, scope, target, since, expectations, closed } = declaration;
  const exact: ExactFact[] = [];
  const general: Expectation[] = [];
  for (const expectation of expectations) {
    const { entity, attribute, source, test, where } = expectation;
    const isExact =
      source !== null && test.op === 'equals' && where.length === 0 && !entity.includes('*');
    if (isExact) exact.push({ source, entity, attribute, value: test.value, expectation });
    else general.push(expectation);
  }
  const needs = [...declaration.needs];
  const needed = new Set(needs.map((need) => need.kind));
  // What is expected must have been looked for, whether the declaration says so or not.
  for (const { entity, source } of expectations) {
    const about = kindOf(entity);
    if (about.includes('*') || needed.has(about)) continue;
    needed.add(about);
    needs.push({ kind: about, source });
  }
  for (const part of closed)
    if (!needs.some((need) => need.kind === part.kind && covers(need.source, part.source)))
      needs.push(part);
  return {
    id,
    kind,
    scope,
    target,
    since,
    exact: exact.sort(byStream),
    general,
    closed,
    needs,
    whole: false,
    passedOver: [],
  };
}

function covers(needed: string | null, source: string): boolean {
  return needed === null || needed === source;
}

/** A blessed baseline is a declaration of the values that were there, closed for all it covers. */
export function declaredBaseline(
  baseline: Pick<Baseline, 'id' | 'scope' | 'target' | 'covers' | 'blessedAt'> &
    Partial<Pick<Baseline, 'passedOver'>>,
  facts: readonly ComparedFact[],
): Declared {
  const { id, scope, target, covers: parts, blessedAt, passedOver = [] } = baseline;
  return {
    id,
    kind: 'blessed',
    scope,
    target,
    since: blessedAt,
    exact: facts,
    general: [],
    closed: parts,
    needs: parts,
    whole: true,
    passedOver,
  };
}
