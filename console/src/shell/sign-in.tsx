import type { ReactNode } from 'react';

export function SignIn(_props: { readonly operator?: string }): ReactNode {
  return null;
}
