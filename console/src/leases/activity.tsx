/** What assistants asked for: over time, by caller, by operation, and what was refused. Told from the event log. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAsk } from '../api/index.ts';
import {
  Badge,
  type Column,
  Empty,
  ErrorPanel,
  Panel,
  Select,
  Skeleton,
  Table,
  Time,
} from '../kit/index.ts';
import { capabilitiesByName } from '../openapi/openapi.ts';
import { useOperations } from '../openapi/use-openapi.ts';
import { Who } from '../parts/who.tsx';
import { type Lease, usageOf } from './lease.ts';

export type Activity = {
  readonly from: string;
  readonly until: string;
  readonly complete: boolean;
  readonly calls: number;
  readonly buckets: readonly {
    readonly at: string;
    readonly done: number;
    readonly failed: number;
    readonly refused: number;
  }[];
  readonly callers: readonly {
    readonly principal: string;
    readonly onBehalfOf: string | null;
    readonly surface: string;
    readonly calls: number;
    readonly done: number;
    readonly failed: number;
    readonly refused: number;
    readonly denied: number;
    readonly lastAt: string;
    readonly lastOperation: string;
    readonly operations: readonly {
      readonly operation: string;
      readonly calls: number;
      readonly done: number;
      readonly failed: number;
      readonly refused: number;
      readonly denied: number;
      readonly lastAt: string;
    }[];
    readonly faults: readonly {
      readonly fault: string;
      readonly count: number;
      readonly lastAt: string;
    }[];
  }[];
};

const NO_LABELS: ReadonlyMap<string, string> = new Map();

export function ActivityView({
  hours,
  onHours,
  lease,
  labels = NO_LABELS,
}: {
  readonly hours: string;
  readonly onHours: (hours: string) => void;
  readonly lease?: Lease;
  /** Of leases, by id. */
  readonly labels?: ReadonlyMap<string, string>;
}): ReactNode {
  const { data, error, isPending, refetch } = useAsk<Activity>(
    'assistant_activity',
    { hours: Number(hours), ...(lease === undefined ? {} : { principal: `lease:${lease.id}` }) },
    [],
    { keep: true, everyMs: 30_000 },
  );
  const [only] = data?.callers ?? [];
  return (
    <div className="stack">
      <div className="filters">
        <Select
          label="Over"
          value={hours}
          onChange={onHours}
          options={[
            ['1', 'The last hour'],
            ['24', 'The last day'],
            ['168', 'The last week'],
            ['720', 'The last 30 days'],
          ]}
        />
      </div>
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      {isPending ? (
        <Skeleton rows={8} />
      ) : data === undefined ? null : data.calls === 0 ? (
        <Panel>
          <Empty title="Nothing was asked in this time" icon="assistants">
            Every call of an assistant shows here with what came of it, allowed or refused.
          </Empty>
        </Panel>
      ) : (
        <>
          <Panel
            title={data.calls === 1 ? 'One call' : `${data.calls} calls`}
            aside={
              data.complete ? undefined : <Badge tone="warn">older calls were not counted</Badge>
            }
          >
            <Bars activity={data} />
          </Panel>
          {lease === undefined ? <Callers activity={data} labels={labels} /> : null}
          {lease === undefined || only === undefined ? null : (
            <>
              <UsagePanel lease={lease} operations={only.operations} />
              <Operations operations={only.operations} />
            </>
          )}
          <Faults activity={data} />
        </>
      )}
    </div>
  );
}

/** One bar for each piece of time: done below, refused and failed above it. */
function Bars({ activity: { buckets, from, until } }: { readonly activity: Activity }): ReactNode {
  const most = Math.max(1, ...buckets.map(({ done, failed, refused }) => done + failed + refused));
  const width = 100 / buckets.length;
  const total = (name: 'done' | 'failed' | 'refused'): number =>
    buckets.reduce((sum, bucket) => sum + bucket[name], 0);
  const says = `${total('done')} done, ${total('refused')} refused, ${total('failed')} failed`;
  return (
    <figure className="stack">
      <svg
        className="activity-bars"
        viewBox="0 0 100 40"
        preserveAspectRatio="none"
        role="img"
        aria-label={says}
      >
        {buckets.map(({ at, done, failed, refused }, i) => {
          const scaled = [done, refused, failed].map((count) => (count / most) * 38);
          const [low = 0, middle = 0, high = 0] = scaled;
          const x = i * width + width * 0.12;
          const bar = { x, width: width * 0.76 };
          return (
            <g key={at}>
              <rect {...bar} className="bar-done" y={40 - low} height={low} />
              <rect {...bar} className="bar-refused" y={40 - low - middle} height={middle} />
              <rect {...bar} className="bar-failed" y={40 - low - middle - high} height={high} />
            </g>
          );
        })}
      </svg>
      <figcaption className="activity-legend quiet small">
        <Time at={from} form="relative" />
        <span className="row">
          <span className="legend-done">done {total('done')}</span>
          <span className="legend-refused">refused {total('refused')}</span>
          <span className="legend-failed">failed {total('failed')}</span>
        </span>
        <Time at={until} form="relative" />
      </figcaption>
    </figure>
  );
}

function count<Row>(header: string, of: (row: Row) => number): Column<Row> {
  return {
    id: header,
    header,
    width: '90px',
    align: 'end',
    cell: (row) => <span className="number">{of(row).toLocaleString('en')}</span>,
  };
}

function Callers({
  activity: { callers },
  labels,
}: {
  readonly activity: Activity;
  readonly labels: ReadonlyMap<string, string>;
}): ReactNode {
  return (
    <Panel title="By caller" flush>
      <Table
        label="Assistants, last used first"
        rows={callers}
        rowKey={({ principal }) => principal}
        columns={[
          {
            id: 'principal',
            header: 'Caller',
            cell: ({ principal, onBehalfOf }) => {
              const id = /^lease:(.+)$/.exec(principal)?.[1];
              return (
                <Who principal={principal} onBehalfOf={onBehalfOf}>
                  {id === undefined ? undefined : (
                    <Link className="row-link" to="/assistants" search={{ lease: id } as never}>
                      <bdi>{labels.get(id) ?? principal}</bdi>
                    </Link>
                  )}
                </Who>
              );
            },
          },
          {
            id: 'surface',
            header: 'Through',
            width: '100px',
            wide: true,
            cell: ({ surface }) => surface,
          },
          count('Calls', ({ calls }: { readonly calls: number }) => calls),
          count('Refused', ({ refused }: { readonly refused: number }) => refused),
          count('Failed', ({ failed }: { readonly failed: number }) => failed),
          {
            id: 'last',
            header: 'Last',
            width: '220px',
            cell: ({ lastAt, lastOperation }) => (
              <>
                <code>{lastOperation}</code> <Time at={lastAt} form="relative" />
              </>
            ),
          },
          {
            id: 'log',
            header: 'Log',
            width: '110px',
            cell: ({ principal }) => (
              <Link to="/evidence" search={{ who: principal, show: 'all' } as never}>
                Requests
              </Link>
            ),
          },
        ]}
      />
    </Panel>
  );
}

type Operation = Activity['callers'][number]['operations'][number];

function Operations({ operations }: { readonly operations: readonly Operation[] }): ReactNode {
  return (
    <Panel title="By operation" flush>
      <Table
        label="Operations, most asked first"
        rows={operations}
        rowKey={({ operation }) => operation}
        columns={[
          {
            id: 'operation',
            header: 'Operation',
            cell: ({ operation }) => <code>{operation}</code>,
          },
          count('Calls', ({ calls }: { readonly calls: number }) => calls),
          count('Refused', ({ refused }: { readonly refused: number }) => refused),
          { ...count('Denied', ({ denied }: { readonly denied: number }) => denied), wide: true },
          count('Failed', ({ failed }: { readonly failed: number }) => failed),
          {
            id: 'last',
            header: 'Last',
            width: '130px',
            cell: ({ lastAt }) => <Time at={lastAt} form="relative" />,
          },
        ]}
      />
    </Panel>
  );
}

function UsagePanel({
  lease,
  operations,
}: {
  readonly lease: Lease;
  readonly operations: readonly Operation[];
}): ReactNode {
  const { data } = useOperations();
  if (data === undefined) return null;
  const usage = usageOf(lease.capabilities, operations, capabilitiesByName(data));
  const idle = usage.filter(({ calls, isHeld }) => isHeld && calls === 0);
  return (
    <Panel title="What it holds, and what it used">
      <div className="stack">
        <ul className="row">
          {usage
            .filter(({ calls }) => calls > 0)
            .map(({ capability, calls, isHeld }) => (
              <li key={capability}>
                <Badge tone={isHeld ? 'good' : 'bad'} title={isHeld ? 'held' : 'not held: refused'}>
                  {capability} {calls}
                </Badge>
              </li>
            ))}
        </ul>
        {idle.length === 0 ? null : (
          <p className="quiet small">
            Held and not used in this time: {idle.map(({ capability }) => capability).join(', ')}. A
            narrower profile would do next time, if this is all it is for.
          </p>
        )}
      </div>
    </Panel>
  );
}

function Faults({ activity: { callers } }: { readonly activity: Activity }): ReactNode {
  const faults = callers.flatMap(({ principal, faults: those }) =>
    those.map((fault) => ({ principal, ...fault })),
  );
  return (
    <Panel title="What was refused or failed" flush={faults.length > 0}>
      {faults.length === 0 ? (
        <p className="quiet">Nothing, in this time.</p>
      ) : (
        <Table
          label="Faults, most frequent first"
          rows={faults.toSorted((a, b) => b.count - a.count)}
          rowKey={({ principal, fault }) => `${principal} ${fault}`}
          columns={[
            { id: 'fault', header: 'Code', cell: ({ fault }) => <code>{fault}</code> },
            { id: 'principal', header: 'Caller', cell: ({ principal }) => <bdi>{principal}</bdi> },
            count('Times', ({ count: times }: { readonly count: number }) => times),
            {
              id: 'last',
              header: 'Last',
              width: '130px',
              cell: ({ lastAt }) => <Time at={lastAt} form="relative" />,
            },
          ]}
        />
      )}
    </Panel>
  );
}
