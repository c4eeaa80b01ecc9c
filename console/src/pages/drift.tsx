/** What differs from what should be: by source, owner, severity and target; waived, accepted or taken back. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useAsk, useMay } from '../api/index.ts';
import { ConvergeDialog } from '../drift/converge-dialog.tsx';
import {
  choicesOf,
  countsOf,
  type Finding,
  GROUPS,
  type GroupBy,
  grouped,
  narrowed,
  ownerOf,
  SEVERITIES,
} from '../drift/findings.ts';
import { kindSays, Observed, sourceName, Value } from '../drift/value.tsx';
import { WaiveDialog } from '../drift/waive-dialog.tsx';
import {
  Badge,
  Button,
  Check,
  Choice,
  Code,
  type Column,
  Empty,
  ErrorPanel,
  Field,
  Page,
  Panel,
  Select,
  SeverityBadge,
  Skeleton,
  StateBadge,
  Table,
  Time,
} from '../kit/index.ts';
import { useView } from '../use-view.ts';
import '../drift/drift.css';

type Scan = {
  readonly findings: readonly Finding[];
  readonly nextCursor: string | null;
  readonly coverage: readonly {
    readonly target: string;
    readonly kind: string;
    readonly status: string;
    readonly reason: string | null;
  }[];
  readonly scores: readonly {
    readonly scope: string;
    readonly target: string | null;
    readonly score: number;
    readonly worst?: number;
  }[];
  readonly next?: string;
};

const DEFAULTS = {
  status: 'open',
  find: '',
  severity: 'all',
  source: 'all',
  owner: 'all',
  target: 'all',
  by: 'target',
  sort: '',
};

export function DriftPage(): ReactNode {
  const [view, setView] = useView(DEFAULTS);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [acting, setActing] = useState<'waive' | 'converge'>();
  const mayDeclare = useMay('baselines.write');
  const mayPropose = useMay('changes.propose');
  const input = view.status === 'all' ? { status: 'all' } : { status: view.status };
  const { data, error, isPending, refetch } = useAsk<Scan>('drift_scan', input, ['findings'], {
    keep: true,
  });
  const all = data?.findings ?? [];
  const shown = useMemo(
    () =>
      narrowed(all, {
        find: view.find,
        severity: view.severity,
        declared: view.source,
        owner: view.owner,
        target: view.target,
      }),
    [all, view],
  );
  const by = GROUPS.find((each) => each === view.by) ?? 'target';
  const groups = useMemo(() => grouped(shown, by), [shown, by]);
  const chosen = shown.filter(({ id }) => selected.has(id)).map(({ id }) => id);
  const toggle = (id: string, on: boolean): void => {
    const next = new Set(selected);
    if (on) next.add(id);
    else next.delete(id);
    setSelected(next);
  };
  const columns = useMemo(
    () => columnsOf(by, view.status, selected, toggle),
    [by, view.status, selected],
  );
  return (
    <Page
      title="Drift"
      lead="What differs from what should be, who answers for it, and the ways back."
    >
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      <Scores scores={data?.scores ?? []} />
      <Unseen coverage={data?.coverage ?? []} />
      <Filters all={all} view={view} setView={setView} />
      {isPending ? (
        <Panel>
          <Skeleton rows={8} />
        </Panel>
      ) : shown.length === 0 ? (
        <Panel>
          <Nothing scan={data} status={view.status} />
        </Panel>
      ) : (
        groups.map(({ name, findings, counts }) => (
          <Panel
            key={name}
            flush
            title={titleOf(by, name)}
            aside={
              <span className="group-head">
                {SEVERITIES.filter((severity) => (counts[severity] ?? 0) > 0).map((severity) => (
                  <span key={severity} className="row">
                    <SeverityBadge severity={severity} /> {counts[severity]}
                  </span>
                ))}
              </span>
            }
            actions={
              by === 'target' ? (
                <Link to="/targets/$id" params={{ id: name } as never}>
                  Open target
                </Link>
              ) : undefined
            }
          >
            <Table
              label={`Findings: ${titleOf(by, name)}`}
              rows={findings}
              columns={columns}
              rowKey={({ id }) => id}
              sort={view.sort}
              onSort={(sort) => setView({ sort })}
            />
          </Panel>
        ))
      )}
      {data?.nextCursor === null || data === undefined ? null : (
        <p className="quiet">There are more findings than fit here: narrow by target or status.</p>
      )}
      {chosen.length === 0 ? null : (
        <div className="selection" role="region" aria-label="Selected findings">
          <span>{chosen.length === 1 ? 'One finding' : `${chosen.length} findings`} selected</span>
          <Button look="quiet" onPress={() => setSelected(new Set())}>
            Clear
          </Button>
          {mayDeclare ? <Button onPress={() => setActing('waive')}>Waive…</Button> : null}
          {mayPropose ? (
            <Button look="primary" onPress={() => setActing('converge')}>
              Take back…
            </Button>
          ) : null}
        </div>
      )}
      <WaiveDialog
        key={`waive ${chosen.join(' ')}`}
        findings={chosen}
        isOpen={acting === 'waive'}
        onClose={() => setActing(undefined)}
      />
      <ConvergeDialog
        findings={chosen}
        isOpen={acting === 'converge'}
        onClose={() => setActing(undefined)}
      />
    </Page>
  );
}

function titleOf(by: GroupBy, name: string): string {
  return by === 'declared' ? sourceName(name) : name;
}

function columnsOf(
  by: GroupBy,
  status: string,
  selected: ReadonlySet<string>,
  toggle: (id: string, on: boolean) => void,
): readonly Column<Finding>[] {
  const columns: (Column<Finding> | false)[] = [
    {
      id: 'entity',
      header: 'What',
      sort: ({ entity, attribute }) => `${entity} ${attribute}`,
      cell: (finding) => {
        const { id, entity, attribute, kind, because, desired } = finding;
        return (
          <>
            <Link className="row-link" to="/findings/$id" params={{ id } as never}>
              <bdi>{because?.title ?? entity}</bdi>
            </Link>
            <span className="finding-what quiet small">
              {because === null ? null : <bdi>{entity} </bdi>}
              {attribute === '*' ? '' : <bdi>{attribute} </bdi>}
              {kindSays(kind)}
            </span>
            <span className="only-phone versus-line small">
              <Observed finding={finding} /> <span aria-label="declared">→</span>{' '}
              <Value value={desired} from="the declaration" />
            </span>
          </>
        );
      },
    },
    {
      id: 'observed',
      header: 'Observed',
      width: '19%',
      wide: true,
      cell: (finding) => <Observed finding={finding} />,
    },
    {
      id: 'desired',
      header: 'Declared',
      width: '19%',
      wide: true,
      cell: ({ desired }) => <Value value={desired} from="the declaration" />,
    },
    by !== 'target' && {
      id: 'target',
      header: 'Target',
      width: '150px',
      sort: ({ target }) => target,
      cell: ({ target }) => <bdi>{target}</bdi>,
    },
    by !== 'severity' && {
      id: 'severity',
      header: 'Severity',
      width: '110px',
      sort: ({ severity }) => SEVERITIES.findIndex((each) => each === severity),
      cell: ({ severity }) => <SeverityBadge severity={severity} />,
    },
    by !== 'declared' && {
      id: 'source',
      header: 'Declared by',
      width: '130px',
      wide: true,
      sort: ({ declared }) => declared,
      cell: ({ declared }) => sourceName(declared),
    },
    status === 'all' && {
      id: 'status',
      header: 'Status',
      width: '110px',
      sort: ({ status }) => status,
      cell: ({ status }) => (
        <StateBadge state={status} tone={status === 'open' ? 'warn' : 'plain'} />
      ),
    },
    {
      id: 'seen',
      header: 'Since',
      width: '110px',
      sort: ({ firstSeen }) => Date.parse(firstSeen),
      cell: ({ firstSeen }) => <Time at={firstSeen} form="relative" />,
    },
    {
      id: 'select',
      header: 'Select',
      act: true,
      width: '64px',
      cell: ({ id, entity }) => (
        <Check
          label={`Select ${entity}`}
          checked={selected.has(id)}
          onChange={(on) => toggle(id, on)}
        />
      ),
    },
  ];
  return columns.filter((column) => column !== false);
}

function Scores({ scores }: { readonly scores: Scan['scores'] }): ReactNode {
  const scopes = scores.filter(({ target }) => target === null);
  if (scopes.length === 0) return null;
  return (
    <div className="scores">
      {scopes.map(({ scope, score, worst }) => (
        <div key={scope} className="score">
          <span className="quiet small">
            <bdi>{scope}</bdi>
          </span>
          <span className="score-number">{score}</span>
          <span className="score-bar" aria-hidden="true">
            <span style={{ inlineSize: `${Math.max(0, Math.min(100, score))}%` }} />
          </span>
          <span className="quiet small">
            of 100 points; at 100 everything is as declared
            {worst === undefined ? '' : `. Worst target: ${worst}`}
          </span>
        </div>
      ))}
    </div>
  );
}

/** Partial is never shown as complete. */
function Unseen({ coverage }: { readonly coverage: Scan['coverage'] }): ReactNode {
  const rows = coverage.filter(({ status }) => status !== 'complete');
  if (rows.length === 0) return null;
  const targets = [...new Set(rows.map(({ target }) => target))];
  return (
    <Panel
      tone="warn"
      title="Not everything could be seen"
      aside={<Badge tone="warn">{rows.length}</Badge>}
    >
      <details>
        <summary>
          {targets.length === 1 ? 'One target' : `${targets.length} targets`} with kinds that were
          not seen, or not lately: what is missing there is unknown, not healthy.
        </summary>
        <ul className="stack small">
          {rows.slice(0, 60).map(({ target, kind, status, reason }) => (
            <li key={`${target} ${kind} ${status}`}>
              <bdi>{target}</bdi> · {kind} · {status}
              {reason === null ? null : (
                <>
                  {' '}
                  <Value value={reason} from={target} />
                </>
              )}
            </li>
          ))}
        </ul>
      </details>
    </Panel>
  );
}

type SetView = (change: Partial<typeof DEFAULTS>, how?: { readonly push?: boolean }) => void;

function Filters({
  all,
  view,
  setView,
}: {
  readonly all: readonly Finding[];
  readonly view: typeof DEFAULTS;
  readonly setView: SetView;
}): ReactNode {
  const counts = countsOf(all);
  const options = (
    of: (finding: Finding) => string,
    says: (value: string) => string = (value) => value,
  ) => [
    ['all', 'All'] as const,
    ...choicesOf(all, of).map(([value, count]) => [value, `${says(value)} (${count})`] as const),
  ];
  return (
    <div className="filters" data-filter>
      <Field
        label="Find"
        value={view.find}
        onChange={(find) => setView({ find })}
        placeholder="Entity, target, rule"
      />
      <Choice
        label="Status"
        value={view.status}
        onChange={(status) => setView({ status }, { push: true })}
        options={[
          ['open', 'Open'],
          ['pending', 'Not yet sure'],
          ['waived', 'Waived'],
          ['all', 'All'],
        ]}
      />
      <Select
        label="Severity"
        value={view.severity}
        onChange={(severity) => setView({ severity })}
        options={[
          ['all', 'All'],
          ...SEVERITIES.map((each) => [each, `${each} (${counts[each] ?? 0})`] as const),
        ]}
      />
      <Select
        label="Declared by"
        value={view.source}
        onChange={(source) => setView({ source })}
        options={options(({ declared }) => declared, sourceName)}
      />
      <Select
        label="Owner"
        value={view.owner}
        onChange={(owner) => setView({ owner })}
        options={options(ownerOf)}
      />
      <Select
        label="Target"
        value={view.target}
        onChange={(target) => setView({ target })}
        options={options(({ target }) => target)}
      />
      <Select
        label="Group by"
        value={view.by}
        onChange={(by) => setView({ by })}
        options={[
          ['target', 'Target'],
          ['declared', 'Source'],
          ['owner', 'Owner'],
          ['severity', 'Severity'],
        ]}
      />
    </div>
  );
}

function Nothing({
  scan,
  status,
}: {
  readonly scan: Scan | undefined;
  readonly status: string;
}): ReactNode {
  if (scan?.next !== undefined) {
    return (
      <Empty title="Nothing is declared yet" icon="drift">
        <p>
          Drift is the difference to what should be, so somebody has to say what that is. Bless what
          a target is like now, at a terminal:
        </p>
        <Code
          label="Bless a target"
          wrap
          text={'holdfast baseline bless host:web-1 --reason "known good"'}
        />
        <p>
          Or name other sources in <code>declarations.yaml</code>: a Git repository, OpenTofu,
          Ansible, CIS profiles.
        </p>
      </Empty>
    );
  }
  if ((scan?.findings.length ?? 0) > 0)
    return (
      <Empty title="None fits this filter" icon="search">
        Clear a filter to see the others.
      </Empty>
    );
  return (
    <Empty
      title={status === 'open' ? 'Everything seen is as declared' : 'Nothing here'}
      icon="check"
    >
      New differences show here as soon as a look finds them, with who caused them where the host
      can tell.
    </Empty>
  );
}
