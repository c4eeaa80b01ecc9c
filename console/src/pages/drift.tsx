import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function DriftPage(): ReactNode {
  return <Page title="Drift">{null}</Page>;
}
