/** The first few of several targets, and how many more there are. */
import type { ReactNode } from 'react';

const MOST = 3;

export function TargetNames({ targets }: { readonly targets: readonly string[] }): ReactNode {
  const more = targets.length - MOST;
  return (
    <bdi title={targets.slice(0, 60).join(', ')}>
      {targets.slice(0, MOST).join(', ')}
      {more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}
    </bdi>
  );
}
