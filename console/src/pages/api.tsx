import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function ApiPage(): ReactNode {
  return <Page title="API">{null}</Page>;
}
