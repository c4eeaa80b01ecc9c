import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function EvidencePage(): ReactNode {
  return <Page title="Evidence">{null}</Page>;
}
