import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function FleetPage(): ReactNode {
  return <Page title="Fleet">{null}</Page>;
}
