/** The frame of every page: its heading takes the focus after a navigation, and its title is the document's. */
import { useLocation, useRouter } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';

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
  const path = useLocation({ select: (location) => location.pathname });
  const router = useRouter();
  useEffect(() => {
    document.title = `${documentTitle ?? title} · Holdfast`;
  }, [documentTitle, title]);
  useEffect(() => {
    // Not on the first page: there the reader begins at the top by itself.
    if (opened !== undefined && opened !== path) heading.current?.focus({ preventScroll: true });
    opened = path;
  }, [path, router]);
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
