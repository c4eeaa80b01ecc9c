/** Lends an assistant a part of what a person may do; the bearer is shown once, with the configuration of its client. */
import { type ReactNode, useState } from 'react';
import { ask, asProblem, markTopics, type Problem, useAsk, useSignedIn } from '../api/index.ts';
import { queryClient } from '../api/query-client.ts';
import { Button, Check, Dialog, ErrorPanel, Field, Panel, Select, Time } from '../kit/index.ts';
import { ClientConfigs } from './client-configs.tsx';
import { Copyable } from './copyable.tsx';
import { configsFor, durations, type Lease, type LeaseProfiles } from './lease.ts';
import { EVERYTHING, type Picked, pickedInput, TargetPicker } from './target-picker.tsx';

type Issued = { readonly lease: Lease; readonly bearer: string };

export const mcpAddress = (origin: string): string => `${origin}/mcp`;

export function IssueDialog({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const { data } = useAsk<LeaseProfiles>('lease_profiles', {}, [], { enabled: isOpen });
  const [issued, setIssued] = useState<Issued>();
  // What was shown once is gone with the dialog.
  const close = (): void => {
    setIssued(undefined);
    onClose();
  };
  return (
    <Dialog
      title={issued === undefined ? 'Lend to an assistant' : 'The bearer, shown this once'}
      isOpen={isOpen}
      onClose={close}
      dismissable={issued === undefined}
      wide
    >
      {issued === undefined ? (
        <IssueForm offered={data} onIssued={setIssued} onClose={close} />
      ) : (
        <IssuedView issued={issued} onClose={close} />
      )}
    </Dialog>
  );
}

function IssueForm({
  offered,
  onIssued,
  onClose,
}: {
  readonly offered: LeaseProfiles | undefined;
  readonly onIssued: (issued: Issued) => void;
  readonly onClose: () => void;
}): ReactNode {
  const [label, setLabel] = useState('');
  const [profile, setProfile] = useState('observer');
  const [ceiling, setCeiling] = useState('');
  const [seconds, setSeconds] = useState('');
  const [picked, setPicked] = useState<Picked>(EVERYTHING);
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const input = pickedInput(picked);
  const chosen = offered?.profiles.find((each) => each.profile === profile);
  const run = async (): Promise<void> => {
    setActing(true);
    setProblem(undefined);
    try {
      const issued = await ask<Issued>('lease_issue', {
        label: label.trim(),
        profile,
        ...input,
        ...(ceiling === '' ? {} : { ceiling }),
        ...(seconds === '' ? {} : { seconds: Number(seconds) }),
      });
      onIssued(issued);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
      void markTopics(queryClient, ['leases']);
    }
  };
  return (
    <>
      <Field
        label="What is it for?"
        value={label}
        onChange={setLabel}
        placeholder="Claude on my laptop"
        maxLength={80}
        autoFocus
        required
      />
      <Select
        label="Profile"
        value={profile}
        onChange={setProfile}
        options={(offered?.profiles ?? [{ profile: 'observer' }]).map((each) => [
          each.profile,
          each.profile,
        ])}
      />
      <p className="small">
        {chosen === undefined ? ' ' : `${chosen.says}. Up to ${chosen.ceiling}.`}
      </p>
      <TargetPicker picked={picked} onPick={setPicked} />
      <div className="filters">
        <Select
          label="Highest tier"
          value={ceiling}
          onChange={setCeiling}
          options={[
            ['', 'As high as the profile and you go'],
            ['T0', 'T0: only look'],
            ['T1', 'T1: small and reversible'],
            ['T2', 'T2: proposes what a person signs'],
            ['T3', 'T3'],
          ]}
        />
        <Select
          label="Ends after"
          value={seconds === '' ? String(offered?.seconds.usual ?? '') : seconds}
          onChange={setSeconds}
          options={durations(
            offered?.seconds.least ?? 60,
            offered?.seconds.usual ?? 14_400,
            offered?.seconds.most ?? 86_400,
          )}
        />
      </div>
      <p className="quiet small">
        It never reaches further than you do, now or later; it approves nothing, and you answer for
        what it asks.
      </p>
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div className="dialog-actions">
        <Button onPress={onClose}>Lend nothing</Button>
        <Button
          look="primary"
          isPending={isActing}
          isDisabled={label.trim() === '' || input === undefined}
          onPress={() => void run()}
        >
          Issue
        </Button>
      </div>
    </>
  );
}

function IssuedView({
  issued: { lease, bearer },
  onClose,
}: {
  readonly issued: Issued;
  readonly onClose: () => void;
}): ReactNode {
  const { origin } = useSignedIn();
  const [isKept, setKept] = useState(false);
  return (
    <>
      <p>
        Give it to the assistant now: only its hash is kept, so nobody can show it again. It ends{' '}
        <Time at={lease.expiresAt} form="relative" />, or at once when you revoke it.
      </p>
      <Copyable text={bearer} label="The bearer" />
      <Panel title="Ready to paste">
        <ClientConfigs configs={configsFor(mcpAddress(origin), bearer)} label="Client" />
      </Panel>
      <Check checked={isKept} onChange={setKept}>
        I have given it to the client
      </Check>
      <div className="dialog-actions">
        <Button look="primary" isDisabled={!isKept} onPress={onClose}>
          Done
        </Button>
      </div>
    </>
  );
}
