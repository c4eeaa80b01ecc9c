import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function OverviewPage(): ReactNode {
  return <Page title="Overview">{null}</Page>;
}
