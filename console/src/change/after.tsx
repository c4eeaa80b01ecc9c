/** What became of a change: its progress, the receipts of the hosts, what was verified, and the proof to keep. */
import type { ReactNode } from 'react';
import { Visible } from '../kit/foreign.tsx';
import {
  AssuranceBadge,
  Badge,
  type Column,
  Panel,
  StateBadge,
  sentence,
  Table,
  Time,
} from '../kit/index.ts';
import type { ChangeView, Receipt } from './shapes.ts';

export function Progress({ change }: { readonly change: ChangeView }): ReactNode {
  const forward = change.receipts.filter(({ direction }) => direction === 'forward');
  const steps = change.plan.steps.length;
  const done = Math.min(forward.length, steps);
  return (
    <Panel title="It runs" tone="info" aside={<StateBadge state={change.state} tone="info" />}>
      <label className="progress">
        <span>
          {done} of {steps} {steps === 1 ? 'step has' : 'steps have'} a receipt
        </span>
        <progress max={Math.max(steps, 1)} value={done} />
      </label>
      <p role="status">{sentence(change.next)}</p>
    </Panel>
  );
}

export function Outcome({ change }: { readonly change: ChangeView }): ReactNode {
  const { outcome, state, next } = change;
  const good = state === 'confirmed' || (state === 'closed' && outcome === null);
  const bad = state === 'failed' || state === 'ambiguous' || state === 'refused';
  return (
    <Panel
      title={TITLES[state] ?? 'It is over'}
      tone={good ? 'good' : bad ? 'bad' : 'plain'}
      aside={<StateBadge state={state} tone={good ? 'good' : bad ? 'bad' : 'plain'} />}
    >
      {outcome === null && state === 'refused' ? (
        <p role="status">
          <Visible text={sentence(change.decision.says)} />
        </p>
      ) : null}
      {outcome === null ? null : (
        <p role="status">
          <Visible text={sentence(outcome.says)} />
          <span className="quiet">
            {' · '}
            <Time at={outcome.at} />
          </span>
        </p>
      )}
      <p>{sentence(next)}.</p>
    </Panel>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  confirmed: 'Done, and verified',
  failed: 'It failed',
  ambiguous: 'It is not known what happened',
  closed: 'Closed',
  refused: 'Refused',
  expired: 'Nobody decided in time',
  cancelled: 'Cancelled before it ran',
  'rolled-back': 'Rolled back',
};

export function Approvals({ change }: { readonly change: ChangeView }): ReactNode {
  if (change.approvals.length === 0) return null;
  return (
    <Panel title="Signed by">
      <ul className="signed-by">
        {change.approvals.map(({ operator, assurance, at, samePersonAsRequester }) => (
          <li key={operator}>
            <strong>
              <bdi>{operator}</bdi>
            </strong>
            <AssuranceBadge assurance={assurance} />
            {samePersonAsRequester ? <Badge tone="warn">asked for it as well</Badge> : null}
            <Time at={at} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Verified({ change }: { readonly change: ChangeView }): ReactNode {
  const { verification } = change;
  if (verification.length === 0) return null;
  const broken = verification.filter(({ held }) => !held);
  const held = verification.filter((each) => each.held);
  // What does not hold is read first; of many that hold, that they do.
  const isMany = held.length > MOST_HELD;
  return (
    <Panel title="Verification">
      <Checks checks={isMany ? broken : [...broken, ...held]} />
      {isMany ? (
        <details>
          <summary>
            {broken.length === 0 ? 'All' : held.length}{' '}
            {broken.length === 0 ? held.length : 'other'} checks hold
          </summary>
          <Checks checks={held} />
        </details>
      ) : null}
    </Panel>
  );
}

const MOST_HELD = 6;

function Checks({ checks }: { readonly checks: ChangeView['verification'] }): ReactNode {
  if (checks.length === 0) return null;
  return (
    <ul className="checks">
      {checks.map(({ says, held }, at) => (
        <li key={at}>
          <Badge tone={held ? 'good' : 'bad'}>{held ? 'holds' : 'does not hold'}</Badge>
          <span>
            <Visible text={says} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const RECEIPTS: readonly Column<Receipt>[] = [
  {
    id: 'target',
    header: 'Target',
    cell: (receipt) => (
      <>
        <bdi>{receipt.target}</bdi>
        {receipt.direction === 'inverse' ? <span className="quiet"> (undo)</span> : null}
      </>
    ),
  },
  { id: 'step', header: 'Step', width: '60px', align: 'end', cell: (receipt) => receipt.step },
  {
    id: 'result',
    header: 'Result',
    width: '150px',
    cell: (receipt) => (
      <Badge tone={receipt.result === 'exited' && receipt.status === 0 ? 'good' : 'bad'}>
        {receipt.result} {receipt.status}
      </Badge>
    ),
  },
  {
    id: 'ended',
    header: 'Ended',
    width: '210px',
    cell: (receipt) => <Time at={receipt.endedAt} form="utc" />,
  },
  {
    id: 'number',
    header: 'Receipt',
    width: '90px',
    align: 'end',
    wide: true,
    cell: (receipt) => `#${receipt.number}`,
  },
  {
    id: 'output',
    header: 'Output',
    width: '130px',
    wide: true,
    cell: (receipt) => (
      <span title={`sha256:${receipt.stdout.sha256}`}>
        {receipt.stdout.length + receipt.stderr.length} bytes
      </span>
    ),
  },
];

export function Receipts({ change }: { readonly change: ChangeView }): ReactNode {
  if (change.receipts.length === 0) return null;
  return (
    <Panel title="Receipts" aside="signed by the hosts, in a chain of their own" flush>
      <Table
        label="Receipts"
        rows={change.receipts}
        columns={RECEIPTS}
        rowKey={(receipt) =>
          `${receipt.target} ${receipt.number} ${receipt.step} ${receipt.direction}`
        }
      />
    </Panel>
  );
}
