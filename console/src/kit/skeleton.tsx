/** Holds the place of what is being asked, at its height, so that nothing jumps when it comes. */
import type { ReactNode } from 'react';

export function Skeleton({
  rows = 1,
  label = 'Loading',
}: {
  readonly rows?: number;
  readonly label?: string;
}): ReactNode {
  return (
    <div className="skeleton" role="status">
      <span className="hidden-visually">{label}</span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} className="skeleton-row" />
      ))}
    </div>
  );
}
