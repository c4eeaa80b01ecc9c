/** What is kept of outputs: what may not be destroyed, and destroying what is no longer to be kept. */
import { type ReactNode, useState } from 'react';
import { ask, useMay } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import {
  Button,
  Choice,
  ConfirmDialog,
  Field,
  Panel,
  Select,
  Table,
  Time,
  toast,
  useNow,
} from '../kit/index.ts';

export type Hold = {
  /** A change, or `all`. */
  readonly change: string;
  readonly why?: string;
  readonly at?: string;
};

type Pruned = { readonly pruned: readonly unknown[]; readonly held: readonly unknown[] };

const DAY_MS = 86_400_000;
const AGES = [
  ['365', 'Older than a year'],
  ['180', 'Older than 180 days'],
  ['90', 'Older than 90 days'],
  ['30', 'Older than 30 days'],
  ['0', 'All that is kept until now'],
] as const;
/** Typed before anything is destroyed. */
const WORD = 'destroy';

export function Outputs({
  holds,
  onChanged,
}: {
  readonly holds: readonly Hold[];
  readonly onChanged: () => void;
}): ReactNode {
  const mayWrite = useMay('evidence.write');
  const [acting, setActing] = useState<'hold' | 'prune'>();
  const [releasing, setReleasing] = useState<Hold>();
  const close = (): void => setActing(undefined);
  return (
    <Panel
      title="Outputs under hold"
      aside={holds.length}
      flush={holds.length > 0}
      actions={
        mayWrite ? (
          <>
            <Button onPress={() => setActing('hold')}>Hold…</Button>
            <Button look="danger" onPress={() => setActing('prune')}>
              Destroy old outputs…
            </Button>
          </>
        ) : undefined
      }
    >
      {holds.length === 0 ? (
        <p className="quiet">
          None: outputs are kept as long as evidence.yaml says, then destroyed with a proof of it.
        </p>
      ) : (
        <Table
          label="Outputs under hold"
          rows={holds}
          rowKey={({ change }) => change}
          columns={[
            {
              id: 'change',
              header: 'Of',
              cell: ({ change }) => <bdi>{nameOf(change)}</bdi>,
            },
            {
              id: 'reason',
              header: 'Why',
              cell: ({ why = '' }) => <Visible text={why} />,
            },
            {
              id: 'at',
              header: 'Since',
              width: '120px',
              cell: ({ at }) => (at === undefined ? null : <Time at={at} form="relative" />),
            },
            {
              id: 'release',
              header: 'Release',
              act: true,
              width: '120px',
              cell: (hold) =>
                mayWrite ? (
                  <Button
                    look="quiet"
                    aria-label={`Release ${nameOf(hold.change)}`}
                    onPress={() => setReleasing(hold)}
                  >
                    Release…
                  </Button>
                ) : null,
            },
          ]}
        />
      )}
      <HoldDialog isOpen={acting === 'hold'} onClose={close} onChanged={onChanged} />
      <PruneDialog isOpen={acting === 'prune'} onClose={close} onChanged={onChanged} />
      <ConfirmDialog
        title={`Release ${nameOf(releasing?.change ?? '')}`}
        isOpen={releasing !== undefined}
        onClose={() => setReleasing(undefined)}
        confirm="Release"
        look="danger"
        reason="Why may they go?"
        act={async (reason) => {
          await ask('evidence_hold', { change: releasing?.change, reason, release: true });
          toast('Released: they go when their time is over');
          onChanged();
        }}
      >
        <p>What is older than evidence.yaml keeps it is destroyed at the next pruning.</p>
      </ConfirmDialog>
    </Panel>
  );
}

type Opened = {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onChanged: () => void;
};

function HoldDialog({ isOpen, onClose, onChanged }: Opened): ReactNode {
  const [of, setOf] = useState('one');
  const [change, setChange] = useState('');
  const id = of === 'all' ? 'all' : change.trim();
  return (
    <ConfirmDialog
      title="Hold outputs"
      isOpen={isOpen}
      onClose={onClose}
      confirm="Hold"
      reason="Why?"
      isDisabled={id === ''}
      act={async (reason) => {
        await ask('evidence_hold', { change: id, reason });
        toast('Held: nothing of it is destroyed until somebody releases it');
        setChange('');
        onChanged();
      }}
    >
      <p>What is held is kept, whatever evidence.yaml says, until somebody releases it.</p>
      <Choice
        label="What is held"
        value={of}
        onChange={setOf}
        options={[
          ['one', 'Of one change'],
          ['all', 'Of every change'],
        ]}
      />
      {of === 'one' ? (
        <Field label="Change" value={change} onChange={setChange} placeholder="chg_…" mono />
      ) : null}
    </ConfirmDialog>
  );
}

function PruneDialog({ isOpen, onClose, onChanged }: Opened): ReactNode {
  const now = useNow(30_000);
  const [days, setDays] = useState('365');
  const [typed, setTyped] = useState('');
  const before = new Date(now - Number(days) * DAY_MS).toISOString();
  return (
    <ConfirmDialog
      title="Destroy old outputs"
      isOpen={isOpen}
      onClose={() => {
        setTyped('');
        onClose();
      }}
      confirm="Destroy them"
      look="danger"
      isDisabled={typed.trim() !== WORD}
      act={async () => {
        const { pruned, held } = await ask<Pruned>('evidence_prune', { before });
        const kept = held.length === 0 ? '' : `; ${held.length} under hold were kept`;
        toast(
          pruned.length === 0
            ? `Nothing was old enough to be destroyed${kept}`
            : `${pruned.length} outputs were destroyed, on record${kept}`,
        );
        setTyped('');
        onChanged();
      }}
    >
      <p>
        Nobody reads them again here; a backup that was made before still has them. What is under
        hold stays, and so does the log: it goes on proving that they were, and when they went.
      </p>
      <Select label="Which" value={days} onChange={setDays} options={AGES} />
      <p className="quiet small">
        Kept before <Time at={before} form="utc" />
      </p>
      <Field
        label={`Type ${WORD} to confirm`}
        value={typed}
        onChange={setTyped}
        mono
        required
        help="This cannot be taken back."
      />
    </ConfirmDialog>
  );
}

function nameOf(change: string): string {
  return change === 'all' ? 'every change' : change;
}
