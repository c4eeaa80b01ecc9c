import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function ChangePage(): ReactNode {
  return <Page title="Change">{null}</Page>;
}
