/**
 * A program asks to act for the person who is signed in. What it says of itself is its own claim; what counts is where
 * it would be sent, and what the person lends: within their own reach, for a while, revoked at any time.
 */
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem, confirming, type Problem, sendTo } from '../api/index.ts';
import {
  Badge,
  Button,
  ErrorPanel,
  Facts,
  Field,
  Foreign,
  Page,
  Panel,
  Select,
  Skeleton,
  Time,
} from '../kit/index.ts';
import { durations } from '../leases/lease.ts';
import { EVERYTHING, type Picked, pickedInput, TargetPicker } from '../leases/target-picker.tsx';
import '../leases/leases.css';

type Consent = {
  readonly client: {
    readonly id: string;
    readonly host: string;
    readonly claimedName: string | null;
    readonly redirectHost: string;
    readonly isThisMachine: boolean;
  };
  readonly resource: string;
  readonly asked: readonly string[];
  readonly person: string;
  readonly may: {
    readonly profiles: readonly {
      readonly profile: string;
      readonly says: string;
      readonly capabilities: readonly string[];
    }[];
    readonly seconds: { readonly least: number; readonly most: number };
  };
  readonly proposed: {
    readonly profile: string;
    readonly ceiling: string;
    readonly seconds: number;
  };
  readonly expiresAt: string;
};

export function AuthorizePage(): ReactNode {
  const { uid } = useParams({ strict: false }) as { readonly uid: string };
  const path = `/oauth/interaction/${encodeURIComponent(uid)}`;
  const [consent, setConsent] = useState<Consent>();
  const [problem, setProblem] = useState<Problem>();
  const [isLeaving, setLeaving] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    sendTo('GET', path, undefined, stop.signal).then(
      (told) => setConsent(told as unknown as Consent),
      (thrown: unknown) => {
        if (!stop.signal.aborted) setProblem(asProblem(thrown));
      },
    );
    return () => stop.abort();
  }, [path]);
  const answer = async (body: object): Promise<void> => {
    setProblem(undefined);
    setLeaving(true);
    try {
      const { location: next } = (await confirming('oauth_consent', { answer: body, uid }, (more) =>
        sendTo('POST', path, body, undefined, more),
      )) as { readonly location: string };
      // Only ever within this service: it is the service that sends the browser back to the program.
      const address = new URL(next, location.origin);
      if (address.origin !== location.origin)
        throw new Error('the answer leads somewhere else: it was not followed');
      location.assign(address);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setLeaving(false);
    }
  };
  return (
    <Page title="A program asks to act for you" narrow>
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      {consent === undefined ? (
        problem === undefined ? (
          <Panel>
            <Skeleton rows={8} />
          </Panel>
        ) : null
      ) : (
        <ConsentForm
          consent={consent}
          isLeaving={isLeaving}
          onAnswer={(body) => void answer(body)}
        />
      )}
    </Page>
  );
}

function ConsentForm({
  consent,
  isLeaving,
  onAnswer,
}: {
  readonly consent: Consent;
  readonly isLeaving: boolean;
  readonly onAnswer: (body: object) => void;
}): ReactNode {
  const { client, may, proposed } = consent;
  const asked = consent.asked.find((each) => may.profiles.some(({ profile }) => profile === each));
  const [profile, setProfile] = useState(asked ?? proposed.profile);
  const [ceiling, setCeiling] = useState(proposed.ceiling);
  const [seconds, setSeconds] = useState(String(proposed.seconds));
  const [label, setLabel] = useState(plain(client.claimedName ?? client.host));
  const [picked, setPicked] = useState<Picked>(EVERYTHING);
  const chosen = may.profiles.find((each) => each.profile === profile);
  const input = pickedInput(picked);
  return (
    <>
      <Panel tone="foreign" title="Who asks">
        <div className="stack">
          <Facts
            facts={[
              [
                'It calls itself',
                client.claimedName === null ? (
                  <span className="quiet">nothing</span>
                ) : (
                  <Foreign key="n" text={client.claimedName} from="the program: its own claim" />
                ),
              ],
              [
                'It would be sent to',
                <span key="r">
                  <strong>
                    <bdi>{client.redirectHost}</bdi>
                  </strong>{' '}
                  {client.isThisMachine ? (
                    <Badge tone="info">a program on this device</Badge>
                  ) : null}
                </span>,
              ],
              ['Its id', <Foreign key="i" text={client.id} from="the program" />],
              ['You are', <bdi key="p">{consent.person}</bdi>],
              ['Answer', <Time key="t" at={consent.expiresAt} form="relative" />],
            ]}
          />
          <p>
            Only allow this if you just began it yourself. Anybody can call a program by any name:
            what you can judge is where the answer goes.
          </p>
        </div>
      </Panel>
      <Panel title="What you lend it">
        <div className="stack">
          <Select
            label="Profile"
            value={profile}
            onChange={setProfile}
            options={may.profiles.map((each) => [
              each.profile,
              each.profile === asked ? `${each.profile} (what it asks for)` : each.profile,
            ])}
          />
          <p className="small">{chosen?.says ?? ''}</p>
          {chosen === undefined ? null : (
            <p className="row">
              {chosen.capabilities.length === 0 ? (
                <span className="quiet">
                  You hold nothing of this yourself, so it would get nothing.
                </span>
              ) : (
                chosen.capabilities.map((capability) => (
                  <Badge key={capability} mark={false}>
                    {capability}
                  </Badge>
                ))
              )}
            </p>
          )}
          <TargetPicker picked={picked} onPick={setPicked} />
          <div className="filters">
            <Select
              label="Highest tier"
              value={ceiling}
              onChange={setCeiling}
              options={['T0', 'T1', 'T2', 'T3']
                .filter((tier) => tier <= proposed.ceiling)
                .map((tier) => [tier, TIERS[tier] ?? tier])}
            />
            <Select
              label="Ends after"
              value={seconds}
              onChange={setSeconds}
              options={durations(may.seconds.least, proposed.seconds, may.seconds.most)}
            />
          </div>
          <Field
            label="Name it"
            value={label}
            onChange={setLabel}
            maxLength={80}
            help="As it is listed under Assistants."
          />
          <p className="quiet small">
            It never reaches further than you do, it approves nothing, and you answer for what it
            asks. Revoke it at any time under Assistants.
          </p>
          <div className="dialog-actions">
            <Button isDisabled={isLeaving} onPress={() => onAnswer({ decision: 'deny' })}>
              Refuse
            </Button>
            <Button
              look="primary"
              isPending={isLeaving}
              isDisabled={input === undefined || label.trim() === ''}
              onPress={() =>
                onAnswer({
                  decision: 'allow',
                  profile,
                  scopes: null,
                  targets:
                    picked.how === 'all'
                      ? 'all'
                      : {
                          ids: picked.how === 'named' ? picked.ids : [],
                          tags: picked.how === 'tags' ? picked.tags : [],
                        },
                  ceiling,
                  seconds: Number(seconds),
                  label: label.trim(),
                })
              }
            >
              Allow
            </Button>
          </div>
        </div>
      </Panel>
    </>
  );
}

/** Its own name as a proposal for a label: without what cannot be seen. */
function plain(name: string): string {
  return name.replaceAll(/\p{C}/gu, '').trim();
}

const TIERS: Readonly<Record<string, string>> = {
  T0: 'T0: only look',
  T1: 'T1: small and reversible',
  T2: 'T2: proposes what a person signs',
  T3: 'T3: all that there is, each signed',
};
