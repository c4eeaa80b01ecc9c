import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Empty, ErrorPanel, LinkButton, Page, Skeleton } from '../kit/index.ts';
import { Plain } from './plain.tsx';

export function PagePending(): ReactNode {
  return <Skeleton rows={8} label="Loading the page" />;
}

export function PageFailed({ error, reset }: ErrorComponentProps): ReactNode {
  return (
    <Page title="This page failed">
      <ErrorPanel error={error} retry={reset} />
    </Page>
  );
}

export function PageMissing(): ReactNode {
  return (
    <Plain>
      <Page title="No such page">
        <Empty
          title="There is nothing at this address"
          action={<LinkButton to="/">Overview</LinkButton>}
        >
          A link may be cut off, or what it led to has another name now.
        </Empty>
      </Page>
    </Plain>
  );
}
