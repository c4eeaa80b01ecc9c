/**
 * Every change, newest first. Also the pattern of a list page: columns outside the component, what is shown in the
 * address (`useView`), states for asking, failing and nothing.
 */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useAsk } from '../api/index.ts';
import { actionName } from '../change/shapes.ts';
import {
  type Change,
  isPart,
  type Progress,
  progressOf,
  shownOf,
  toneOf,
} from '../changes/list.ts';
import {
  Badge,
  Button,
  Choice,
  Code,
  type Column,
  Empty,
  ErrorPanel,
  Field,
  Foreign,
  LinkButton,
  Page,
  Panel,
  Select,
  Skeleton,
  StateBadge,
  Table,
  TierBadge,
  Time,
} from '../kit/index.ts';
import { TargetNames } from '../parts/target-names.tsx';
import { Who } from '../parts/who.tsx';
import { useView } from '../use-view.ts';
import '../changes/changes.css';

type Listed = { readonly changes: readonly Change[]; readonly next: string | null };

const PAGE = 100;
const LONG_REASON = 140;
/** While something runs, also without a hint. */
const EVERY_MS = 4_000;

const COLUMNS: readonly Column<Change>[] = [
  {
    id: 'action',
    header: 'Action',
    sort: (change) => change.action,
    cell: ({ changeId, action, reason, requestedBy, dryRun, undoes }) => (
      <>
        <Link className="row-link" to="/changes/$id" params={{ id: changeId } as never}>
          <bdi>{actionName(action)}</bdi>
        </Link>{' '}
        {dryRun ? <Badge mark={false}>dry run</Badge> : null}{' '}
        {undoes === null ? null : <Badge mark={false}>takes back</Badge>}
        <span className="change-reason">
          <Foreign text={reason.slice(0, LONG_REASON)} from={requestedBy} />
        </span>
      </>
    ),
  },
  {
    id: 'state',
    header: 'State',
    width: '170px',
    sort: (change) => change.state,
    cell: (change) => (
      <>
        <StateBadge state={change.state} tone={toneOf(change.state)} />
        <ProgressBar progress={progressOf(change)} isPaused={change.rollout?.paused != null} />
      </>
    ),
  },
  {
    id: 'tier',
    header: 'Tier',
    width: '70px',
    sort: (change) => change.tier ?? '',
    cell: (change) => <TierBadge tier={change.tier} />,
  },
  {
    id: 'targets',
    header: 'Targets',
    cell: ({ targets }) => <TargetNames targets={targets} />,
  },
  {
    id: 'by',
    header: 'Asked by',
    wide: true,
    sort: (change) => change.requestedBy,
    cell: ({ requestedBy, onBehalfOf }) => <Who principal={requestedBy} onBehalfOf={onBehalfOf} />,
  },
  {
    id: 'created',
    header: 'Asked',
    width: '110px',
    sort: (change) => Date.parse(change.createdAt),
    cell: (change) => <Time at={change.createdAt} form="relative" />,
  },
];

export function ChangesPage(): ReactNode {
  const [view, setView] = useView({
    show: 'all',
    find: '',
    tier: 'all',
    by: 'all',
    target: '',
    before: '',
    sort: '',
  });
  const part = isPart(view.show) ? view.show : 'all';
  const { data, error, isPending, refetch } = useAsk<Listed>(
    'changes_list',
    {
      limit: PAGE,
      ...(part === 'waiting' ? { pending: true } : {}),
      ...(view.target === '' ? {} : { target: view.target }),
      ...(view.before === '' ? {} : { before: view.before }),
    },
    ['changes'],
    { keep: true, everyMs: part === 'running' ? EVERY_MS : false },
  );
  const rows = useMemo(
    () => shownOf(data?.changes ?? [], { part, find: view.find, tier: view.tier, by: view.by }),
    [data, part, view.find, view.tier, view.by],
  );
  return (
    <Page
      title="Changes"
      lead="What was asked for, what became of it, and the proof."
      actions={<LinkButton to="/approvals">What waits for you</LinkButton>}
    >
      <div className="filters" data-filter>
        <Field
          label="Find"
          value={view.find}
          onChange={(find) => setView({ find })}
          placeholder="Action, target, person, reason"
        />
        <Choice
          label="Which changes"
          value={part}
          onChange={(show) => setView({ show, before: '' }, { push: true })}
          options={[
            ['all', 'All'],
            ['waiting', 'Waiting'],
            ['running', 'Running'],
            ['look', 'To look at'],
            ['done', 'Done'],
            ['not', 'Did not run'],
          ]}
        />
        <Select
          label="Tier"
          value={view.tier}
          onChange={(tier) => setView({ tier })}
          options={['all', 'T0', 'T1', 'T2', 'T3'].map((tier) => [
            tier,
            tier === 'all' ? 'All' : tier,
          ])}
        />
        <Select
          label="Asked by"
          value={view.by}
          onChange={(by) => setView({ by })}
          options={[
            ['all', 'Anybody'],
            ['assistants', 'Assistants'],
            ['people', 'People'],
          ]}
        />
        <Field
          label="Target"
          value={view.target}
          onChange={(target) => setView({ target, before: '' })}
          placeholder="host:web-1"
        />
      </div>
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      <Panel flush>
        {isPending ? (
          <Skeleton rows={8} />
        ) : (
          <Table
            label="Changes, newest first"
            rows={rows}
            columns={COLUMNS}
            rowKey={(change) => change.changeId}
            sort={view.sort}
            onSort={(sort) => setView({ sort })}
            empty={
              <Nothing
                isFiltered={(data?.changes.length ?? 0) > 0 || part !== 'all' || view.target !== ''}
              />
            }
          />
        )}
      </Panel>
      <div className="row">
        {view.before === '' ? null : (
          <Button onPress={() => setView({ before: '' })}>Newest</Button>
        )}
        {data?.next == null ? null : (
          <Button onPress={() => setView({ before: data.next ?? '' }, { push: true })}>
            Older
          </Button>
        )}
      </div>
    </Page>
  );
}

function ProgressBar({
  progress,
  isPaused,
}: {
  readonly progress: Progress | null;
  readonly isPaused: boolean;
}): ReactNode {
  if (progress === null) return null;
  const { done, failed, all } = progress;
  const says = `${done} of ${all}${failed === 0 ? '' : `, ${failed} failed`}${isPaused ? ', paused' : ''}`;
  return (
    <span className="change-progress">
      <span className="change-progress-bar" aria-hidden="true">
        <span className="change-progress-done" style={{ inlineSize: `${(done / all) * 100}%` }} />
        <span
          className="change-progress-failed"
          style={{ inlineSize: `${(failed / all) * 100}%` }}
        />
      </span>
      <span className="quiet small">{says}</span>
    </span>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  if (isFiltered)
    return (
      <Empty title="None fits this filter" icon="search">
        Clear a filter, or look further back.
      </Empty>
    );
  return (
    <Empty
      title="Nothing was asked for yet"
      icon="changes"
      action={
        <LinkButton to="/assistants" search={{ part: 'connect' } as never}>
          Connect an assistant
        </LinkButton>
      }
    >
      <p>
        An assistant, or you at a terminal, proposes a change; nothing runs before a person has seen
        exactly what would run, and signed it. At a terminal:
      </p>
      <Code
        label="Propose a change"
        wrap
        text={'holdfast run host:web-1 --reason "it is down" systemctl restart nginx'}
      />
    </Empty>
  );
}
