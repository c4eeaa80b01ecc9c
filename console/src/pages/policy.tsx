import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function PolicyPage(): ReactNode {
  return <Page title="Policy">{null}</Page>;
}
