/** The way back: which actions would do it, and proposing them. A person signs each change on its own page. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ask, asProblem, type Json, markTopics, type Problem, useAsk } from '../api/index.ts';
import { queryClient } from '../api/query-client.ts';
import {
  Button,
  Dialog,
  ErrorPanel,
  Field,
  Foreign,
  Skeleton,
  StateBadge,
  TierBadge,
} from '../kit/index.ts';

type Way = {
  readonly action: string;
  readonly tier: string;
  readonly summary: string;
  readonly arguments: Readonly<Record<string, Json>>;
};
export type Ways = {
  readonly ways: readonly {
    readonly finding: string;
    readonly target: string;
    readonly ways: readonly Way[];
  }[];
  readonly left: readonly {
    readonly finding: string;
    readonly target: string | null;
    readonly says: string;
    readonly remediation: string | null;
  }[];
};
type Converged = {
  readonly changes: readonly {
    readonly changeId: string;
    readonly action: string;
    readonly state: string;
    readonly tier: string | null;
    readonly targets: readonly string[];
    readonly next: string;
  }[];
  readonly left: Ways['left'];
};

export function ConvergeDialog({
  findings,
  isOpen,
  onClose,
}: {
  readonly findings: readonly string[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const asked = useAsk<Ways>('way_back', { findings }, ['findings'], {
    enabled: isOpen && findings.length > 0,
  });
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const [made, setMade] = useState<Converged>();
  const close = (): void => {
    setMade(undefined);
    setProblem(undefined);
    onClose();
  };
  const propose = async (): Promise<void> => {
    setActing(true);
    setProblem(undefined);
    try {
      const more = reason.trim() === '' ? {} : { reason: reason.trim() };
      const able = asked.data?.ways.map(({ finding }) => finding) ?? [];
      setMade(await ask<Converged>('drift_converge', { findings: able, ...more }));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
      void markTopics(queryClient, ['changes', 'findings']);
    }
  };
  const able = asked.data?.ways ?? [];
  return (
    <Dialog title="The way back" isOpen={isOpen} onClose={close} wide>
      {asked.isPending ? <Skeleton rows={3} /> : null}
      {asked.error === null ? null : <ErrorPanel error={asked.error} />}
      {made === undefined ? <Planned ways={asked.data} /> : <Made made={made} />}
      {made === undefined && able.length > 0 ? (
        <>
          <Field
            label="Reason"
            help="For the person who signs. The findings are named in any case."
            value={reason}
            onChange={setReason}
            maxLength={1_000}
          />
          <p className="quiet small">
            Proposing changes nothing: each change waits for a signature on its own page, with what
            exactly would run.
          </p>
        </>
      ) : null}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div className="dialog-actions">
        <Button onPress={close}>{made === undefined ? 'Keep as it is' : 'Close'}</Button>
        {made === undefined ? (
          <Button
            look="primary"
            isDisabled={able.length === 0}
            isPending={isActing}
            onPress={() => void propose()}
          >
            Propose
          </Button>
        ) : null}
      </div>
    </Dialog>
  );
}

export function Planned({ ways }: { readonly ways: Ways | undefined }): ReactNode {
  if (ways === undefined) return null;
  return (
    <div className="stack">
      {ways.ways.map(({ finding, target, ways: [first, ...others] }) =>
        first === undefined ? null : (
          <div key={finding} className="stack">
            <div className="row">
              <TierBadge tier={first.tier} />
              <code>{first.action}</code>
              <bdi className="quiet">on {target}</bdi>
            </div>
            <p>{first.summary}</p>
            <Arguments of={first.arguments} />
            {others.length === 0 ? null : (
              <p className="quiet small">
                It could also be done by {others.map(({ action }) => action).join(', ')}.
              </p>
            )}
          </div>
        ),
      )}
      <Left left={ways.left} />
    </div>
  );
}

function Arguments({ of }: { readonly of: Readonly<Record<string, Json>> }): ReactNode {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <dl className="versus small">
      {entries.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>
            <Foreign
              text={typeof value === 'string' ? value : JSON.stringify(value)}
              from="the finding"
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Left({ left }: { readonly left: Ways['left'] }): ReactNode {
  if (left.length === 0) return null;
  return (
    <div className="stack">
      <h3>Nothing of ours takes back</h3>
      <ul className="stack small">
        {left.map(({ finding, target, says, remediation }) => (
          <li key={finding}>
            <bdi>{target ?? finding}</bdi>: <bdi>{says}</bdi>
            {remediation === null ? null : (
              <>
                {' '}
                <Foreign text={remediation} from="the declaration" />
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Made({ made }: { readonly made: Converged }): ReactNode {
  return (
    <div className="stack">
      <p>
        {made.changes.length === 1
          ? 'One change was proposed.'
          : `${made.changes.length} changes were proposed.`}
      </p>
      <ul className="stack">
        {made.changes.map(({ changeId, action, state, tier, targets }) => (
          <li key={changeId} className="row">
            <TierBadge tier={tier} />
            <Link to="/changes/$id" params={{ id: changeId } as never}>
              {action}
            </Link>
            <bdi className="quiet">on {targets.join(', ')}</bdi>
            <StateBadge state={state} />
          </li>
        ))}
      </ul>
      <Left left={made.left} />
    </div>
  );
}
