/**
 * Every change, newest first. Also the pattern of a list page: columns outside the component, what is shown in the
 * address (`useView`), states for asking, failing and nothing.
 */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useAsk } from '../api/index.ts';
import {
  Choice,
  type Column,
  Empty,
  ErrorPanel,
  Field,
  Page,
  Panel,
  Skeleton,
  StateBadge,
  Table,
  TierBadge,
  Time,
} from '../kit/index.ts';
import { useView } from '../use-view.ts';

type Change = {
  readonly changeId: string;
  readonly action: string;
  readonly state: string;
  readonly tier: string | null;
  readonly targets: readonly string[];
  readonly requestedBy: string;
  readonly createdAt: string;
};

const COLUMNS: readonly Column<Change>[] = [
  {
    id: 'action',
    header: 'Action',
    sort: (change) => change.action,
    cell: (change) => (
      <Link className="row-link" to="/changes/$id" params={{ id: change.changeId } as never}>
        <bdi>{change.action}</bdi>
      </Link>
    ),
  },
  {
    id: 'state',
    header: 'State',
    width: '170px',
    sort: (change) => change.state,
    cell: (change) => <StateBadge state={change.state} />,
  },
  {
    id: 'tier',
    header: 'Tier',
    width: '80px',
    sort: (change) => change.tier ?? '',
    cell: (change) => <TierBadge tier={change.tier} />,
  },
  {
    id: 'targets',
    header: 'Targets',
    cell: (change) => <bdi>{change.targets.join(', ')}</bdi>,
  },
  {
    id: 'by',
    header: 'Asked by',
    wide: true,
    sort: (change) => change.requestedBy,
    cell: (change) => <bdi>{change.requestedBy}</bdi>,
  },
  {
    id: 'created',
    header: 'Asked',
    width: '130px',
    sort: (change) => Date.parse(change.createdAt),
    cell: (change) => <Time at={change.createdAt} form="relative" />,
  },
];

export function ChangesPage(): ReactNode {
  const [view, setView] = useView({ show: 'all', find: '', sort: '-created' });
  const pending = view.show === 'pending';
  const { data, error, isPending, refetch } = useAsk<{ readonly changes: readonly Change[] }>(
    'changes_list',
    pending ? { pending: true, limit: 200 } : { limit: 200 },
    ['changes'],
    { keep: true },
  );
  const rows = useMemo(() => {
    const find = view.find.toLowerCase();
    return (data?.changes ?? []).filter((change) =>
      `${change.action} ${change.targets.join(' ')} ${change.requestedBy}`
        .toLowerCase()
        .includes(find),
    );
  }, [data, view.find]);
  return (
    <Page title="Changes" lead="What was asked for, what became of it, and the proof.">
      <div className="filters" data-filter>
        <Field
          label="Find"
          value={view.find}
          onChange={(find) => setView({ find })}
          placeholder="Action, target or person"
        />
        <Choice
          label="Which changes"
          value={view.show}
          onChange={(show) => setView({ show }, { push: true })}
          options={[
            ['all', 'All'],
            ['pending', 'Waiting'],
          ]}
        />
      </div>
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      <Panel flush>
        {isPending ? (
          <Skeleton rows={8} />
        ) : (
          <Table
            label="Changes"
            rows={rows}
            columns={COLUMNS}
            rowKey={(change) => change.changeId}
            sort={view.sort}
            onSort={(sort) => setView({ sort })}
            empty={
              <Empty title="No changes" icon="changes">
                {data?.changes.length === 0
                  ? 'An assistant, or you, proposes one with run_action; it then waits here for a signature.'
                  : 'None fits this filter.'}
              </Empty>
            }
          />
        )}
      </Panel>
    </Page>
  );
}
