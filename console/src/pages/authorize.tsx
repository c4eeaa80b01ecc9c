import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function AuthorizePage(): ReactNode {
  return <Page title="Authorize">{null}</Page>;
}
