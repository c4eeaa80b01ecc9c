import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function FleetMapPage(): ReactNode {
  return <Page title="Map">{null}</Page>;
}
