/** Events of the log as sentences, newest first, with what they are about a click away; and the filter above them. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useAsk, useMay } from '../api/index.ts';
import {
  Badge,
  Button,
  type Column,
  Field,
  Icon,
  Select,
  Table,
  Time,
  type Tone,
} from '../kit/index.ts';
import { Who } from '../parts/who.tsx';
import { type Event, type Mention, sentenceOf } from './sentence.ts';

export type Listed = {
  readonly events: readonly Event[];
  readonly next: number | null;
  readonly passedOver: number;
};

/** What stands in the address. The last two are not typed by hand: links of other pages bring them. */
export const EVENT_VIEW = {
  show: 'matters',
  by: '',
  who: '',
  about: '',
  request: '',
  operation: '',
} as const;
type EventView = Readonly<Record<keyof typeof EVENT_VIEW, string>>;

export const SHOWS = [
  ['matters', 'What was done and decided'],
  ['decisions', 'Decisions'],
  ['changes', 'Changes, step by step'],
  ['sign-ins', 'Sign-ins and passkeys'],
  ['refusals', 'Refused or failed'],
  ['looks', 'Looks: who read what'],
  ['service', 'The service itself'],
  ['all', 'Everything'],
] as const;
const CALLERS = [
  ['', 'Anybody'],
  ['people', 'People'],
  ['assistants', 'Assistants'],
  ['service', 'The service'],
] as const;

export const questionOf = ({ show, by, who, about, request, operation }: EventView): object => ({
  ...(SHOWS.some(([each]) => each === show && each !== 'all') ? { show } : {}),
  ...(CALLERS.some(([each]) => each === by && each !== '') ? { by } : {}),
  ...(who === '' ? {} : { who }),
  ...(about === '' ? {} : { about }),
  ...(request === '' ? {} : { requestId: request }),
  ...(operation === '' ? {} : { operation }),
});

export function EventFilter({
  view,
  onChange,
}: {
  readonly view: EventView;
  readonly onChange: (change: Partial<EventView>) => void;
}): ReactNode {
  return (
    <>
      <Select
        label="Show"
        value={view.show}
        onChange={(show) => onChange({ show })}
        options={SHOWS}
      />
      <Select label="By" value={view.by} onChange={(by) => onChange({ by })} options={CALLERS} />
      <Field
        label="Name of who asked"
        value={view.who}
        onChange={(who) => onChange({ who })}
        placeholder="ada, lease_…"
      />
      <Field
        label="Target or change"
        value={view.about}
        onChange={(about) => onChange({ about })}
        placeholder="web-1, chg_…"
      />
      {view.request === '' ? null : (
        <Button onPress={() => onChange({ request: '' })}>request {view.request} ✕</Button>
      )}
      {view.operation === '' ? null : (
        <Button onPress={() => onChange({ operation: '' })}>operation {view.operation} ✕</Button>
      )}
    </>
  );
}

const OUTCOMES: Readonly<Record<string, Tone>> = {
  done: 'good',
  refused: 'warn',
  failed: 'bad',
  started: 'info',
};
const NOTHING_PROVED: ReadonlySet<number> = new Set();

export function EventTable({
  events,
  proved = NOTHING_PROVED,
  open,
  selected = '',
  empty,
}: {
  readonly events: readonly Event[];
  readonly proved?: ReadonlySet<number>;
  /** Without it a record is told by its number alone. */
  readonly open?: (seq: string) => void;
  readonly selected?: string;
  readonly empty: ReactNode;
}): ReactNode {
  const labels = useLeaseLabels();
  const columns = useMemo(() => columnsOf(proved, labels, open), [proved, labels, open]);
  return (
    <Table
      label="Events, newest first"
      rows={events}
      columns={columns}
      rowKey={({ seq }) => String(seq)}
      selectedKey={selected}
      empty={empty}
    />
  );
}

function columnsOf(
  proved: ReadonlySet<number>,
  labels: ReadonlyMap<string, string>,
  open: ((seq: string) => void) | undefined,
): readonly Column<Event>[] {
  return [
    {
      id: 'says',
      header: 'What happened',
      cell: (event) => <Says event={event} labels={labels} />,
    },
    {
      id: 'outcome',
      header: 'Outcome',
      width: '190px',
      cell: (event) => <Outcome event={event} />,
    },
    {
      id: 'time',
      header: 'When',
      width: '120px',
      cell: ({ time }) => <Time at={time} form="relative" />,
    },
    {
      id: 'seq',
      header: 'Record',
      width: '110px',
      align: 'end',
      cell: ({ seq }) => (
        <span className="record-number number">
          {proved.has(seq) ? (
            <span className="proved-mark">
              <Icon name="check" label="proved" />
            </span>
          ) : null}
          {open === undefined ? (
            seq
          ) : (
            <button
              type="button"
              className="row-link link-button"
              aria-label={`Open record ${seq}`}
              onClick={() => open(String(seq))}
            >
              {seq}
            </button>
          )}
        </span>
      ),
    },
  ];
}

/** What leases are called; told to whoever may know, and asked once for all lists. */
function useLeaseLabels(): ReadonlyMap<string, string> {
  const { data } = useAsk<{
    readonly leases: readonly { readonly id: string; readonly label: string }[];
  }>('lease_list', {}, ['leases'], { enabled: useMay('leases.read') });
  return useMemo(() => new Map(data?.leases.map(({ id, label }) => [id, label])), [data]);
}

function Says({
  event,
  labels,
}: {
  readonly event: Event;
  readonly labels: ReadonlyMap<string, string>;
}): ReactNode {
  const { says, of } = sentenceOf(event);
  const lease = /^lease:(.+)$/.exec(event.principal)?.[1];
  const { principal, onBehalfOf, surface, kind, operation, targets } = event;
  const more = targets.length - of.filter((each) => each.kind === 'target').length;
  return (
    <span className="event-says">
      <strong>
        <Who principal={principal} onBehalfOf={onBehalfOf}>
          {lease === undefined ? undefined : (
            <Link className="event-link" to="/assistants" search={{ lease } as never}>
              <bdi>{labels.get(lease) ?? `lease …${lease.slice(-6)}`}</bdi>
            </Link>
          )}
        </Who>
      </strong>{' '}
      {says}
      {of.map((mention, at) => (
        <span key={`${mention.kind} ${mention.id}`}>
          {at === 0 ? ': ' : ', '}
          <MentionLink mention={mention} />
        </span>
      ))}
      {more > 0 ? ` and ${more.toLocaleString('en')} more` : null}
      <span className="event-under quiet small">
        <code>{kind === 'operation' ? operation : kind}</code> through {surface}
      </span>
    </span>
  );
}

/** What waits for a person is not done, and what a person rejected was not refused to them. */
function Outcome({
  event: { kind, outcome, fault, decision },
}: {
  readonly event: Event;
}): ReactNode {
  if (kind === 'change.rejected') return <Badge tone="plain">rejected</Badge>;
  if (kind === 'change.decided' && decision.verdict === 'needs-approval')
    return <Badge tone="info">waits</Badge>;
  return (
    <span className="row">
      <Badge tone={OUTCOMES[outcome] ?? 'plain'}>{outcome}</Badge>
      {fault === null ? null : <code className="quiet">{fault}</code>}
    </span>
  );
}

function MentionLink({ mention: { kind, id, name } }: { readonly mention: Mention }): ReactNode {
  const shown = <bdi>{name}</bdi>;
  if (kind === 'lease')
    return (
      <Link className="event-link" to="/assistants" search={{ lease: id } as never}>
        {shown}
      </Link>
    );
  return (
    <Link
      className="event-link"
      to={kind === 'change' ? '/changes/$id' : '/targets/$id'}
      params={{ id } as never}
    >
      {shown}
    </Link>
  );
}
