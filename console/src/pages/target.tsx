import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function TargetPage(): ReactNode {
  return <Page title="Target">{null}</Page>;
}
