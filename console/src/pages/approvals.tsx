import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function ApprovalsPage(): ReactNode {
  return <Page title="Approvals">{null}</Page>;
}
