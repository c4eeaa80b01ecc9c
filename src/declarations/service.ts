/** Services as they are defined elsewhere: the form that they must come in. Nothing fills it yet. */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import type { Declaration, Expectation } from '#model';
import type { About, Named } from './compile.ts';

/** One service as its definition says, already about entities of the target. */
export type ServiceDefinition = {
  readonly name: string;
  readonly expectations: readonly Expectation[];
  /** Over the definition's own text. */
  readonly digest: string;
};

/** Answers the definitions that speak of the target. Whoever knows services brings it. */
export type ServiceDefinitions = (
  named: Named,
  target: About['target'],
) => Promise<readonly ServiceDefinition[]>;

export function compileService(
  definitions: readonly ServiceDefinition[],
  { name }: Named,
  { target }: About,
): Declaration {
  const expectations = definitions.flatMap((each) => each.expectations);
  const kinds = new Set(expectations.map(({ entity }) => entity.slice(0, entity.indexOf(':'))));
  return {
    id: `service:${name}`,
    kind: 'service',
    name,
    scope: target.scope,
    target: target.id,
    expectations,
    closed: [],
    needs: [...kinds].map((kind) => ({ kind, source: null })),
    since: null,
    digest: digestOf(definitions.map((each): Json => [each.name, each.digest])),
  };
}
