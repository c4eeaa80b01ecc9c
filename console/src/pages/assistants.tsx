import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';

export function AssistantsPage(): ReactNode {
  return <Page title="Assistants">{null}</Page>;
}
