import type { ReactNode } from 'react';
import { SignIn } from '../shell/sign-in.tsx';

export function SignInPage(): ReactNode {
  return (
    <main>
      <SignIn />
    </main>
  );
}
