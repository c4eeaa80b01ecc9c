/** Assistants: what was lent to them, what they did with it, and how another one is connected. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useAct, useAsk, useMay, useSignedIn } from '../api/index.ts';
import {
  Badge,
  Button,
  Choice,
  type Column,
  ConfirmDialog,
  Empty,
  ErrorPanel,
  Facts,
  Foreign,
  Page,
  Panel,
  Skeleton,
  StateBadge,
  Table,
  Tabs,
  TierBadge,
  Time,
  toast,
} from '../kit/index.ts';
import { ActivityView } from '../leases/activity.tsx';
import { ClientConfigs } from '../leases/client-configs.tsx';
import { Copyable } from '../leases/copyable.tsx';
import { IssueDialog, mcpAddress } from '../leases/issue-dialog.tsx';
import { addressConfigs, configsFor, type Lease, targetsText } from '../leases/lease.ts';
import { FACTS, VerdictTable } from '../policy/verdict-table.tsx';
import { useView } from '../use-view.ts';
import '../leases/leases.css';
import '../policy/policy.css';

const DEFAULTS = { part: 'leases', lease: '', show: 'active', hours: '24', sort: '', ...FACTS };

export function AssistantsPage(): ReactNode {
  const [view, setView] = useView(DEFAULTS);
  const [isIssuing, setIssuing] = useState(false);
  const mayIssue = useMay('leases.issue');
  const leases = useAsk<{ readonly leases: readonly Lease[]; readonly more: boolean }>(
    'lease_list',
    {},
    ['leases'],
    {
      keep: true,
    },
  );
  const one = leases.data?.leases.find(({ id }) => id === view.lease);
  const labels = useMemo(
    () => new Map(leases.data?.leases.map(({ id, label }) => [id, label])),
    [leases.data],
  );
  const issue = mayIssue ? (
    <Button look="primary" onPress={() => setIssuing(true)}>
      Lend to an assistant…
    </Button>
  ) : undefined;
  return (
    <Page
      title={one === undefined ? 'Assistants' : one.label}
      lead={
        one === undefined ? (
          'They look, and they propose. Whatever was lent to them ends by itself, and nothing of it approves anything.'
        ) : (
          <Link to="/assistants">All assistants</Link>
        )
      }
      actions={one === undefined ? issue : undefined}
    >
      {leases.error === null ? null : (
        <ErrorPanel error={leases.error} retry={() => void leases.refetch()} />
      )}
      {view.lease !== '' ? (
        one === undefined ? (
          leases.isPending ? (
            <Skeleton rows={8} />
          ) : (
            <Empty
              title="There is no such lease here"
              icon="assistants"
              action={<Link to="/assistants">All assistants</Link>}
            />
          )
        ) : (
          <LeaseView lease={one} view={view} setView={setView} />
        )
      ) : (
        <Tabs
          label="Parts"
          value={view.part}
          onChange={(part) => setView({ part }, { push: true })}
          tabs={[
            {
              id: 'leases',
              name: 'Leases',
              body: leases.isPending ? (
                <Skeleton rows={6} />
              ) : (
                <Leases
                  leases={leases.data?.leases ?? []}
                  show={view.show}
                  onShow={(show) => setView({ show })}
                  sort={view.sort}
                  onSort={(sort) => setView({ sort })}
                  issue={issue}
                />
              ),
            },
            {
              id: 'activity',
              name: 'Activity',
              body: (
                <ActivityView
                  hours={view.hours}
                  onHours={(hours) => setView({ hours })}
                  labels={labels}
                />
              ),
            },
            { id: 'connect', name: 'Connect one', body: <Connect issue={issue} /> },
          ]}
        />
      )}
      <IssueDialog isOpen={isIssuing} onClose={() => setIssuing(false)} />
    </Page>
  );
}

const COLUMNS: readonly Column<Lease>[] = [
  {
    id: 'label',
    header: 'Assistant',
    sort: ({ label }) => label,
    cell: ({ id, label, via, token }) => (
      <>
        <Link className="row-link" to="/assistants" search={{ lease: id } as never}>
          <bdi>{label}</bdi>
        </Link>{' '}
        <span className="quiet small">
          {token !== undefined
            ? 'tokens of the identity provider'
            : via === 'paste'
              ? ''
              : 'signed in by itself'}
        </span>
      </>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    width: '110px',
    cell: ({ status }) => <StateBadge state={status} />,
  },
  {
    id: 'profile',
    header: 'Profile',
    width: '140px',
    sort: ({ profile }) => profile,
    cell: ({ profile }) => profile,
  },
  {
    id: 'ceiling',
    header: 'Up to',
    width: '70px',
    cell: ({ ceiling }) => <TierBadge tier={ceiling} />,
  },
  {
    id: 'targets',
    header: 'Targets',
    wide: true,
    cell: (lease) => <bdi>{targetsText(lease)}</bdi>,
  },
  {
    id: 'by',
    header: 'Lent by',
    width: '110px',
    wide: true,
    sort: ({ issuedBy }) => issuedBy,
    cell: ({ issuedBy }) => <bdi>{issuedBy}</bdi>,
  },
  {
    id: 'uses',
    header: 'Calls',
    width: '80px',
    align: 'end',
    sort: ({ uses }) => uses,
    cell: ({ uses, failures }) => (
      <span className="number" title={`${failures} refused or failed`}>
        {uses}
      </span>
    ),
  },
  {
    id: 'last',
    header: 'Last used',
    width: '120px',
    sort: ({ lastUsedAt }) => (lastUsedAt === null ? 0 : Date.parse(lastUsedAt)),
    cell: ({ lastUsedAt }) => <Time at={lastUsedAt} form="relative" />,
  },
  {
    id: 'ends',
    header: 'Ends',
    width: '120px',
    sort: ({ expiresAt }) => Date.parse(expiresAt),
    cell: ({ expiresAt, revoked }) => <Time at={revoked?.at ?? expiresAt} form="relative" />,
  },
];

function Leases({
  leases,
  show,
  onShow,
  sort,
  onSort,
  issue,
}: {
  readonly leases: readonly Lease[];
  readonly show: string;
  readonly onShow: (show: string) => void;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly issue: ReactNode;
}): ReactNode {
  const rows = useMemo(
    () =>
      leases.filter(
        ({ status }) => show === 'all' || (status === 'active') === (show === 'active'),
      ),
    [leases, show],
  );
  return (
    <div className="stack">
      <div className="filters">
        <Choice
          label="Which leases"
          value={show}
          onChange={onShow}
          options={[
            ['active', 'In use'],
            ['ended', 'Ended'],
            ['all', 'All'],
          ]}
        />
      </div>
      <Panel flush>
        <Table
          label="Leases"
          rows={rows}
          columns={COLUMNS}
          rowKey={(lease) => lease.id}
          sort={sort}
          onSort={onSort}
          empty={<NoLease ended={show === 'ended'} issue={issue} />}
        />
      </Panel>
    </div>
  );
}

function NoLease({
  ended,
  issue,
}: {
  readonly ended: boolean;
  readonly issue: ReactNode;
}): ReactNode {
  if (ended) return <Empty title="None has ended yet" icon="assistants" />;
  return (
    <Empty title="No assistant is connected" icon="assistants" action={issue}>
      <p>
        Lend one a part of what you may do: a profile, some targets, a highest tier and an end. It
        gets a bearer to paste; clients that sign in by themselves only need the address, under
        “Connect one”.
      </p>
    </Empty>
  );
}

function Connect({ issue }: { readonly issue: ReactNode }): ReactNode {
  const { origin } = useSignedIn();
  const url = mcpAddress(origin);
  return (
    <div className="stack">
      <Panel title="A client that signs in by itself">
        <div className="stack">
          <p>
            Add this address to your MCP client. It opens this console once, where you say what it
            may do: nothing is pasted, and it ends by itself.
          </p>
          <Copyable text={url} label="The address of this service for MCP" />
          <ClientConfigs configs={addressConfigs(url)} label="Client that signs in" />
        </div>
      </Panel>
      <Panel title="A client that takes a bearer" actions={issue}>
        <div className="stack">
          <p>
            Issue a lease first; the same texts then come with its bearer in them, ready to paste.
          </p>
          <ClientConfigs configs={configsFor(url, '<the bearer>')} label="Client with a bearer" />
        </div>
      </Panel>
      <Panel title="On this machine, without any network">
        <div className="stack">
          <p>
            A client on the same machine and account starts the service’s own door over stdio: no
            bearer, the profile observer.
          </p>
          <Copyable
            text={JSON.stringify(
              { mcpServers: { holdfast: { command: 'holdfast', args: ['mcp'] } } },
              null,
              2,
            )}
            label="Client over stdio"
          />
        </div>
      </Panel>
      <Panel title="What to ask first">
        <ul className="signed-says">
          <li>“What needs attention on my fleet?”</li>
          <li>“What changed on web-1 since yesterday, and who did it?”</li>
          <li>
            “Restart nginx on web-1.” It proposes; you see exactly what would run, and sign or do
            not.
          </li>
        </ul>
      </Panel>
    </div>
  );
}

type View = typeof DEFAULTS;

function LeaseView({
  lease,
  view,
  setView,
}: {
  readonly lease: Lease;
  readonly view: View;
  readonly setView: (change: Partial<View>) => void;
}): ReactNode {
  const [isRevoking, setRevoking] = useState(false);
  const mayRevoke = useMay('leases.issue');
  const revoke = useAct('lease_revoke', ['leases']);
  const { id, revoked } = lease;
  return (
    <div className="stack">
      <Panel
        title="Lease"
        aside={<StateBadge state={lease.status} />}
        actions={
          lease.status === 'active' && mayRevoke ? (
            <Button look="danger" onPress={() => setRevoking(true)}>
              Revoke…
            </Button>
          ) : undefined
        }
      >
        <Facts
          facts={[
            ['Profile', lease.profile],
            ['Targets', <bdi key="t">{targetsText(lease)}</bdi>],
            ['Up to', <TierBadge key="c" tier={lease.ceiling} long />],
            ['Lent by', <bdi key="b">{lease.issuedBy}</bdi>],
            ['Since', <Time key="s" at={lease.issuedAt} />],
            ['Ends', <Time key="e" at={lease.expiresAt} />],
            [
              'Given to',
              lease.via === 'paste' ? (
                'whoever has its bearer'
              ) : (
                <Foreign key="v" text={lease.via} from="the client" />
              ),
            ],
            ...(lease.token === undefined
              ? []
              : [
                  [
                    'Subject',
                    <Foreign key="u" text={lease.token.subject} from="the identity provider" />,
                  ] as const,
                ]),
            ['Calls', `${lease.uses}, of which ${lease.failures} refused or failed`],
            [
              'Last used',
              <span key="l">
                <Time at={lease.lastUsedAt} />{' '}
                {lease.lastOperation === null ? null : <code>{lease.lastOperation}</code>}
              </span>,
            ],
            ['Id', <code key="i">{id}</code>],
            ...(revoked === null
              ? []
              : [
                  [
                    'Revoked',
                    <span key="r">
                      <Time at={revoked.at} /> by <bdi>{revoked.by}</bdi>:{' '}
                      <bdi>{revoked.reason}</bdi>
                    </span>,
                  ] as const,
                ]),
          ]}
        />
        <p className="row">
          {lease.capabilities.map((capability) => (
            <Badge key={capability} mark={false}>
              {capability}
            </Badge>
          ))}
        </p>
      </Panel>
      <Tabs
        label="Parts of this lease"
        value={view.part === 'policy' ? 'policy' : 'activity'}
        onChange={(part) => setView({ part: part === 'activity' ? 'leases' : part })}
        tabs={[
          {
            id: 'activity',
            name: 'What it did',
            body: (
              <div className="stack">
                <ActivityView
                  hours={view.hours}
                  onHours={(hours) => setView({ hours })}
                  lease={lease}
                />
                <p>
                  <Link to="/evidence" search={{ who: `lease:${id}`, show: 'all' } as never}>
                    Every request of it, in the log
                  </Link>
                </p>
              </div>
            ),
          },
          {
            id: 'policy',
            name: 'What it may do',
            body: (
              <VerdictTable
                facts={view}
                onFacts={setView}
                edited={undefined}
                question={{
                  profiles: [lease.profile],
                  capabilities: lease.capabilities,
                  ceiling: lease.ceiling,
                }}
              />
            ),
          },
        ]}
      />
      <ConfirmDialog
        title={`Revoke ${lease.label}`}
        isOpen={isRevoking}
        onClose={() => setRevoking(false)}
        confirm="Revoke it now"
        look="danger"
        reason="Why?"
        act={async (reason) => {
          await revoke.mutateAsync({ leaseId: id, reason });
          toast('Revoked: its next call is refused');
        }}
      >
        <p>
          Its next call is refused, and what it has open ends within a second. What it proposed
          stays, and waits for a person as before.
        </p>
      </ConfirmDialog>
    </div>
  );
}
