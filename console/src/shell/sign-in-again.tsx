/** The session ended while pages are open. They stay as they are underneath, with all that was typed. */
import { type ReactNode, useEffect } from 'react';
import { useSession } from '../api/index.ts';
import { Dialog, toast } from '../kit/index.ts';
import { SignIn } from './sign-in.tsx';

export function SignInAgain({ operator }: { readonly operator: string }): ReactNode {
  const { refetch } = useSession();
  useEffect(() => {
    // Signed in meanwhile in another tab: this one goes on by itself.
    const look = (): void => void refetch();
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [refetch]);
  return (
    <Dialog title="Your session has ended" isOpen onClose={() => undefined} dismissable={false}>
      <p>
        Sign in again as <strong>{operator}</strong> to go on. What you typed is still here.
      </p>
      <SignIn operator={operator} onDone={() => toast('Signed in again.')} />
    </Dialog>
  );
}
