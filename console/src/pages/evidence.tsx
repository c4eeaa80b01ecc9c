/** The event log, its proof in this browser, how far it is known outside, and what can be taken away. */
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { ask, asProblem, type Json, type Problem, useAsk, useMay } from '../api/index.ts';
import { saveFile } from '../download.ts';
import {
  EVENT_VIEW,
  EventFilter,
  EventTable,
  type Listed,
  questionOf,
} from '../evidence/events.tsx';
import { type Hold, Outputs } from '../evidence/outputs.tsx';
import { OwnKeys } from '../evidence/own-keys.tsx';
import { ProofPanel } from '../evidence/proof-panel.tsx';
import type { Event } from '../evidence/sentence.ts';
import { useLogCheck } from '../evidence/use-log-check.ts';
import {
  Badge,
  Button,
  Dialog,
  Empty,
  ErrorPanel,
  Facts,
  Field,
  Foreign,
  Page,
  Panel,
  Select,
  Skeleton,
  Table,
  Tabs,
  Time,
} from '../kit/index.ts';
import { useView } from '../use-view.ts';
import '../link-button.css';
import '../evidence/evidence.css';

const DEFAULTS = { part: 'log', before: '', event: '', ...EVENT_VIEW };
const PAGE = 100;

export function EvidencePage(): ReactNode {
  const [view, setView] = useView(DEFAULTS);
  return (
    <Page
      title="Evidence"
      lead="Everything that was asked, allowed or refused: proved in this browser, not believed."
    >
      <Tabs
        label="Parts of the evidence"
        value={view.part}
        onChange={(part) => setView({ part }, { push: true })}
        tabs={[
          { id: 'log', name: 'Log and proof', body: <LogPart view={view} setView={setView} /> },
          { id: 'anchors', name: 'Anchors', body: <Anchors /> },
          { id: 'keys', name: 'Your keys', body: <OwnKeys /> },
          { id: 'take', name: 'Export', body: <TakeAway /> },
        ]}
      />
    </Page>
  );
}

type View = Readonly<Record<keyof typeof DEFAULTS, string>>;
type SetView = (change: Partial<View>, how?: { readonly push?: boolean }) => void;

function LogPart({ view, setView }: { readonly view: View; readonly setView: SetView }): ReactNode {
  const input = useMemo(
    () => ({
      limit: PAGE,
      ...questionOf(view),
      ...(view.before === '' ? {} : { before: Number(view.before) }),
    }),
    [view],
  );
  // No topic: asking for the log is itself recorded in the log.
  const { data, error, isPending, isFetching, refetch } = useAsk<Listed>('events_list', input, [], {
    keep: true,
  });
  const check = useLogCheck();
  const events = data?.events ?? [];
  const proved = useMemo(() => new Set(check.report?.proved), [check.report]);
  const open = useCallback((event: string) => setView({ event }, { push: true }), [setView]);
  const { check: runCheck } = check;
  const isLoaded = data !== undefined;
  useEffect(() => {
    // Once, against what is signed already; the button signs anew.
    if (isLoaded) void runCheck([], false);
  }, [isLoaded, runCheck]);
  const selected = events.find(({ seq }) => String(seq) === view.event);
  return (
    <div className="stack">
      <ProofPanel check={check} onCheck={() => void runCheck(events, true)} />
      <div className="filters" data-filter>
        <EventFilter view={view} onChange={(change) => setView({ ...change, before: '' })} />
        <Button isPending={isFetching} onPress={() => void refetch()}>
          Look again
        </Button>
      </div>
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      <Panel flush>
        {isPending ? (
          <Skeleton rows={12} />
        ) : (
          <EventTable
            events={events}
            proved={proved}
            open={open}
            selected={view.event}
            empty={<NoEvents isMore={data?.next !== null} />}
          />
        )}
      </Panel>
      {data === undefined ? null : (
        <PassedOver count={data.passedOver} showAll={() => setView({ show: 'all' })} />
      )}
      <div className="row">
        {view.before === '' ? null : (
          <Button onPress={() => setView({ before: '' })}>Newest</Button>
        )}
        {data?.next === null || data === undefined ? null : (
          <Button onPress={() => setView({ before: String(data.next) }, { push: true })}>
            Older
          </Button>
        )}
      </div>
      <Dialog
        title={`Record ${view.event}`}
        isOpen={selected !== undefined}
        onClose={() => setView({ event: '' })}
        wide
      >
        {selected === undefined ? null : (
          <EventView event={selected} isProved={proved.has(selected.seq)} />
        )}
        <div className="dialog-actions">
          <Button onPress={() => setView({ event: '' })}>Close</Button>
        </div>
      </Dialog>
    </div>
  );
}

function NoEvents({ isMore }: { readonly isMore: boolean }): ReactNode {
  return isMore ? (
    <Empty title="None among these records" icon="evidence">
      There are older ones: go on with Older, or ask for something else.
    </Empty>
  ) : (
    <Empty title="None fits" icon="evidence">
      Whatever is asked of this service is on record. Ask for everything, or by another name.
    </Empty>
  );
}

/** What is not shown is counted: a list that leaves out says so. */
function PassedOver({
  count,
  showAll,
}: {
  readonly count: number;
  readonly showAll: () => void;
}): ReactNode {
  if (count === 0) return null;
  return (
    <p className="quiet small">
      {count === 1
        ? 'One other record lies between these, and is not shown.'
        : `${count.toLocaleString('en')} other records lie between these, and are not shown.`}{' '}
      <button type="button" className="link-button" onClick={showAll}>
        Show everything
      </button>
    </p>
  );
}

function EventView({
  event,
  isProved,
}: {
  readonly event: Event;
  readonly isProved: boolean;
}): ReactNode {
  const { seq, time, principal, onBehalfOf, decision, tainted, requestId } = event;
  return (
    <div className="stack">
      <Facts
        facts={[
          ['When', <Time key="t" at={time} />],
          ['Who', <bdi key="w">{principal}</bdi>],
          ['On behalf of', <bdi key="b">{onBehalfOf ?? 'nobody else'}</bdi>],
          ['Decision', <bdi key="d">{`${decision.verdict}: ${decision.because}`}</bdi>],
          ['Request', <code key="r">{requestId}</code>],
          ['Words of a target in the answer', tainted ? 'yes' : 'no'],
          ['Proved by this browser', isProved ? 'yes, byte for byte' : 'not yet: verify above'],
        ]}
      />
      <Foreign
        text={JSON.stringify(event, null, 2)}
        from={`record ${seq}, which holds what callers wrote`}
        block
      />
    </div>
  );
}

type Status = {
  readonly log: {
    readonly key: string;
    readonly epoch: string;
    readonly records: number;
    readonly root: string;
  };
  readonly controlPlaneKey: string;
  readonly anchored: readonly {
    readonly by: string;
    readonly name: string;
    readonly records: number;
    readonly trouble: string | null;
    readonly alarm: string | boolean | null;
  }[];
  readonly outputs: { readonly holds: readonly Hold[] };
  readonly next: string;
};

function Anchors(): ReactNode {
  const { data, error, isPending, refetch } = useAsk<Status>('evidence_status', {}, []);
  const mayAdminister = useMay('service.admin');
  if (isPending) return <Skeleton rows={6} />;
  if (error !== null) return <ErrorPanel error={error} retry={() => void refetch()} />;
  return (
    <div className="stack">
      <Panel title="Known outside this machine" flush={data.anchored.length > 0}>
        {data.anchored.length === 0 ? (
          <Empty title="Nobody outside knows the log yet" icon="evidence">
            <p>
              Whoever holds this machine could show you another log than the one that was. Name a
              witness, a timestamp authority or an anchor file in <code>evidence.yaml</code>;
              another Holdfast can be the witness: <code>holdfast witness</code>. Every enrolled
              host is one for free.
            </p>
          </Empty>
        ) : (
          <Table
            label="Anchors"
            rows={data.anchored}
            rowKey={({ by, name }) => `${by} ${name}`}
            columns={[
              {
                id: 'name',
                header: 'Anchor',
                cell: ({ by, name }) => <bdi>{`${by} ${name}`}</bdi>,
              },
              {
                id: 'records',
                header: 'Knows records',
                width: '160px',
                align: 'end',
                cell: ({ records }) => <span className="number">{records}</span>,
              },
              {
                id: 'state',
                header: 'State',
                cell: ({ trouble, alarm }) =>
                  trouble === null || trouble === '' ? (
                    <Badge tone="good">follows</Badge>
                  ) : (
                    <>
                      <Badge tone={alarm === null || alarm === false ? 'warn' : 'bad'}>
                        trouble
                      </Badge>{' '}
                      <bdi>{trouble}</bdi>
                    </>
                  ),
              },
            ]}
          />
        )}
      </Panel>
      <Panel title="The log">
        <Facts
          facts={[
            ['Records', data.log.records],
            [
              'Root',
              <span key="r" className="hash">
                {data.log.root}
              </span>,
            ],
            [
              'Verifier key',
              <span key="k" className="hash">
                {data.log.key}
              </span>,
            ],
            ['Epoch', <code key="e">{data.log.epoch}</code>],
            [
              'Key of this control plane',
              <span key="c" className="hash">
                {data.controlPlaneKey}
              </span>,
            ],
          ]}
        />
        {data.next === '' ? null : <p className="small">{data.next}</p>}
      </Panel>
      <Outputs holds={data.outputs.holds} onChanged={() => void refetch()} />
      {mayAdminister ? <ServiceVerify /> : null}
    </div>
  );
}

function ServiceVerify(): ReactNode {
  const [found, setFound] = useState<Json>();
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const run = async (): Promise<void> => {
    setActing(true);
    setProblem(undefined);
    try {
      setFound(await ask('verify_log'));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  return (
    <Panel
      title="Checked by the service"
      actions={
        <Button isPending={isActing} onPress={() => void run()}>
          Verify everything
        </Button>
      }
    >
      <p className="quiet">
        Every event, tile and checkpoint, and the store against them. It takes longer with a long
        log, and it is the service’s own word.
      </p>
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      {found === undefined ? null : (
        <Foreign text={JSON.stringify(found, null, 2)} from="the service’s own check" block />
      )}
    </Panel>
  );
}

function TakeAway(): ReactNode {
  const [change, setChange] = useState('');
  const [format, setFormat] = useState('ocsf');
  const [after, setAfter] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [acting, setActing] = useState<'bundle' | 'export'>();
  const run = async (what: 'bundle' | 'export', act: () => Promise<void>): Promise<void> => {
    setActing(what);
    setProblem(undefined);
    try {
      await act();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(undefined);
    }
  };
  const id = change.trim();
  const bundle = () =>
    run('bundle', async () => {
      const made = await ask<{ readonly bundle: string }>('change_bundle', { changeId: id });
      saveFile(`${id}.bundle.json`, made.bundle);
    });
  const exported = () =>
    run('export', async () => {
      const { lines } = await ask<{ readonly lines: readonly string[] }>('evidence_export', {
        format,
        limit: 10_000,
        ...(after.trim() === '' ? {} : { after: Number(after) }),
      });
      saveFile(
        `events.${format === 'ocsf' ? 'jsonl' : 'log'}`,
        `${lines.join('\n')}\n`,
        'text/plain',
      );
    });
  return (
    <div className="stack">
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <Panel title="The bundle of a change">
        <p>
          Plan, signatures, preconditions, receipts, verification and inclusion proofs in one signed
          file. A stranger checks it without this service: <code>holdfast verify --bundle</code>, or
          the standalone verifier.
        </p>
        <div className="filters">
          <Field
            label="Change"
            value={change}
            onChange={setChange}
            placeholder="chg_…"
            mono
            onEnter={() => void bundle()}
          />
          <Button
            look="primary"
            isDisabled={id === ''}
            isPending={acting === 'bundle'}
            onPress={() => void bundle()}
          >
            Download
          </Button>
        </div>
      </Panel>
      <Panel title="Events for other systems">
        <p>
          Up to 10,000 at a time, oldest first; give the number of the last one to go on from there.
        </p>
        <div className="filters">
          <Select
            label="Form"
            value={format}
            onChange={setFormat}
            options={[
              ['ocsf', 'OCSF, JSON lines'],
              ['syslog', 'Syslog, RFC 5424'],
            ]}
          />
          <Field
            label="After record"
            value={after}
            onChange={setAfter}
            placeholder="from the first"
            error={/^\d*$/.test(after.trim()) ? undefined : 'a number'}
          />
          <Button
            isDisabled={!/^\d*$/.test(after.trim())}
            isPending={acting === 'export'}
            onPress={() => void exported()}
          >
            Download
          </Button>
        </div>
      </Panel>
    </div>
  );
}
