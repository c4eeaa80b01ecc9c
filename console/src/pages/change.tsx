/**
 * One change: while it waits, everything that is to be decided on and the ceremony; afterwards what became of it. To
 * open it alters nothing. It follows what happens elsewhere: another operator's word, time, a service that was restarted.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { markTopics, type Problem, useAsk, useMay, useSignedIn } from '../api/index.ts';
import { Acts, RolloutPanel } from '../change/acts.tsx';
import { Approvals, Outcome, Progress, Receipts, Verified } from '../change/after.tsx';
import { Decide, NotYours } from '../change/decide.tsx';
import { ProofOf } from '../change/proof.tsx';
import { type ApprovalPage, actionName, type ChangeView, phaseOf } from '../change/shapes.ts';
import { WhatRan, WhatRuns } from '../change/what-runs.tsx';
import {
  Afterwards,
  Asked,
  PolicySays,
  Preconditions,
  Preview,
  TaintedText,
  Targets,
} from '../change/why.tsx';
import {
  Badge,
  Code,
  ErrorPanel,
  Page,
  Panel,
  Skeleton,
  StateBadge,
  sentence,
  stateInWords,
  TierBadge,
} from '../kit/index.ts';
import './change.css';

const FOLLOW_MS = 2_000;

export function ChangePage(): ReactNode {
  const { id = '' } = useParams({ strict: false }) as { readonly id?: string };
  // What was typed for one change is never there for another.
  return <Change key={id} id={id} />;
}

function Change({ id }: { readonly id: string }): ReactNode {
  const client = useQueryClient();
  const session = useSignedIn();
  const mayDecide = useMay('changes.decide') && session.limit === null;
  const [problem, setProblem] = useState<Problem>();
  const [isSigning, setSigning] = useState(false);
  const [isFollowed, setFollowed] = useState(false);
  const change = useAsk<ChangeView>('get_change', { changeId: id }, ['changes', 'stops'], {
    everyMs: isSigning || isFollowed ? FOLLOW_MS : false,
  });
  const phase = change.data === undefined ? undefined : phaseOf(change.data);
  const waits = phase === 'waiting' && change.data?.decision.verdict === 'needs-approval';
  const page = useAsk<ApprovalPage>('approval_page', { changeId: id }, ['changes'], {
    enabled: waits && mayDecide,
  });
  useEffect(() => {
    setFollowed(phase === 'running' || phase === 'preparing');
  }, [phase]);
  useEffect(() => {
    // It could not be had because it does not wait any more: then the change itself says how it stands.
    if (page.error !== null) void client.invalidateQueries({ queryKey: ['ask', 'get_change'] });
  }, [page.error, client]);
  const { refetch: renewPage } = page;
  const renew = useCallback(() => void renewPage(), [renewPage]);
  const onDecided = useCallback(
    (decided: ChangeView) => {
      setProblem(undefined);
      client.setQueryData(['ask', 'get_change', { changeId: decided.changeId }], decided);
      void markTopics(client, ['changes']);
    },
    [client],
  );
  const onProblem = useCallback(
    (next: Problem | undefined) => {
      setProblem(next);
      if (next !== undefined) void markTopics(client, ['changes']);
    },
    [client],
  );

  if (change.data === undefined)
    return (
      <Page title="Change" documentTitle={`Change ${id}`}>
        {change.error === null ? (
          <Skeleton rows={8} label="Loading the change" />
        ) : (
          <ErrorPanel error={change.error} retry={() => void change.refetch()} />
        )}
      </Page>
    );

  const shown = change.data;
  // What was refused since is not offered any more; what cannot be reached just now still is, without its button.
  const isGone = page.error !== null && page.error.kind !== 'unavailable';
  const isPage = waits && mayDecide && !isGone && page.data?.change.changeId === id;
  return (
    <Page
      title={titleOf(shown)}
      documentTitle={`${titleOf(shown)}: ${stateInWords(shown.state)}`}
      lead={
        <span className="row">
          <StateBadge state={shown.state} />
          <TierBadge tier={shown.tier} long />
          {shown.dryRun ? <Badge tone="info">dry run: changes nothing</Badge> : null}
          <code className="quiet">
            {shown.changeId} · {shown.action}
          </code>
        </span>
      }
      actions={<Acts change={shown} onDecided={onDecided} />}
    >
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      {problem === undefined && waits && page.error !== null ? (
        <ErrorPanel error={page.error} retry={renew} />
      ) : null}
      {isPage && page.data !== undefined ? (
        <Waiting
          page={page.data}
          isStale={page.error !== null}
          renew={renew}
          onDecided={onDecided}
          onProblem={onProblem}
          onSigning={setSigning}
        />
      ) : waits && mayDecide && page.error === null ? (
        <Skeleton rows={10} label="Preparing what is to be signed" />
      ) : (
        <Told change={shown} onDecided={onDecided} isYours={mayDecide} />
      )}
    </Page>
  );
}

function titleOf({ action, targets }: ChangeView): string {
  const [first = 'nothing', ...more] = targets;
  return `${actionName(action)} on ${more.length === 0 ? first : `${targets.length} targets`}`;
}

function Waiting(props: Parameters<typeof Decide>[0]): ReactNode {
  const { page } = props;
  const { plan, change } = page;
  const inverse = plan.steps.filter(({ direction }) => direction === 'inverse').toReversed();
  return (
    <div className="columns change">
      <div className="stack">
        <WhatRuns
          title="What will run"
          steps={plan.steps.filter(({ direction }) => direction === 'forward')}
        />
        <Preview preview={page.preview} />
        <Targets plan={plan} blastRadius={page.blastRadius} />
        {inverse.length > 0 ? (
          <WhatRuns title="Undo, signed together with it" steps={inverse} />
        ) : (
          <NoWayBack why={plan.irreversible} />
        )}
        <Asked change={change} tainted={plan.tainted} reason={plan.reason} />
        <TaintedText texts={page.taintedText} />
        <Preconditions preconditions={plan.preconditions} all={plan.targets.length} />
        <Afterwards
          checks={plan.verification}
          all={plan.targets.length}
          stabiliseSeconds={plan.stabiliseSeconds}
        />
        <PolicySays decision={change.decision} />
      </div>
      <div className="stack change-side">
        <Approvals change={change} />
        <Decide {...props} />
      </div>
    </div>
  );
}

function Told({
  change,
  onDecided,
  isYours,
}: {
  readonly change: ChangeView;
  readonly onDecided: (change: ChangeView) => void;
  readonly isYours: boolean;
}): ReactNode {
  const phase = phaseOf(change);
  const { plan } = change;
  return (
    <div className="columns change">
      <div className="stack">
        {phase === 'running' || phase === 'preparing' ? <Progress change={change} /> : null}
        {phase === 'over' ? <Outcome change={change} /> : null}
        {phase === 'waiting' && !isYours ? <NotYours change={change} /> : null}
        <RolloutPanel change={change} onDecided={onDecided} />
        <Verified change={change} />
        <Receipts change={change} />
        {change.output === null ? null : (
          <Panel title="Output" tone="foreign">
            <Code text={change.output} label="Output, as the host gave it" wrap />
          </Panel>
        )}
        {plan.steps.length === 0 ? null : (
          <WhatRan title={phase === 'over' ? 'What was to run' : 'What runs'} steps={plan.steps} />
        )}
        {plan.inverse === null ? (
          plan.steps.length === 0 ? null : (
            <NoWayBack why={plan.irreversible} />
          )
        ) : (
          <WhatRan title="Undo" steps={plan.inverse} />
        )}
        <Preconditions
          preconditions={plan.preconditions}
          all={change.targets.length}
          isOver={phase === 'over'}
        />
      </div>
      <div className="stack">
        <Approvals change={change} />
        <ProofOf change={change} />
        <Asked change={change} tainted={false} digest={change.digest} />
        <PolicySays decision={change.decision} />
      </div>
    </div>
  );
}

function NoWayBack({ why }: { readonly why: string | null }): ReactNode {
  return (
    <Panel
      title={why === null ? 'Nothing to undo' : 'It cannot be undone'}
      tone={why === null ? 'plain' : 'warn'}
    >
      <p>{why === null ? 'It leaves no state behind.' : sentence(why)}</p>
    </Panel>
  );
}
