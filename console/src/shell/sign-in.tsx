/** Signing in: the passkey first, the team's identity provider where there is one, a recovery code as the last way. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { asProblem, fetchSession, type Problem, problemTold } from '../api/index.ts';
import { keepView } from '../api/kept-view.ts';
import {
  type Begun,
  signInByPasskey,
  signInByProvider,
  signInByRecovery,
  signInWays,
} from '../api/sign-in.ts';
import { Button, ErrorPanel, Field, Icon } from '../kit/index.ts';
import { ownView } from './own-view.ts';

export function SignIn({
  operator,
  onDone,
}: {
  /** Who was signed in: somebody else gets a fresh page. */
  readonly operator?: string;
  readonly onDone: () => void;
}): ReactNode {
  const client = useQueryClient();
  const ways = useQuery({ queryKey: ['sign-in'], queryFn: signInWays, staleTime: 300_000 });
  const [problem, setProblem] = useState<Problem>();
  const [acting, setActing] = useState<'passkey' | 'recovery' | 'provider'>();
  const [showsRecovery, setShowsRecovery] = useState(false);

  const begin = async (how: 'passkey' | 'recovery', run: () => Promise<Begun>): Promise<void> => {
    setProblem(undefined);
    setActing(how);
    try {
      const begun = await run();
      if (operator !== undefined && begun.operator !== operator) {
        // Nothing of the one before may be shown to the next.
        location.assign('/');
        return;
      }
      client.setQueryData(['session'], await fetchSession());
      void client.invalidateQueries();
      onDone();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(undefined);
    }
  };

  const leaveForProvider = async (): Promise<void> => {
    setProblem(undefined);
    setActing('provider');
    const { pathname, search, origin } = location;
    const next = new URLSearchParams(search).get('next') ?? undefined;
    keepView(ownView(pathname === '/sign-in' ? next : pathname + search, origin));
    try {
      await signInByProvider();
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setActing(undefined);
    }
  };

  const refused = useMemo(() => {
    const told = ways.data?.refused ?? null;
    return told === null ? undefined : problemTold(told);
  }, [ways.data]);
  const shown = problem ?? (acting === undefined ? refused : undefined);
  const methods = ways.data?.methods ?? ['passkey', 'recovery'];
  return (
    <div className="stack">
      {shown === undefined ? null : <ErrorPanel error={shown} />}
      <Button
        look="primary"
        size="large"
        autoFocus
        isPending={acting === 'passkey'}
        onPress={() => void begin('passkey', signInByPasskey)}
      >
        <Icon name="key" />
        {acting === 'passkey' ? 'Waiting for your passkey' : 'Sign in with a passkey'}
      </Button>
      {methods.includes('oidc') ? (
        <Button
          size="large"
          isPending={acting === 'provider'}
          onPress={() => void leaveForProvider()}
        >
          <Icon name="external" />
          Sign in with your team’s account
        </Button>
      ) : null}
      {showsRecovery ? (
        <RecoveryForm
          operator={operator ?? ''}
          isActing={acting === 'recovery'}
          onSubmit={(who, code) => void begin('recovery', () => signInByRecovery(who, code))}
        />
      ) : (
        <Button look="quiet" onPress={() => setShowsRecovery(true)}>
          Use a recovery code
        </Button>
      )}
    </div>
  );
}

function RecoveryForm({
  operator,
  isActing,
  onSubmit,
}: {
  readonly operator: string;
  readonly isActing: boolean;
  readonly onSubmit: (operator: string, code: string) => void;
}): ReactNode {
  const [who, setWho] = useState(operator);
  const [code, setCode] = useState('');
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (who !== '' && code !== '') onSubmit(who.trim(), code.trim());
      }}
    >
      <Field label="Your operator id" value={who} onChange={setWho} autoComplete="username" />
      <Field
        label="Recovery code"
        value={code}
        onChange={setCode}
        mono
        autoComplete="one-time-code"
        help="Each works once. It lets you register a new passkey, and nothing else."
      />
      <Button type="submit" isPending={isActing} isDisabled={who === '' || code === ''}>
        Sign in with this code
      </Button>
    </form>
  );
}
