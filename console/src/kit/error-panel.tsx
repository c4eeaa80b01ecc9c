/** A fault: what, why, and what to do next. */
import type { ReactNode } from 'react';
import { asProblem, type Kind } from '../api/problem.ts';
import { Button } from './button.tsx';
import { Visible } from './foreign.tsx';
import { Icon } from './icon.tsx';
import { sentence } from './visible.ts';

const WHAT: Readonly<Record<Kind, string>> = {
  invalid: 'This cannot be asked like that',
  refused: 'This is not allowed',
  missing: 'There is no such thing here',
  conflict: 'Something moved in between',
  unavailable: 'Not to be had just now',
  uncertain: 'It may have happened',
  broken: 'Something is wrong with the service',
};

const NEXT: Readonly<Record<Kind, string>> = {
  invalid: 'Change what you asked for.',
  refused: 'Ask somebody with more authority, or sign in again.',
  missing: 'Check the name, or whether you may see it.',
  conflict: 'Load it again, then decide again.',
  unavailable: 'Try again in a moment: nothing was changed by asking.',
  uncertain: 'Look before you do it again.',
  broken: 'The log of the service says more.',
};

/** Where the code says more than its kind. */
const BY_CODE: Readonly<Record<string, readonly [what: string, next: string]>> = {
  'not-signed': ['Nothing was signed', 'Nothing was sent either. Try again when you are ready.'],
  'no-ceremony': ['The passkey did not answer', 'Nothing was changed. Try again.'],
  'not-connected': ['Not connected', 'It goes on by itself when the service can be reached again.'],
  'not-pending': [
    'It does not wait any more',
    'Somebody decided, or time did: see how it stands now.',
  ],
  'already-approved': ['You have signed this already', 'It waits for somebody else.'],
  expired: ['Too late', 'What was shown could be signed only for a while. Read it again.'],
  'four-eyes': ['Somebody else has to sign this', 'Ask another operator.'],
  'sign-in-needed': ['You are not signed in', 'Sign in, then do it again.'],
};

export function ErrorPanel({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: () => void;
}): ReactNode {
  const problem = asProblem(error);
  const [what, next] = BY_CODE[problem.code] ?? [WHAT[problem.kind], NEXT[problem.kind]];
  return (
    <div className="error-panel" role="alert">
      <Icon name="warning" />
      <div>
        <p className="error-what">{what}</p>
        <p>
          <Visible text={sentence(problem.message)} />
        </p>
        <p className="quiet small">
          {next} <code>{problem.code}</code>
        </p>
      </div>
      {retry === undefined ? null : <Button onPress={retry}>Try again</Button>}
    </div>
  );
}
