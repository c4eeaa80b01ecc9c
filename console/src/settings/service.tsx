/** The service itself: what needs mending, where it is reached, and what is in which file. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAsk, useMay } from '../api/index.ts';
import { Badge, Button, ErrorPanel, Facts, Panel, Skeleton } from '../kit/index.ts';
import { ConfigState } from '../signing/config-sign.tsx';
import { Unsigned, type UnsignedEdit } from './unsigned-edit.tsx';

type Doctor = {
  readonly ok: boolean;
  readonly version: string;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly says: string;
    readonly mend?: string;
  }[];
};

export function ServicePart(): ReactNode {
  const mayExamine = useMay('service.admin');
  return (
    <div className="stack">
      <ConfigState />
      <Address />
      {mayExamine ? <Examined /> : null}
      <Panel title="Where things are set">
        <p>
          Everything is a file in the data directory, so that it can be read, kept in Git and
          signed. Nothing decides before an operator has signed it.
        </p>
        <Facts
          facts={[
            ['fleet.yaml', 'targets, who owns them, and which sources are trusted'],
            [
              'policy/',
              <Link key="pl" to="/policy">
                who may do what, to how much, with whose yes
              </Link>,
            ],
            ['access.yaml', 'roles of people'],
            ['server.yaml', 'address, TLS, identity provider, and where requests may go'],
            ['notices.yaml', 'schedules, and who is told: webhook, mail, ntfy, Slack, Teams'],
            ['declarations.yaml', 'what should be: Git, OpenTofu, Ansible, CIS'],
            [
              'evidence.yaml',
              <Link key="el" to="/evidence" search={{ part: 'anchors' } as never}>
                witnesses, timestamps, retention
              </Link>,
            ],
          ]}
        />
      </Panel>
      <Panel title="For programs">
        <p>
          <Link to="/api">The API, as it describes itself</Link>: every operation, with a place to
          try what looks.
        </p>
      </Panel>
    </div>
  );
}

type Console = {
  readonly origin: string;
  readonly rpId: string;
  readonly isAccepted: boolean;
  readonly accepted: readonly string[];
  readonly operators: number;
  readonly passkeys: number;
  readonly stranded: number;
  readonly sessions: number;
  readonly unsigned: UnsignedEdit | null;
  readonly next: string;
};

function Address(): ReactNode {
  const { data, error } = useAsk<Console>('console_status', {}, ['sessions']);
  if (error !== null) return <ErrorPanel error={error} />;
  if (data === undefined) return <Skeleton rows={3} />;
  return (
    <>
      <Unsigned edit={data.unsigned} />
      <Panel
        title="This console"
        tone={data.isAccepted ? 'plain' : 'warn'}
        aside={
          <Badge tone={data.isAccepted ? 'good' : 'warn'}>
            {data.isAccepted
              ? 'hosts take what is signed here'
              : 'hosts do not take what is signed here'}
          </Badge>
        }
      >
        <Facts
          facts={[
            ['Address', <code key="o">{data.origin}</code>],
            ['Passkeys are bound to', <code key="r">{data.rpId}</code>],
            [
              'Passkeys',
              `${data.passkeys}${data.stranded === 0 ? '' : `, ${data.stranded} of another address`}`,
            ],
            ['Signed in now', data.sessions],
          ]}
        />
        {data.next === '' ? null : (
          <p>
            <bdi>{data.next}</bdi>
          </p>
        )}
        <p className="quiet small">
          To open it from a phone or another machine it needs a name and TLS:{' '}
          <code>holdfast console expose</code>. Choose the name once: passkeys of one name are
          strangers to another.
        </p>
      </Panel>
    </>
  );
}

function Examined(): ReactNode {
  const { data, error, isPending, isFetching, refetch } = useAsk<Doctor>('doctor', {}, []);
  if (error !== null) return <ErrorPanel error={error} retry={() => void refetch()} />;
  return (
    <Panel
      title="Doctor"
      tone={data === undefined || data.ok ? 'plain' : 'warn'}
      aside={
        data === undefined ? undefined : (
          <Badge tone={data.ok ? 'good' : 'warn'}>{data.ok ? 'healthy' : 'to mend'}</Badge>
        )
      }
      actions={
        <Button isPending={isFetching} onPress={() => void refetch()}>
          Examine again
        </Button>
      }
    >
      {isPending ? (
        <Skeleton rows={8} />
      ) : (
        <ul className="examined">
          {data?.checks
            .toSorted((a, b) => Number(a.ok) - Number(b.ok))
            .map(({ name, ok, says, mend }) => (
              <li key={name}>
                <Badge tone={ok ? 'good' : 'warn'}>{ok ? 'fine' : 'mend'}</Badge>
                <div>
                  <strong>{name}</strong> <bdi className="quiet">{says}</bdi>
                  {mend === undefined ? null : (
                    <div>
                      <bdi>{mend}</bdi>
                    </div>
                  )}
                </div>
              </li>
            ))}
        </ul>
      )}
      {data === undefined ? null : <p className="quiet small">Version {data.version}</p>}
    </Panel>
  );
}
