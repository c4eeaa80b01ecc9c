import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function FindingPage(): ReactNode {
  return <Page title="Finding">{null}</Page>;
}
