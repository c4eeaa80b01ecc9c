/** The frame of pages that are shown to somebody who is not signed in. */
import type { ReactNode } from 'react';
import { Toasts } from '../kit/toast.tsx';
import mark from '../styles/mark.svg';

export function Plain({
  wide,
  children,
}: {
  readonly wide?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className="plain">
      <main className={wide === true ? 'plain-main plain-wide' : 'plain-main'}>
        <div className="brand">
          <img src={mark} alt="" />
          <span>Holdfast</span>
        </div>
        {children}
      </main>
      <Toasts />
    </div>
  );
}
