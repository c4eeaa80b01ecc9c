/** A fault: what, why, and what to do next. */
import type { ReactNode } from 'react';
import { asProblem, type Kind } from '../api/problem.ts';
import { Button } from './button.tsx';
import { Visible } from './foreign.tsx';
import { Icon } from './icon.tsx';

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

export function ErrorPanel({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: () => void;
}): ReactNode {
  const problem = asProblem(error);
  return (
    <div className="error-panel" role="alert">
      <Icon name="warning" />
      <div>
        <p className="error-what">{WHAT[problem.kind]}</p>
        <p>
          <Visible text={problem.message} />
        </p>
        <p className="quiet small">
          {NEXT[problem.kind]} <code>{problem.code}</code>
        </p>
      </div>
      {retry === undefined ? null : <Button onPress={retry}>Try again</Button>}
    </div>
  );
}
