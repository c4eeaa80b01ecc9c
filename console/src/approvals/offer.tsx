/** After three equal approvals: consent in advance, within bounds that each host counts for itself, ready to sign. */
import { type ReactNode, useState } from 'react';
import { ask, asProblem, type Problem, useAct } from '../api/index.ts';
import { sameOnTargets } from '../change/same.ts';
import { Argv, Button, ErrorPanel, Icon } from '../kit/index.ts';
import { type Document, SignDialog } from '../signing/sign-dialog.tsx';
import type { Terms } from './shapes.ts';

type StandingPage = Document & {
  readonly digest: string;
  readonly digestWords: string;
  readonly steps: readonly {
    readonly target: string;
    readonly argv: readonly string[];
    readonly effect: string;
  }[];
  readonly assuranceNeeded: string;
};

export function Offer({
  terms,
  equalApproved,
}: {
  readonly terms: Terms;
  readonly equalApproved: number;
}): ReactNode {
  const [page, setPage] = useState<StandingPage>();
  const [problem, setProblem] = useState<Problem>();
  const [isAsking, setAsking] = useState(false);
  const add = useAct('standing_add', ['changes']);
  const prepare = async (): Promise<void> => {
    setProblem(undefined);
    setAsking(true);
    try {
      setPage(await ask<StandingPage>('standing_page', terms));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setAsking(false);
    }
  };
  return (
    <div className="offer">
      <Icon name="info" />
      <div>
        <p>
          <strong>You have approved exactly this {equalApproved} times.</strong> A standing approval
          lets it run by itself: on {terms.targets.length}{' '}
          {terms.targets.length === 1 ? 'target' : 'targets'}, at most {terms.budget.runs} times in{' '}
          {spanOf(terms.budget.perSeconds)}, for {terms.days} days. Each host counts that itself.
        </p>
        {terms.evenTainted ? (
          <p>
            <strong>Also when the assistant had read text of a target</strong>, which may have told
            it to ask: you approved that by hand as well, several times.
          </p>
        ) : null}
        {problem === undefined ? null : <ErrorPanel error={problem} />}
        <Button isPending={isAsking} onPress={() => void prepare()}>
          See what you would sign
        </Button>
      </div>
      <SignDialog
        title="A standing approval"
        document={
          page === undefined
            ? undefined
            : { ...page, needs: `yours, of at least ${page.assuranceNeeded}` }
        }
        isOpen={page !== undefined}
        onClose={() => setPage(undefined)}
        apply={(signature) =>
          add.mutateAsync({ order: page?.order ?? '', signatures: [signature] })
        }
        done="In force: from now on it runs by itself, within these bounds."
      >
        {page === undefined ? null : <Covered steps={page.steps} />}
      </SignDialog>
    </div>
  );
}

function Covered({ steps }: Pick<StandingPage, 'steps'>): ReactNode {
  return (
    <details open>
      <summary>Exactly these steps, and no others</summary>
      <ol className="steps">
        {sameOnTargets(steps).map(({ item: step, targets }, at) => (
          <li key={at} className="stack-small">
            <Argv argv={step.argv} />
            <p className="quiet small">
              {step.effect}, on <bdi>{targets.join(', ')}</bdi>
            </p>
          </li>
        ))}
      </ol>
    </details>
  );
}

function spanOf(seconds: number): string {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? 'a day' : `${seconds / 86_400} days`;
  return seconds % 3_600 === 0 ? `${seconds / 3_600} hours` : `${Math.round(seconds / 60)} minutes`;
}
