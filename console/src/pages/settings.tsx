import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function SettingsPage(): ReactNode {
  return <Page title="Settings">{null}</Page>;
}
