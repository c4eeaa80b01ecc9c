/**
 * An invitation becomes a passkey. The code stands in the fragment, which is sent to nobody, and leaves the address and
 * the history at once. The first person then signs, with that passkey, the document that puts it in force.
 */
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem, Problem } from '../api/index.ts';
import {
  finishInvitation,
  type OpenInvitation,
  openInvitation,
  type Registered,
  registerPasskey,
} from '../api/sign-in.ts';
import {
  Button,
  ErrorPanel,
  Facts,
  Field,
  Icon,
  LinkButton,
  Page,
  Panel,
  Skeleton,
  Time,
} from '../kit/index.ts';
import { RecoveryCodes } from '../parts/recovery-codes.tsx';
import { Plain } from '../shell/plain.tsx';
import { DocumentToSign } from '../signing/document-to-sign.tsx';

export function InvitationPage(): ReactNode {
  const [code, setCode] = useState(() => location.hash.slice(1));
  useEffect(() => {
    if (location.hash !== '') history.replaceState(history.state, '', location.pathname);
  }, []);
  return (
    <Plain wide>{code === '' ? <AskForCode onCode={setCode} /> : <Opened code={code} />}</Plain>
  );
}

function AskForCode({ onCode }: { readonly onCode: (code: string) => void }): ReactNode {
  const [typed, setTyped] = useState('');
  const done = (): void => onCode(typed.trim().replace(/^.*#/, ''));
  return (
    <Page title="Your invitation" lead="Open the link that you were given, or paste it here.">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== '') done();
        }}
      >
        <Field label="Link or code" value={typed} onChange={setTyped} mono autoFocus />
        <Button type="submit" look="primary" isDisabled={typed.trim() === ''}>
          Go on
        </Button>
        <p className="quiet">
          The first link is made at a terminal of the service: <code>holdfast console setup</code>.
          It works once, for 15 minutes.
        </p>
      </form>
    </Page>
  );
}

function Opened({ code }: { readonly code: string }): ReactNode {
  const [opened, setOpened] = useState<OpenInvitation>();
  const [registered, setRegistered] = useState<Registered>();
  const [codes, setCodes] = useState<readonly string[]>();
  const [problem, setProblem] = useState<Problem>();

  useEffect(() => {
    let isHere = true;
    openInvitation(code).then(
      (found) => {
        if (!isHere) return;
        setOpened(found);
        if (found.step === 'sign') setRegistered(found);
      },
      (thrown: unknown) => {
        if (isHere) setProblem(asProblem(thrown));
      },
    );
    return () => {
      isHere = false;
    };
  }, [code]);

  if (problem !== undefined)
    return (
      <Page title="This invitation cannot be used">
        <ErrorPanel error={problem} />
        <p>
          A link works once and for 15 minutes. Have a new one made:{' '}
          <code>holdfast console invite</code>, or <code>holdfast console setup</code> for the first
          person.
        </p>
      </Page>
    );
  if (opened === undefined)
    return (
      <Page title="Your invitation">
        <Skeleton rows={4} />
      </Page>
    );
  if (codes !== undefined) return <RecoveryCodes codes={codes} />;
  if (registered === undefined)
    return <Register code={code} invitation={opened} onRegistered={setRegistered} />;
  if (registered.step === 'pending') return <Waiting registered={registered} />;
  const { passkey, page } = registered;
  return (
    <Page
      title="Put it in force"
      lead="Your passkey is made. Nobody may sign anything yet: with this first document you make it the key that may."
    >
      <Panel title={`Configuration ${page.version}`}>
        <DocumentToSign
          document={page}
          keys={[passkey]}
          rpId={opened.place.rpId}
          take={async (signature) => {
            const signed = { order: page.order, signature };
            setCodes((await finishInvitation(code, signed)).recoveryCodes);
          }}
        />
      </Panel>
    </Page>
  );
}

function Register({
  code,
  invitation,
  onRegistered,
}: {
  readonly code: string;
  readonly invitation: OpenInvitation;
  readonly onRegistered: (registered: Registered) => void;
}): ReactNode {
  const [label, setLabel] = useState('This device');
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const { origin, rpId } = invitation.place;
  const isElsewhere = origin !== location.origin;
  const register = async (): Promise<void> => {
    setProblem(undefined);
    setActing(true);
    try {
      onRegistered(await registerPasskey(code, label.trim()));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  return (
    <Page
      title={`Welcome, ${invitation.name}`}
      lead={
        invitation.isFirst
          ? 'You are the first person here. In two steps you can sign what changes this fleet.'
          : 'Register a passkey. Somebody who may sign already then puts it in force.'
      }
    >
      <Panel title="What this passkey will be">
        <Facts
          facts={[
            ['You are', <strong key="who">{invitation.operator}</strong>],
            ['Bound to', <code key="rp">{rpId}</code>],
            ['Invitation ends', <Time key="end" at={invitation.expiresAt} />],
          ]}
        />
        <p>
          It signs you in, and it signs changes: your device asks for your finger, face or PIN each
          time, and every host checks that signature itself. It works at <code>{rpId}</code> only.
          Under another name it would be another key, and everybody would have to register anew; so
          choose the name before you go on.
        </p>
        {rpId === 'localhost' ? (
          <p className="note">
            <Icon name="info" />
            <span>
              <code>localhost</code> is for this machine alone. To sign from a phone, stop here and
              run <code>holdfast console expose</code> first.
            </span>
          </p>
        ) : null}
      </Panel>
      {isElsewhere ? (
        <ErrorPanel
          error={
            new Problem(
              'invalid',
              'other-address',
              `this page is open at ${location.origin}, and passkeys are made at ${origin}`,
            )
          }
        />
      ) : null}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (label.trim() !== '' && !isActing) void register();
        }}
      >
        <Field
          label="What you call it"
          value={label}
          onChange={setLabel}
          maxLength={64}
          help="Like “Ada’s laptop”: you see it in Settings, and when one is lost."
        />
        <div>
          <Button
            type="submit"
            look="primary"
            size="large"
            isPending={isActing}
            isDisabled={isElsewhere || label.trim() === ''}
          >
            <Icon name="key" />
            {isActing ? 'Waiting for your device' : 'Register a passkey'}
          </Button>
        </div>
      </form>
    </Page>
  );
}

function Waiting({
  registered,
}: {
  readonly registered: Extract<Registered, { step: 'pending' }>;
}): ReactNode {
  return (
    <Page
      title="Registered, and waiting"
      lead="It signs nothing until somebody in force signs for it."
    >
      <Panel tone="info">
        <p>{registered.says}</p>
        <Facts facts={[['Fingerprint', <code key="f">{registered.passkey.fingerprint}</code>]]} />
      </Panel>
      <div>
        <LinkButton to="/sign-in">To the sign-in</LinkButton>
      </div>
    </Page>
  );
}
