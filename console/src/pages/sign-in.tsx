/** For whoever is not signed in. It leads back to the view that was asked for. */
import { useRouter, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Page } from '../kit/index.ts';
import { ownView } from '../shell/own-view.ts';
import { Plain } from '../shell/plain.tsx';
import { SignIn } from '../shell/sign-in.tsx';

export function SignInPage(): ReactNode {
  const router = useRouter();
  const { next } = useSearch({ strict: false }) as { readonly next?: string };
  return (
    <Plain>
      <Page
        title="Sign in"
        lead="Any assistant may look at your fleet. Nothing changes without a signature of yours."
      >
        <SignIn onDone={() => router.history.replace(ownView(next, location.origin))} />
      </Page>
    </Plain>
  );
}
