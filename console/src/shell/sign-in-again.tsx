/** The session ended while pages are open. They stay as they are underneath, with all that was typed. */
import type { ReactNode } from 'react';
import { Dialog, toast } from '../kit/index.ts';
import { SignIn } from './sign-in.tsx';

export function SignInAgain({ operator }: { readonly operator: string }): ReactNode {
  return (
    <Dialog title="Your session has ended" isOpen onClose={() => undefined} dismissable={false}>
      <p>
        Sign in again as <strong>{operator}</strong> to go on. What you typed is still here.
      </p>
      <SignIn operator={operator} onDone={() => toast('Signed in again.')} />
    </Dialog>
  );
}
