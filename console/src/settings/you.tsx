/** What is one's own: passkeys, sessions, recovery codes, and the glass. */

import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { asProblem, markTopics, type Problem, useAct, useAsk, useSignedIn } from '../api/index.ts';
import {
  Badge,
  Button,
  ConfirmDialog,
  Empty,
  ErrorPanel,
  Facts,
  Field,
  Panel,
  Select,
  Skeleton,
  Table,
  Time,
  type Tone,
  toast,
} from '../kit/index.ts';
import { breakGlass, inviteOneself } from './account.ts';
import { deviceOf } from './device.ts';

export type PasskeyShown = {
  readonly credentialId: string;
  readonly operator: string;
  readonly label: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly state: 'in-force' | 'pending' | 'revoked' | 'other-address';
  readonly backedUp: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
};

export type SessionShown = {
  readonly id: string;
  readonly operator: string;
  readonly method: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly userAgent: string;
  readonly address: string;
  readonly isOwn: boolean;
};

export function YouPart(): ReactNode {
  const session = useSignedIn();
  return (
    <div className="stack">
      <Panel title="You">
        <Facts
          facts={[
            ['Operator', <bdi key="o">{session.operator}</bdi>],
            ['Name', <bdi key="n">{session.name}</bdi>],
            ['Signed in by', session.method],
            ['Until', <Time key="u" at={session.expiresAt} />],
            ['Passkeys are bound to', <code key="r">{session.rpId}</code>],
          ]}
        />
        <details>
          <summary>What you may ask for</summary>
          <p className="row">
            {session.capabilities.map((capability) => (
              <Badge key={capability} mark={false}>
                {capability}
              </Badge>
            ))}
          </p>
        </details>
      </Panel>
      <Passkeys operator={session.operator} />
      <Sessions operator={session.operator} />
      <Panel title="Recovery codes">
        <p>
          A code signs you in once, for the day you lose your device, and does nothing more: it is
          no key and approves nothing. New ones are shown at a terminal only, and end the old ones:{' '}
          <code>holdfast console recovery {session.operator}</code>
        </p>
      </Panel>
      <Glass operator={session.operator} />
    </div>
  );
}

const STATES: Readonly<Record<PasskeyShown['state'], readonly [Tone, string, string]>> = {
  'in-force': ['good', 'signs', 'signs in, and approves: it is in force'],
  pending: ['warn', 'waits', 'signs in once somebody in force has signed for it'],
  revoked: ['bad', 'revoked', 'signs nothing any more'],
  'other-address': [
    'warn',
    'other address',
    'was made for another address of this console, and signs nothing here',
  ],
};

export function PasskeyState({ state }: { readonly state: PasskeyShown['state'] }): ReactNode {
  const [tone, says, title] = STATES[state] ?? ['plain', state, state];
  return (
    <Badge tone={tone} title={title}>
      {says}
    </Badge>
  );
}

function Passkeys({ operator }: { readonly operator: string }): ReactNode {
  const { data, error, isPending } = useAsk<{ readonly passkeys: readonly PasskeyShown[] }>(
    'passkeys_list',
    { operator },
    ['sessions'],
  );
  const navigate = useNavigate();
  const remove = useAct('passkey_remove', ['sessions']);
  const rename = useAct('passkey_rename', ['sessions']);
  const [removing, setRemoving] = useState<PasskeyShown>();
  const [renaming, setRenaming] = useState<PasskeyShown>();
  const [label, setLabel] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const add = async (): Promise<void> => {
    setProblem(undefined);
    try {
      await navigate({ href: await inviteOneself() });
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  return (
    <Panel
      title="Your passkeys"
      flush={(data?.passkeys.length ?? 0) > 0}
      actions={<Button onPress={() => void add()}>Add this device…</Button>}
    >
      {error === null ? null : <ErrorPanel error={error} />}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      {isPending ? (
        <Skeleton rows={2} />
      ) : (
        <Table
          label="Your passkeys"
          rows={data?.passkeys ?? []}
          rowKey={({ credentialId }) => credentialId}
          empty={
            <Empty title="You have no passkey here" icon="key">
              Without one you look; signing takes a passkey. Add this device within ten minutes of
              signing in; then an operator in force compares its fingerprint with you and signs for
              it. Who is no operator yet is invited by one.
            </Empty>
          }
          columns={[
            { id: 'label', header: 'Passkey', cell: ({ label }) => <bdi>{label}</bdi> },
            {
              id: 'state',
              header: 'State',
              width: '140px',
              cell: ({ state }) => <PasskeyState state={state} />,
            },
            {
              id: 'print',
              header: 'Fingerprint',
              wide: true,
              cell: ({ fingerprint }) => <code>{fingerprint}</code>,
            },
            {
              id: 'synced',
              header: 'Kept',
              width: '130px',
              wide: true,
              cell: ({ backedUp }) => (backedUp ? 'synced' : 'on one device'),
            },
            {
              id: 'used',
              header: 'Last used',
              width: '120px',
              cell: ({ lastUsedAt }) => <Time at={lastUsedAt} form="relative" />,
            },
            {
              id: 'acts',
              header: 'Change',
              act: true,
              width: '210px',
              cell: (passkey) => (
                <span className="row">
                  <Button
                    look="quiet"
                    aria-label={`Rename ${passkey.label}`}
                    onPress={() => {
                      setLabel(passkey.label);
                      setRenaming(passkey);
                    }}
                  >
                    Rename…
                  </Button>
                  <Button
                    look="quiet"
                    aria-label={`Remove ${passkey.label}`}
                    onPress={() => setRemoving(passkey)}
                  >
                    Remove…
                  </Button>
                </span>
              ),
            },
          ]}
        />
      )}
      <ConfirmDialog
        title={`Rename ${renaming?.label ?? ''}`}
        isOpen={renaming !== undefined}
        onClose={() => setRenaming(undefined)}
        confirm="Rename"
        isDisabled={label.trim() === ''}
        act={async () => {
          const { credentialId = '' } = renaming ?? {};
          await rename.mutateAsync({ credentialId, label: label.trim() });
          toast('Renamed');
        }}
      >
        <Field
          label="What you call it"
          value={label}
          onChange={setLabel}
          maxLength={64}
          autoFocus
          required
        />
      </ConfirmDialog>
      <ConfirmDialog
        title={`Remove ${removing?.label ?? ''}`}
        isOpen={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        confirm="Remove it"
        look="danger"
        act={async () => {
          await remove.mutateAsync({ credentialId: removing?.credentialId ?? '' });
          toast('Removed: it signs nobody in any more');
        }}
      >
        <p>
          It signs nobody in any more, and its sessions end. Its key goes on counting for approvals
          until a signed configuration revokes it: do that as well when the device is lost, under
          People.
        </p>
      </ConfirmDialog>
    </Panel>
  );
}

export function Sessions({ operator }: { readonly operator?: string }): ReactNode {
  const { data, error, isPending } = useAsk<{ readonly sessions: readonly SessionShown[] }>(
    'sessions_list',
    operator === undefined ? {} : { operator },
    ['sessions'],
  );
  const end = useAct('session_end', ['sessions']);
  const [ending, setEnding] = useState<SessionShown>();
  const client = useQueryClient();
  return (
    <Panel
      title={operator === undefined ? 'Everybody who is signed in' : 'Where you are signed in'}
      flush
    >
      {error === null ? null : <ErrorPanel error={error} />}
      {isPending ? (
        <Skeleton rows={2} />
      ) : (
        <Table
          label="Sessions"
          rows={data?.sessions ?? []}
          rowKey={({ id }) => id}
          empty={<Empty title="Nobody is signed in" icon="person" />}
          columns={[
            {
              id: 'who',
              header: 'Who',
              cell: ({ operator: who, isOwn, userAgent }) => (
                <>
                  <bdi>{who}</bdi> {isOwn ? <Badge tone="info">this one</Badge> : null}{' '}
                  <span className="quiet" title={`As the browser says of itself: ${userAgent}`}>
                    {deviceOf(userAgent)}
                  </span>
                </>
              ),
            },
            { id: 'method', header: 'By', width: '100px', cell: ({ method }) => method },
            {
              id: 'address',
              header: 'From',
              width: '150px',
              wide: true,
              cell: ({ address }) => <code>{address}</code>,
            },
            {
              id: 'seen',
              header: 'Seen',
              width: '110px',
              cell: ({ lastSeenAt }) => <Time at={lastSeenAt} form="relative" />,
            },
            {
              id: 'ends',
              header: 'Ends',
              width: '110px',
              cell: ({ expiresAt }) => <Time at={expiresAt} form="relative" />,
            },
            {
              id: 'end',
              header: 'End',
              act: true,
              width: '110px',
              cell: (session) => (
                <Button
                  look="quiet"
                  aria-label={`End the session of ${session.operator} from ${session.address}`}
                  onPress={() => setEnding(session)}
                >
                  End…
                </Button>
              ),
            },
          ]}
        />
      )}
      <ConfirmDialog
        title="End this session"
        isOpen={ending !== undefined}
        onClose={() => setEnding(undefined)}
        confirm="End it"
        look="danger"
        act={async () => {
          await end.mutateAsync({ id: ending?.id ?? '' });
          toast('Ended: its next request is refused');
          if (ending?.isOwn === true) await client.invalidateQueries({ queryKey: ['session'] });
        }}
      >
        <p>
          {ending?.isOwn === true
            ? 'It is the one you are using: you will be asked to sign in again.'
            : 'Its next request is refused, and what it has open ends within a second.'}
        </p>
      </ConfirmDialog>
    </Panel>
  );
}

type Open = {
  readonly open: readonly {
    readonly operator: string;
    readonly reason: string;
    readonly openedAt: string;
    readonly expiresAt: string;
  }[];
};

function Glass({ operator }: { readonly operator: string }): ReactNode {
  const isOwner = useSignedIn()
    .holds.split(',')
    .some((role) => role.trim() === 'owner');
  const { data } = useAsk<Open>('break_glass_status', {}, ['sessions']);
  const close = useAct('break_glass_close', ['sessions']);
  const client = useQueryClient();
  const [isBreaking, setBreaking] = useState(false);
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState('30');
  const own = data?.open.find((each) => each.operator === operator);
  const refresh = async (): Promise<void> => {
    await client.invalidateQueries({ queryKey: ['session'] });
    await markTopics(client, ['sessions']);
  };
  return (
    <Panel
      title="Break-glass"
      tone={(data?.open.length ?? 0) > 0 ? 'bad' : 'plain'}
      actions={
        own === undefined ? (
          isOwner ? undefined : (
            <Button look="danger" onPress={() => setBreaking(true)}>
              Break the glass…
            </Button>
          )
        ) : (
          <Button
            isPending={close.isPending}
            onPress={() => void close.mutateAsync({ operator }).then(refresh, () => {})}
          >
            Mend it now
          </Button>
        )
      }
    >
      <div className="stack">
        <p>
          For an hour at most your own reach becomes an owner’s. It takes a reason and your passkey,
          everybody is told, it is on record, and it ends by itself. It changes what you may ask
          for; signatures count as before.{' '}
          {isOwner ? 'You are an owner: there is nothing to break for you.' : null}
        </p>
        {data?.open.map((each) => (
          <p key={each.operator}>
            <strong>
              <bdi>{each.operator}</bdi>
            </strong>
            : <bdi>{each.reason}</bdi>, ends <Time at={each.expiresAt} form="relative" />
          </p>
        ))}
        {close.error === null ? null : <ErrorPanel error={close.error} />}
      </div>
      <ConfirmDialog
        title="Break the glass"
        isOpen={isBreaking}
        onClose={() => setBreaking(false)}
        confirm="Break it"
        look="danger"
        act={async () => {
          await breakGlass(reason.trim(), Number(minutes));
          toast('Your reach is an owner’s now. Everybody was told.');
          setReason('');
          await refresh();
        }}
      >
        <Field
          label="Why?"
          value={reason}
          onChange={setReason}
          maxLength={500}
          autoFocus
          required
          help="At least 8 characters; everybody reads it."
        />
        <Select
          label="For"
          value={minutes}
          onChange={setMinutes}
          options={[
            ['15', '15 minutes'],
            ['30', '30 minutes'],
            ['60', 'an hour'],
          ]}
        />
      </ConfirmDialog>
    </Panel>
  );
}
