/** One target: what is known of it at a moment, how well, what differs, what was done, and by whom. */
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAsk, useMay } from '../api/index.ts';
import type { CoverageRow, FleetPageAnswer, ListRow } from '../fleet/answers.ts';
import { Differences } from '../fleet/differences.tsx';
import { question } from '../fleet/moment.ts';
import { Coverage, FindingCounts, FleetStateBadge } from '../fleet/state.tsx';
import { TargetFacts } from '../fleet/target-facts.tsx';
import {
  TargetActivity,
  TargetChanges,
  TargetDrift,
  TargetServices,
  TargetTrails,
} from '../fleet/target-parts.tsx';
import { TimeSlider } from '../fleet/time-slider.tsx';
import { useMoment } from '../fleet/use-moment.ts';
import {
  ErrorPanel,
  Facts,
  Foreign,
  LinkButton,
  Page,
  Panel,
  SeverityBadge,
  Skeleton,
  Tabs,
  Time,
} from '../kit/index.ts';
import { useView } from '../use-view.ts';
import '../fleet/fleet.css';

const VIEW = { tab: 'facts', kind: '', text: '', sort: 'service', show: 'matters' } as const;

type Summary = {
  readonly facts: number;
  readonly entities: Readonly<Record<string, number>>;
  readonly odd: readonly {
    readonly severity: string;
    readonly entity: string;
    readonly says: string;
  }[];
  readonly notSeen: readonly CoverageRow[];
};

export function TargetPage(): ReactNode {
  const { id } = useParams({ strict: false }) as { readonly id: string };
  const [view, set] = useView<keyof typeof VIEW>(VIEW);
  const moment = useMoment();
  const seesEvents = useMay('events.read');
  const at = question(moment.chosen);
  const list = useAsk<FleetPageAnswer>(
    'fleet_list',
    { ...at, text: id, counts: false },
    ['facts', 'findings', 'targets'],
    { keep: true },
  );
  const summary = useAsk<Summary>('target_summary', { ...at, target: id }, ['facts'], {
    keep: true,
  });
  const row = list.data?.rows.find(({ target }) => target === id);
  const tabs = [
    {
      id: 'facts',
      name: 'Facts',
      body: (
        <TargetFacts
          target={id}
          moment={moment}
          kinds={summary.data?.entities ?? {}}
          kind={view.kind}
          text={view.text}
          set={set}
        />
      ),
    },
    { id: 'drift', name: 'Drift', body: <TargetDrift target={id} isPast={moment.isPast} /> },
    { id: 'changes', name: 'Changes', body: <TargetChanges target={id} /> },
    {
      id: 'services',
      name: 'Services',
      body: (
        <TargetServices
          target={id}
          moment={moment}
          sort={view.sort}
          onSort={(sort) => set({ sort })}
        />
      ),
    },
    { id: 'logs', name: 'Logs', body: <TargetTrails target={id} moment={moment} /> },
    ...(seesEvents
      ? [
          {
            id: 'activity',
            name: 'Activity',
            body: <TargetActivity target={id} show={view.show} onShow={(show) => set({ show })} />,
          },
        ]
      : []),
  ];
  return (
    <Page
      title={id}
      lead={
        row === undefined
          ? 'A target of the inventory'
          : `${row.hostType}, ${row.environment}, ${row.scope}`
      }
      actions={
        <LinkButton to="/fleet/map" search={{ ...moment.carried, focus: id } as never}>
          On the map
        </LinkButton>
      }
    >
      <TimeSlider moment={moment} target={id} canCompare />
      {summary.error === null ? null : (
        <ErrorPanel error={summary.error} retry={() => void summary.refetch()} />
      )}
      <div className="overview-columns">
        <Panel
          title="Target"
          aside={row === undefined ? null : <FleetStateBadge state={row.state} />}
        >
          {row === undefined ? <Skeleton rows={6} /> : <Profile row={row} />}
        </Panel>
        <Panel
          title="Worth a look"
          aside={summary.data === undefined ? null : `${summary.data.odd.length}`}
        >
          {summary.data === undefined ? (
            <Skeleton rows={6} />
          ) : (
            <Odd summary={summary.data} target={id} />
          )}
        </Panel>
      </div>
      {moment.versus === '' ? (
        <Tabs
          label={`Parts of ${id}`}
          value={tabs.some((tab) => tab.id === view.tab) ? view.tab : 'facts'}
          onChange={(tab) => set({ tab }, { push: true })}
          tabs={tabs}
        />
      ) : (
        <Differences moment={moment} target={id} />
      )}
    </Page>
  );
}

function Profile({ row }: { readonly row: ListRow }): ReactNode {
  const { target, seenAt, kinds, reason, findings, os, kernel, address, transport } = row;
  return (
    <Facts
      facts={[
        ['Seen', <Time key="seen" at={seenAt} />],
        [
          'Coverage',
          <span key="coverage">
            <Coverage kinds={kinds} />
            {reason === null ? null : (
              <>
                {' '}
                <Foreign text={reason} from={target} />
              </>
            )}
          </span>,
        ],
        ['Findings', <FindingCounts key="findings" findings={findings} />],
        ['System', os === null ? 'not known' : <Foreign key="os" text={os} from={target} />],
        [
          'Kernel',
          kernel === null ? 'not known' : <Foreign key="kernel" text={kernel} from={target} />,
        ],
        ['Reached by', address === null ? transport : `${transport}, ${address}`],
        ['Criticality', row.criticality],
        ['Owner', row.owner ?? 'nobody'],
        ['Tags', row.tags.length === 0 ? 'none' : row.tags.join(', ')],
        ...(row.redundancySet === null ? [] : [['Stands in for', row.redundancySet] as const]),
      ]}
    />
  );
}

const ODD = 8;

function Odd({
  summary,
  target,
}: {
  readonly summary: Summary;
  readonly target: string;
}): ReactNode {
  const { odd, notSeen, facts } = summary;
  return (
    <>
      {odd.length === 0 ? (
        <p>
          Nothing in {facts.toLocaleString('en')} facts stands out by itself
          {notSeen.length === 0 ? '.' : ', and not all of it was seen.'}
        </p>
      ) : (
        <ul className="plain-list odd-list">
          {odd.slice(0, ODD).map(({ severity, entity, says }) => (
            <li key={`${entity} ${says}`}>
              <SeverityBadge severity={severity} /> <Foreign text={says} from={target} />
            </li>
          ))}
        </ul>
      )}
      {odd.length > ODD ? <p className="quiet small">and {odd.length - ODD} more</p> : null}
      {notSeen.length === 0 ? null : (
        <p className="quiet small">
          Not seen whole:{' '}
          {notSeen
            .slice(0, 12)
            .map(({ kind, status }) => `${kind} (${status})`)
            .join(', ')}
          {notSeen.length > 12 ? ' and more' : ''}
        </p>
      )}
    </>
  );
}
