/** Who may sign, with which keys; who waits to be let in; what each may ask for; and the rules. */
import { type ReactNode, useState } from 'react';
import { type JsonObject, useAsk, useMay } from '../api/index.ts';
import {
  AssuranceBadge,
  Badge,
  Button,
  Empty,
  ErrorPanel,
  Panel,
  Select,
  Skeleton,
  Table,
  TierBadge,
  Time,
} from '../kit/index.ts';
import { ConfigSignDialog } from '../signing/config-sign.tsx';
import { Unsigned, type UnsignedEdit } from './unsigned-edit.tsx';
import { type PasskeyShown, PasskeyState, Sessions } from './you.tsx';

type Operators = {
  readonly operators: readonly {
    readonly id: string;
    readonly name: string;
    readonly accounts: readonly string[];
    readonly keys: readonly { readonly type: string; readonly fingerprint: string }[];
  }[];
  readonly recovery: boolean;
  readonly profile: string;
  readonly rules: readonly {
    readonly rule: string;
    readonly quorum: number;
    readonly least: string;
  }[];
  readonly next: string;
};

type Invitations = {
  readonly invitations: readonly {
    readonly id: string;
    readonly operator: string;
    readonly name: string;
    readonly accounts: readonly string[];
    readonly invitedBy: string;
    readonly expiresAt: string;
    readonly pending: {
      readonly key: string;
      readonly fingerprint: string;
      readonly label: string;
    } | null;
  }[];
};

type Signing = { readonly title: string; readonly request: JsonObject };

export function PeoplePart(): ReactNode {
  const [signing, setSigning] = useState<Signing>();
  const mayReadAccess = useMay('access.read');
  const operators = useAsk<Operators>('operators_list', {}, ['sessions', 'log']);
  const maySign = useMay('authority.write');
  return (
    <div className="stack">
      {operators.error === null ? null : <ErrorPanel error={operators.error} />}
      {mayReadAccess ? <Waiting onSign={maySign ? setSigning : undefined} /> : null}
      {operators.isPending ? <Skeleton rows={4} /> : null}
      {operators.data === undefined ? null : (
        <>
          <People of={operators.data} onSign={maySign ? setSigning : undefined} />
          <Rules of={operators.data} onSign={maySign ? setSigning : undefined} />
        </>
      )}
      {mayReadAccess ? <Roles /> : null}
      <Sessions />
      <ConfigSignDialog
        title={signing?.title ?? ''}
        request={signing?.request ?? { kind: 'sign' }}
        isOpen={signing !== undefined}
        onClose={() => setSigning(undefined)}
      />
    </div>
  );
}

type OnSign = ((signing: Signing) => void) | undefined;

function Waiting({ onSign }: { readonly onSign: OnSign }): ReactNode {
  const { data, error } = useAsk<Invitations>('invitations_list', {}, ['sessions']);
  if (error !== null) return <ErrorPanel error={error} />;
  const all = data?.invitations ?? [];
  if (all.length === 0) return null;
  return (
    <Panel
      title="Invitations"
      tone={all.some(({ pending }) => pending !== null) ? 'warn' : 'plain'}
      flush
    >
      <Table
        label="Invitations"
        rows={all}
        rowKey={({ id }) => id}
        columns={[
          {
            id: 'who',
            header: 'Who',
            cell: ({ operator, name }) => (
              <>
                <bdi>{operator}</bdi> <bdi className="quiet">{name}</bdi>
              </>
            ),
          },
          {
            id: 'state',
            header: 'State',
            cell: ({ pending, expiresAt }) =>
              pending === null ? (
                <>
                  the link is open, ends <Time at={expiresAt} form="relative" />
                </>
              ) : (
                <>
                  <Badge tone="warn">a passkey waits</Badge> <bdi>{pending.label}</bdi>{' '}
                  <code>{pending.fingerprint}</code>
                </>
              ),
          },
          {
            id: 'by',
            header: 'Invited by',
            width: '180px',
            wide: true,
            cell: ({ invitedBy }) => <bdi>{invitedBy}</bdi>,
          },
          {
            id: 'admit',
            header: 'Let in',
            act: true,
            width: '130px',
            cell: ({ operator, name, accounts, pending }) =>
              pending === null || onSign === undefined ? null : (
                <Button
                  look="primary"
                  onPress={() =>
                    onSign({
                      title: `Let ${operator} in`,
                      request: {
                        kind: 'add-operator',
                        id: operator,
                        name,
                        key: pending.key,
                        accounts,
                        origins: [location.origin],
                      },
                    })
                  }
                >
                  Look and sign…
                </Button>
              ),
          },
        ]}
      />
    </Panel>
  );
}

function People({
  of: { operators, recovery, next },
  onSign,
}: {
  readonly of: Operators;
  readonly onSign: OnSign;
}): ReactNode {
  const passkeys = useAsk<{ readonly passkeys: readonly PasskeyShown[] }>('passkeys_list', {}, [
    'sessions',
  ]);
  const byPrint = new Map(passkeys.data?.passkeys.map((each) => [each.fingerprint, each]));
  return (
    <Panel title="Who may sign" aside={operators.length} flush={operators.length > 0}>
      {operators.length === 0 ? (
        <Empty title="Nobody may sign yet" icon="person">
          The first person is made at a terminal: <code>holdfast console setup</code>
        </Empty>
      ) : (
        <Table
          label="Operators"
          rows={operators}
          rowKey={({ id }) => id}
          columns={[
            {
              id: 'who',
              header: 'Operator',
              width: '200px',
              cell: ({ id, name }) => (
                <>
                  <bdi>{id}</bdi> {name === id ? null : <bdi className="quiet">{name}</bdi>}
                </>
              ),
            },
            {
              id: 'keys',
              header: 'Keys',
              cell: ({ keys }) => (
                <ul className="stack small">
                  {keys.map(({ type, fingerprint }) => {
                    const passkey = byPrint.get(fingerprint);
                    return (
                      <li key={fingerprint} className="row">
                        <bdi>{passkey?.label ?? type}</bdi>{' '}
                        <code className="quiet">{fingerprint}</code>
                        {passkey === undefined ? null : <PasskeyState state={passkey.state} />}
                        {onSign === undefined ? null : (
                          <Button
                            look="quiet"
                            aria-label={`Revoke the key ${passkey?.label ?? fingerprint}`}
                            onPress={() =>
                              onSign({
                                title: 'Revoke a key',
                                request: { kind: 'revoke-key', fingerprint },
                              })
                            }
                          >
                            Revoke…
                          </Button>
                        )}
                      </li>
                    );
                  })}
                </ul>
              ),
            },
            {
              id: 'accounts',
              header: 'Accounts',
              wide: true,
              cell: ({ accounts }) => <bdi>{accounts.join(', ')}</bdi>,
            },
            {
              id: 'out',
              header: 'Take out',
              act: true,
              width: '150px',
              cell: ({ id }) =>
                onSign === undefined ? null : (
                  <Button
                    look="quiet"
                    aria-label={`Take out ${id}`}
                    onPress={() =>
                      onSign({ title: `Take ${id} out`, request: { kind: 'revoke-operator', id } })
                    }
                  >
                    Take out…
                  </Button>
                ),
            },
          ]}
        />
      )}
      {recovery && next === '' ? null : (
        <p className="quiet small panel-note">
          {recovery ? '' : 'There is no recovery key: name one before the first T2. '}
          <bdi>{next}</bdi>
        </p>
      )}
      <p className="quiet small panel-note">
        Somebody new gets a link at a terminal, <code>holdfast console invite</code>, makes a
        passkey with it, and is let in here by a signature.
      </p>
    </Panel>
  );
}

const LEAST = [
  ['same-user', 'same-user: any key'],
  ['touch', 'touch: a passkey or security key'],
  ['separate', 'separate: from another machine'],
] as const;

const RULES: Readonly<Record<string, string>> = {
  T1: 'T1: a small, reversible change',
  T2: 'T2: a change that keeps state',
  T3: 'T3: a dangerous change',
  standing: 'A standing approval',
  config: 'The configuration',
  lift: 'Lifting a stop',
};
const ruleName = (rule: string): string => RULES[rule] ?? rule;

function Rules({
  of: { rules, profile },
  onSign,
}: {
  readonly of: Operators;
  readonly onSign: OnSign;
}): ReactNode {
  const [rule, setRule] = useState('T2');
  const current = rules.find((each) => each.rule === rule);
  const [quorum, setQuorum] = useState('');
  const [least, setLeast] = useState('');
  const wanted = {
    quorum: Number(quorum === '' ? (current?.quorum ?? 1) : quorum),
    least: least === '' ? (current?.least ?? 'touch') : least,
  };
  const isSame = current?.quorum === wanted.quorum && current.least === wanted.least;
  const other = profile === 'solo' ? 'team' : 'solo';
  return (
    <Panel
      title="Rules"
      aside={<Badge mark={false}>{profile}</Badge>}
      actions={
        onSign === undefined ? undefined : (
          <Button
            onPress={() =>
              onSign({
                title: `Take the rules of ${other}`,
                request: { kind: 'profile', profile: other },
              })
            }
          >
            Rules of {other}…
          </Button>
        )
      }
    >
      <div className="stack">
        <p className="quiet">
          How many signatures, of at least which assurance. Hosts hold everybody to this themselves.
        </p>
        <ul className="rules">
          {rules.map((each) => (
            <li key={each.rule}>
              <span>
                <strong>{ruleName(each.rule)}</strong>
              </span>
              <span>
                {each.quorum === 1 ? 'one signature' : `${each.quorum} signatures`}, at least{' '}
                <AssuranceBadge assurance={each.least} long />
              </span>
            </li>
          ))}
        </ul>
        {onSign === undefined ? null : (
          <div className="filters">
            <Select
              label="Rule"
              value={rule}
              onChange={(next) => {
                setRule(next);
                setQuorum('');
                setLeast('');
              }}
              options={Object.entries(RULES)}
            />
            <Select
              label="Signatures"
              value={String(wanted.quorum)}
              onChange={setQuorum}
              options={['1', '2', '3', '4', '5'].map((each) => [each, each])}
            />
            <Select label="At least" value={wanted.least} onChange={setLeast} options={LEAST} />
            <Button
              isDisabled={isSame}
              onPress={() =>
                onSign({
                  title: `Change the rule: ${ruleName(rule)}`,
                  request: { kind: 'rule', rule, ...wanted },
                })
              }
            >
              Look and sign…
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}

type Access = {
  readonly isFile: boolean;
  readonly roles: readonly {
    readonly role: string;
    readonly profile: string | null;
    readonly capabilities: readonly string[];
    readonly scopes: 'all' | readonly string[];
    readonly targets: 'all' | { readonly ids: readonly string[]; readonly tags: readonly string[] };
    readonly ceiling: string;
  }[];
  readonly people: readonly {
    readonly operator: string;
    readonly isInForce: boolean;
    readonly roles: readonly string[];
  }[];
  readonly groups: readonly { readonly group: string; readonly roles: readonly string[] }[];
  readonly unsigned: UnsignedEdit | null;
};

function Roles(): ReactNode {
  const { data, error } = useAsk<Access>('access_show', {}, ['sessions']);
  if (error !== null) return <ErrorPanel error={error} />;
  if (data === undefined) return <Skeleton rows={3} />;
  return (
    <>
      <Unsigned edit={data.unsigned} />
      <Panel title="Roles" flush>
        <Table
          label="Roles"
          rows={data.roles}
          rowKey={({ role }) => role}
          columns={[
            {
              id: 'role',
              header: 'Role',
              width: '150px',
              cell: ({ role }) => <strong>{role}</strong>,
            },
            {
              id: 'who',
              header: 'Who has it',
              cell: ({ role }) => (
                <bdi>
                  {[
                    ...data.people
                      .filter(({ roles }) => roles.includes(role))
                      .map(({ operator }) => operator),
                    ...data.groups
                      .filter(({ roles }) => roles.includes(role))
                      .map(({ group }) => `group ${group}`),
                  ].join(', ') || 'nobody'}
                </bdi>
              ),
            },
            {
              id: 'reach',
              header: 'Reach',
              cell: ({ scopes, targets }) => (
                <bdi>
                  {targets === 'all'
                    ? 'every target'
                    : [...targets.ids, ...targets.tags.map((tag) => `tag ${tag}`)].join(', ')}
                  {scopes === 'all' ? '' : ` of ${scopes.join(', ')}`}
                </bdi>
              ),
            },
            {
              id: 'ceiling',
              header: 'Up to',
              width: '80px',
              cell: ({ ceiling }) => <TierBadge tier={ceiling} />,
            },
            {
              id: 'capabilities',
              header: 'May ask for',
              wide: true,
              cell: ({ profile, capabilities }) => (
                <span title={capabilities.join(', ')}>
                  {profile ?? 'listed'} ({capabilities.length})
                </span>
              ),
            },
          ]}
        />
        <p className="quiet small panel-note">
          {data.isFile
            ? 'Roles and who has them are written in access.yaml, which operators sign.'
            : 'There is no access.yaml, so every operator in force is an owner. Write one to give people less.'}
        </p>
      </Panel>
    </>
  );
}
