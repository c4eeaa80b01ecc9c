/** Who asked, and for whom: an assistant never asks for itself alone. */
import type { ReactNode } from 'react';
import { who } from '../change/shapes.ts';

export function Who({
  principal,
  onBehalfOf,
  children,
}: {
  readonly principal: string;
  readonly onBehalfOf: string | null;
  /** In place of the principal, where it has a name. */
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <span title={onBehalfOf === null ? principal : `${principal} for ${onBehalfOf}`}>
      {children ?? <bdi>{short(principal)}</bdi>}
      {onBehalfOf === null || onBehalfOf === principal ? null : (
        <span className="quiet small">
          {' '}
          for <bdi>{who(onBehalfOf)}</bdi>
        </span>
      )}
    </span>
  );
}

/** The whole of it is in the title. */
const short = (principal: string): string =>
  who(principal).replace(/^lease:lease_\w+(\w{6})$/, 'lease …$1');
