/** From a call's arguments to a store filter: scopes the caller may see, targets resolved by name. */
import { Fault } from '#base/fault';
import { LATEST } from '#base/time';
import { resolveTarget } from '#inventory';
import type { FactType, Scope } from '#model';
import { isKind } from '#model';
import type { FactFilter, FactReader } from '#store';
import type { Asking } from './operation.ts';

export type FilterInput = {
  readonly entity?: string | undefined;
  readonly kind?: string | undefined;
  readonly target?: string | undefined;
  readonly source?: string | undefined;
  readonly attribute?: string | undefined;
  readonly text?: string | undefined;
  readonly type?: FactType | undefined;
  readonly scope?: string | undefined;
};

export function readFilter(input: FilterInput, asking: Asking, facts: FactReader): FactFilter {
  if (input.kind !== undefined && !isKind(input.kind)) {
    throw new Fault(
      'invalid',
      'invalid-kind',
      `not a kind: ${JSON.stringify(input.kind.slice(0, 60))}. Give a lower-case word like package; describe_system lists them`,
    );
  }
  const scopes = readScopes(input.scope, asking);
  return {
    scopes,
    type: input.type ?? 'observed',
    ...(input.entity === undefined ? {} : { entity: input.entity }),
    ...(input.kind === undefined ? {} : { kind: input.kind }),
    ...(input.target === undefined
      ? {}
      : { target: targetName(input.target, scopes, asking, facts) }),
    ...(input.source === undefined ? {} : { source: input.source }),
    ...(input.attribute === undefined ? {} : { attribute: input.attribute }),
    ...(input.text === undefined ? {} : { text: input.text }),
  };
}

export function readScopes(scope: string | undefined, asking: Asking): readonly Scope[] {
  if (scope === undefined) return asking.scopes;
  if (asking.scopes.includes(scope)) return [scope];
  throw new Fault(
    'refused',
    'unknown-scope',
    `not a scope you may see: ${JSON.stringify(scope.slice(0, 60))}. You may see: ${asking.scopes.join(', ')}`,
    {
      facts: { candidates: asking.scopes },
    },
  );
}

/** The kind a query is about, where it says one. */
export function kindAsked(filter: FactFilter): string | undefined {
  if (filter.kind !== undefined) return filter.kind;
  const head = filter.entity?.split(':', 1)[0];
  return head !== undefined && filter.entity?.includes(':') && isKind(head) ? head : undefined;
}

/** A target of the inventory by name; one that left the inventory is still readable by its whole id. */
function targetName(
  name: string,
  scopes: readonly Scope[],
  asking: Asking,
  facts: FactReader,
): string {
  try {
    return resolveTarget(asking.inventory, name, scopes).id;
  } catch (fault) {
    const at = { asOf: LATEST, knownAt: LATEST };
    if (facts.coverage({ scopes, target: name }, at).length > 0) return name;
    throw fault;
  }
}
