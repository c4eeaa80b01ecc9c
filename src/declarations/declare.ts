/** Every source that speaks of a target, and what it declares; a source that cannot be used is told, and is never no word. */
import { asFault } from '#base/fault';
import type { Declaration, DeclarationKind } from '#model';
import type { About, Named } from './compile.ts';
import { LEVELS, levelOf, type Selector } from './selector.ts';

/** What was read for one entry of `declarations.yaml`, or why it cannot be. */
export type Source = Named & {
  readonly id: string;
  readonly kind: DeclarationKind;
  readonly for: Selector;
  readonly make: (about: About) => Declaration;
};

/** Nobody knows what should be: whoever compares says `unknown` of that declaration. */
export type DeclarationProblem = {
  readonly declaration: string;
  readonly kind: DeclarationKind;
  readonly name: string;
  readonly target: string;
  readonly code: string;
  /** With every place as `file:line`. */
  readonly message: string;
};

export type Declared = {
  readonly declarations: readonly Declaration[];
  readonly problems: readonly DeclarationProblem[];
};

export function speaksOf({ for: selector }: Source, target: About['target']): boolean {
  return levelOf(selector, target) !== LEVELS.none;
}

export function declareFor(sources: readonly Source[], about: About): Declared {
  const declarations: Declaration[] = [];
  const problems: DeclarationProblem[] = [];
  for (const source of sources) {
    if (!speaksOf(source, about.target)) continue;
    try {
      declarations.push(source.make(about));
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      const { id, kind, name } = source;
      problems.push({ declaration: id, kind, name, target: about.target.id, code, message });
    }
  }
  return { declarations, problems };
}
