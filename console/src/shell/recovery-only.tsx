/** Signed in with a recovery code: a new passkey, and nothing else. */
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { asProblem, type Problem, signOut } from '../api/index.ts';
import { Button, ErrorPanel, Page } from '../kit/index.ts';
import { inviteOneself } from '../settings/account.ts';
import { Plain } from './plain.tsx';

export function RecoveryOnly(): ReactNode {
  const router = useRouter();
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem>();
  const trying = async (act: () => Promise<void>): Promise<void> => {
    setProblem(undefined);
    try {
      await act();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  const leave = async (): Promise<void> => {
    await signOut();
    await router.navigate({ to: '/sign-in' });
    client.clear();
  };
  return (
    <Plain>
      <Page
        title="A new passkey"
        lead="You signed in with a recovery code. It is good for this, and for nothing else."
      >
        <div className="stack">
          <p>
            Make a passkey on this device. It waits then until an operator in force compares its
            fingerprint with you and signs for it; after that you sign in with it.
          </p>
          {problem === undefined ? null : <ErrorPanel error={problem} />}
          <Button
            look="primary"
            size="large"
            autoFocus
            onPress={() =>
              void trying(async () => router.navigate({ href: await inviteOneself() }))
            }
          >
            Make a passkey on this device
          </Button>
          <Button look="quiet" onPress={() => void trying(leave)}>
            Sign out
          </Button>
        </div>
      </Page>
    </Plain>
  );
}
