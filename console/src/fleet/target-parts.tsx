/** Parts of a target's page: what differs, what was changed, its services, its trails, and who asked for what. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Json, useAsk } from '../api/index.ts';
import { actionName } from '../change/shapes.ts';
import { EVENT_VIEW, EventTable, type Listed, questionOf, SHOWS } from '../evidence/events.tsx';
import {
  Badge,
  Button,
  Empty,
  ErrorPanel,
  Foreign,
  LinkButton,
  Panel,
  Select,
  SeverityBadge,
  Skeleton,
  StateBadge,
  Table,
  TierBadge,
  Time,
} from '../kit/index.ts';
import type { ChangeLine, FactsAnswer } from './answers.ts';
import { Value } from './differences.tsx';
import { attributesOf, type Entity, entitiesOf } from './entities.ts';
import { question } from './moment.ts';
import type { MomentView } from './use-moment.ts';
import '../evidence/evidence.css';
import '../link-button.css';

type Finding = {
  readonly id: string;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  readonly observed: Json;
  readonly desired: Json;
  readonly firstSeen: string;
};
type Drift = {
  readonly findings: readonly Finding[];
  readonly scores: readonly { readonly target: string | null; readonly score: number }[];
  readonly next?: string;
};

export function TargetDrift({
  target,
  isPast,
}: {
  readonly target: string;
  readonly isPast: boolean;
}): ReactNode {
  const { data, error, isPending, refetch } = useAsk<Drift>('drift_scan', { target }, [
    'findings',
    'facts',
  ]);
  if (error !== null) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton rows={6} label="Comparing with what is declared" />;
  const score = data.scores.find((each) => each.target === target)?.score;
  return (
    <Panel
      title="What differs from what is declared"
      flush
      aside={
        <>
          {isPast ? 'as it is now, not at the moment above' : ''}
          {score === undefined ? '' : ` ${score} of 100 holds`}
        </>
      }
    >
      {data.findings.length === 0 ? (
        <Empty
          title={data.next === undefined ? 'All of it is as declared' : 'Nothing is declared of it'}
        >
          <p>
            {data.next === undefined
              ? 'What could not be seen would stand here as unknown.'
              : 'So nothing can differ. Bless a baseline, or name other sources of what should be.'}
          </p>
        </Empty>
      ) : (
        <ul className="lines">
          {data.findings.map((finding) => (
            <li key={finding.id}>
              <Link className="line-main" to="/findings/$id" params={{ id: finding.id } as never}>
                <Foreign text={finding.entity} from={target} />{' '}
                {finding.attribute === '*' ? '' : finding.attribute}
              </Link>
              <span className="line-badges">
                <SeverityBadge severity={finding.severity} />
                <StateBadge state={finding.status} />
              </span>
              <span className="line-under">
                {finding.kind}: is <Value value={finding.observed} from={target} />, should be{' '}
                <Value value={finding.desired} from={target} />{' '}
                <span className="quiet small">
                  since <Time at={finding.firstSeen} form="relative" />
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function TargetChanges({ target }: { readonly target: string }): ReactNode {
  const { data, error, isPending, refetch } = useAsk<{ readonly changes: readonly ChangeLine[] }>(
    'changes_list',
    { target, limit: 50 },
    ['changes'],
  );
  if (error !== null) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton rows={6} label="Loading changes" />;
  return (
    <Panel title="Changes" flush aside="the last fifty">
      {data.changes.length === 0 ? (
        <Empty title="Nothing was asked to be changed here" icon="changes">
          <p>
            An assistant may propose something, or you, at a terminal:{' '}
            <code>holdfast run {target} --reason "it is down" systemctl restart nginx</code>
          </p>
        </Empty>
      ) : (
        <ul className="lines">
          {data.changes.map((change) => (
            <li key={change.changeId}>
              <Link
                className="line-main"
                to="/changes/$id"
                params={{ id: change.changeId } as never}
              >
                <TierBadge tier={change.tier} /> {actionName(change.action)}
              </Link>
              <StateBadge state={change.state} />
              <span className="line-under">
                <Foreign text={change.reason} from={change.requestedBy} />{' '}
                <span className="quiet small">
                  {change.requestedBy} · <Time at={change.createdAt} form="relative" />
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function TargetServices({
  target,
  moment,
  sort,
  onSort,
}: {
  readonly target: string;
  readonly moment: MomentView;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}): ReactNode {
  const { data, error, isPending, refetch } = useAsk<FactsAnswer>(
    'query_facts',
    { ...question(moment.chosen), target, kind: 'service', attribute: 'state.*', limit: 500 },
    ['facts'],
    { keep: true },
  );
  if (error !== null) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton rows={10} label="Loading services" />;
  const entities = entitiesOf(data.facts, target);
  const text = (entity: Entity, attribute: string): string => {
    const value = attributesOf(entity).get(attribute)?.value;
    return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  };
  const cell = (attribute: string) => (entity: Entity) => {
    const word = text(entity, attribute);
    return word === '' ? <span className="quiet">–</span> : <Foreign text={word} from={target} />;
  };
  return (
    <Panel
      title="Services"
      flush
      aside={data.nextCursor === null ? `${entities.length}` : 'the first ones'}
    >
      <Table
        label="Services"
        rows={entities}
        rowKey={({ entity }) => entity}
        sort={sort}
        onSort={onSort}
        empty={
          <Empty title="No service is known">
            <p>Coverage under Facts says whether somebody looked.</p>
          </Empty>
        }
        columns={[
          {
            id: 'service',
            header: 'Service',
            sort: ({ name }) => name,
            cell: ({ name }) => <Foreign text={name} from={target} />,
          },
          {
            id: 'active',
            header: 'Is',
            sort: (entity) => text(entity, 'state.active'),
            cell: (entity) =>
              text(entity, 'state.active') === 'failed' ? (
                <Badge tone="bad">failed</Badge>
              ) : (
                cell('state.active')(entity)
              ),
          },
          {
            id: 'enabled',
            header: 'Starts by itself',
            sort: (entity) => text(entity, 'state.enabled'),
            cell: cell('state.enabled'),
          },
        ]}
      />
    </Panel>
  );
}

type Told = {
  readonly changes: readonly {
    readonly at: string;
    readonly what: 'fact' | 'change' | 'log';
    readonly entity?: string;
    readonly attribute?: string;
    readonly before?: Json;
    readonly after?: Json;
    readonly changeId?: string;
    readonly action?: string;
    readonly source?: string;
    readonly account?: string | null;
    readonly says?: string;
  }[];
  readonly more: boolean;
  readonly trails: readonly { readonly trail: string; readonly status: string }[];
  readonly next?: string;
};

/** Reads on the host itself, so it is done when somebody asks for it and not before. */
export function TargetTrails({
  target,
  moment,
}: {
  readonly target: string;
  readonly moment: MomentView;
}): ReactNode {
  const [isAsked, setAsked] = useState(false);
  const { asOf } = moment.chosen;
  const { data, error, isFetching, refetch } = useAsk<Told>(
    'what_changed',
    { target, ...(asOf === '' ? {} : { before: asOf }) },
    [],
    { enabled: isAsked },
  );
  return (
    <Panel
      title="What changed in the day before"
      flush
      aside="facts, our own changes, and the host’s own logs"
      actions={
        <Button
          isPending={isFetching}
          onPress={() => {
            if (isAsked) void refetch();
            else setAsked(true);
          }}
        >
          {isAsked ? 'Read again' : 'Read it'}
        </Button>
      }
    >
      {error === null ? null : <ErrorPanel error={error} />}
      {data === undefined ? (
        <Empty title={isFetching ? 'Reading on the host' : 'Not read yet'} icon="clock">
          <p>
            This reads the journal and the logs of packages and sign-ins on the host, bounded and
            without changing anything. What they say is the host’s own word.
          </p>
        </Empty>
      ) : (
        <>
          <p className="panel-note">
            {data.trails.map(({ trail, status }) => (
              <Badge key={trail} tone={status === 'read' ? 'good' : 'plain'}>
                {trail}: {status}
              </Badge>
            ))}{' '}
            {data.more ? 'There was more than is shown.' : ''}
            {data.next === undefined ? null : <Foreign text={data.next} from={target} />}
          </p>
          <ul className="lines">
            {data.changes.toReversed().map((row, n) => (
              <li key={n}>
                <span className="line-main">
                  {row.what === 'change' ? (
                    <Link to="/changes/$id" params={{ id: row.changeId } as never}>
                      {row.action}
                    </Link>
                  ) : row.what === 'log' ? (
                    <Foreign text={row.says ?? ''} from={target} />
                  ) : (
                    <>
                      <Foreign text={row.entity ?? ''} from={target} /> {row.attribute}
                    </>
                  )}
                </span>
                <Badge tone={row.what === 'change' ? 'accent' : 'plain'}>{row.what}</Badge>
                <span className="line-under quiet small">
                  <Time at={row.at} form="utc" /> {row.source ?? ''}{' '}
                  {row.what === 'fact' ? (
                    <>
                      <Value value={row.before} from={target} /> →{' '}
                      <Value value={row.after} from={target} />
                    </>
                  ) : null}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

export function TargetActivity({
  target,
  show,
  onShow,
}: {
  readonly target: string;
  readonly show: string;
  readonly onShow: (show: string) => void;
}): ReactNode {
  const { data, error, isPending, refetch } = useAsk<Listed>(
    'events_list',
    { ...questionOf({ ...EVENT_VIEW, show }), target, limit: 100 },
    // No topic: to ask for the log is itself an event in the log.
    [],
    { keep: true },
  );
  return (
    <div className="stack">
      <div className="filters">
        <Select label="Show" value={show} onChange={onShow} options={SHOWS} />
      </div>
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      <Panel
        title="What was asked and done here"
        flush
        actions={
          <LinkButton to="/evidence" search={{ about: target, show } as never} look="quiet">
            All of it, with its proof
          </LinkButton>
        }
      >
        {isPending ? (
          <Skeleton rows={8} label="Loading activity" />
        ) : (
          <EventTable
            events={data?.events ?? []}
            empty={
              <Empty title="Nothing of this kind" icon="evidence">
                <p>
                  Every question and every change of this target is on record. Show something else,
                  or everything.
                </p>
              </Empty>
            }
          />
        )}
      </Panel>
    </div>
  );
}
