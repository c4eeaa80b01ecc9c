/** One refused command, as what may be remembered of it. */

import type { CommandCode } from '../entry.ts';
import type { Judge } from '../judge.ts';
import { admits, draftEntry } from './draft.ts';
import { type Shape, shapeOf } from './shape.ts';
import { idOfShape } from './suggest.ts';

export type Examined = {
  /** `null` with its shape: it is counted and not remembered. */
  readonly id: string | null;
  readonly shape: Shape | null;
  /** Why no entry can be drafted. */
  readonly noDraft: string | null;
};

/** Its shape; and whether an entry can say exactly this, tried on the very words while they are here. */
export function examine(
  judge: Judge,
  argv: readonly string[] | null,
  code: CommandCode | null,
): Examined {
  const shape = argv === null || code === null ? null : shapeOf(judge, argv, code);
  if (shape === null || argv === null) return { id: null, shape: null, noDraft: null };
  const id = idOfShape(shape);
  const draft = draftEntry(judge, shape);
  if ('why' in draft) return { id, shape, noDraft: draft.why };
  if (admits(judge, draft.yaml, argv)) return { id, shape, noDraft: null };
  return {
    id,
    shape,
    noDraft:
      'no entry can say exactly this, in this order: write one by hand, or ask in another way',
  };
}
