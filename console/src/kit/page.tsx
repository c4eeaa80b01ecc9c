/** The frame of every page: its heading takes the focus after a navigation, and its title is the document's. */
import { useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { visibleText } from './visible.ts';

export type PageProps = {
  readonly title: string;
  /** In the document's title, where it says more than the heading does. */
  readonly documentTitle?: string;
  /** One sentence under the heading. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly narrow?: boolean;
  readonly children: ReactNode;
};

let opened: string | undefined;

export function Page({
  title,
  documentTitle,
  lead,
  actions,
  narrow,
  children,
}: PageProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  // The resolved one: the page that is being left still sees where it goes.
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  useEffect(() => {
    document.title = visibleText(`${documentTitle ?? title} · Holdfast`);
  }, [documentTitle, title]);
  useEffect(() => {
    // Not on the first page: there the reader begins at the top by itself.
    if (path === undefined || opened === path) return;
    if (opened !== undefined) heading.current?.focus({ preventScroll: true });
    opened = path;
  }, [path]);
  return (
    <div className={narrow === true ? 'page page-narrow' : 'page'}>
      <header className="page-header">
        <div className="page-heading">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead === undefined ? null : <p className="page-lead">{lead}</p>}
        </div>
        {actions === undefined ? null : <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
