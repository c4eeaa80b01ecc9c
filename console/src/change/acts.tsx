/** What can still be done with a change that was decided: stop it, take it back, close it, steer its rollout. */
import { useRouter } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ask, useMay } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import {
  Button,
  ConfirmDialog,
  Field,
  Icon,
  Panel,
  StateBadge,
  sentence,
  Time,
  toast,
} from '../kit/index.ts';
import { type ChangeView, phaseOf } from './shapes.ts';
import { UndoDialog } from './undo.tsx';

type ActsProps = { readonly change: ChangeView; readonly onDecided: (change: ChangeView) => void };

export function Acts({ change, onDecided }: ActsProps): ReactNode {
  const [open, setOpen] = useState<'cancel' | 'close' | 'undo'>();
  const router = useRouter();
  const mayDecide = useMay('changes.decide');
  const phase = phaseOf(change);
  const canCancel = phase === 'running' || phase === 'preparing';
  const canClose = change.state === 'ambiguous';
  const canUndo =
    (change.state === 'confirmed' || change.state === 'failed') && change.plan.inverse !== null;
  if (!mayDecide || !(canCancel || canClose || canUndo)) return null;
  const close = (): void => setOpen(undefined);
  const undone = (made: ChangeView): void => {
    if (made.changeId === change.changeId) onDecided(made);
    else {
      toast('The way back waits for a signature of its own.');
      void router.navigate({ to: '/changes/$id', params: { id: made.changeId } as never });
    }
  };
  return (
    <div className="row">
      {canUndo ? (
        <Button onPress={() => setOpen('undo')}>
          <Icon name="undo" /> Undo
        </Button>
      ) : null}
      {canCancel ? (
        <Button look="danger" onPress={() => setOpen('cancel')}>
          Cancel it
        </Button>
      ) : null}
      {canClose ? <Button onPress={() => setOpen('close')}>Close it</Button> : null}
      <ConfirmDialog
        title="Cancel this change?"
        isOpen={open === 'cancel'}
        onClose={close}
        confirm="Cancel it"
        look="danger"
        reason="Why?"
        act={async (reason) => {
          onDecided(await ask('change_cancel', { changeId: change.changeId, reason }));
        }}
      >
        <p>
          What no host has begun will not begin. A step that has begun ends within its own bound,
          and its receipt says how.
        </p>
      </ConfirmDialog>
      <ConfirmDialog
        title="Close it?"
        isOpen={open === 'close'}
        onClose={close}
        confirm="I looked: close it"
        reason="What did you find?"
        act={async (reason) => {
          onDecided(await ask('change_close', { changeId: change.changeId, reason }));
        }}
      >
        <p>
          It is not known whether it took effect. Close it only when you have seen that yourself.
        </p>
      </ConfirmDialog>
      <UndoDialog
        change={change}
        isOpen={open === 'undo'}
        onClose={close}
        onDone={(made) => {
          close();
          undone(made);
        }}
      />
    </div>
  );
}

export function RolloutPanel({ change, onDecided }: ActsProps): ReactNode {
  const [open, setOpen] = useState<'pause' | 'resume' | 'end'>();
  const [most, setMost] = useState('');
  const mayDecide = useMay('changes.decide');
  const { rollout } = change;
  if (rollout === null) return null;
  const close = (): void => setOpen(undefined);
  const isRunning = phaseOf(change) === 'running';
  const act =
    (operation: 'rollout_pause' | 'rollout_end' | 'rollout_resume', more: object = {}) =>
    async (reason: string): Promise<void> => {
      onDecided(await ask(operation, { changeId: change.changeId, reason, ...more }));
    };
  const isNumber = /^\d{1,3}$/.test(most);
  return (
    <Panel
      title="Rollout"
      aside={`${rollout.failures} failed; pauses above ${rollout.maxFailures}`}
      tone={rollout.paused === null ? 'plain' : 'warn'}
      actions={
        mayDecide && isRunning ? (
          <>
            {rollout.paused === null ? (
              <Button onPress={() => setOpen('pause')}>Pause</Button>
            ) : (
              <Button look="primary" onPress={() => setOpen('resume')}>
                Go on
              </Button>
            )}
            <Button look="danger" onPress={() => setOpen('end')}>
              End
            </Button>
          </>
        ) : null
      }
    >
      {rollout.paused === null ? null : (
        <p role="status">
          Paused by <bdi>{rollout.paused.by}</bdi>: <Visible text={rollout.paused.why} />{' '}
          <span className="quiet">
            <Time at={rollout.paused.at} form="relative" />
          </span>
        </p>
      )}
      <ol className="rollout">
        {rollout.batches.map((batch, at) => (
          <li key={at}>
            <p className="row">
              <strong>Batch {at + 1}</strong>
              <StateBadge state={batch.state} />
            </p>
            <ul className="rollout-targets">
              {batch.targets.map(({ target, state, says }) => (
                <li key={target} data-state={state}>
                  <bdi>{target}</bdi> <StateBadge state={state} />
                  {says === null || state === 'held' ? null : (
                    <span className="quiet small">
                      {' '}
                      <Visible text={sentence(says)} />
                    </span>
                  )}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      <ConfirmDialog
        title="Pause the rollout?"
        isOpen={open === 'pause'}
        onClose={close}
        confirm="Pause"
        reason="Why?"
        act={act('rollout_pause')}
      >
        <p>The batch that runs ends. No further one begins until an operator lets it go on.</p>
      </ConfirmDialog>
      <ConfirmDialog
        title="Let it go on?"
        isOpen={open === 'resume'}
        onClose={close}
        confirm="Go on"
        reason="Why is it safe?"
        act={act('rollout_resume', isNumber ? { maxFailures: Number(most) } : {})}
      >
        <p>What failed so far is forgiven, and the next batch begins.</p>
        <Field
          label="From here on, pause above so many failures"
          value={most}
          onChange={setMost}
          placeholder={`as in the plan: ${rollout.maxFailures}`}
          error={most === '' || isNumber ? undefined : 'a whole number'}
        />
      </ConfirmDialog>
      <ConfirmDialog
        title="End the rollout?"
        isOpen={open === 'end'}
        onClose={close}
        confirm="End it"
        look="danger"
        reason="Why?"
        act={act('rollout_end')}
      >
        <p>What was not begun never will be. What ran stays, and can be taken back.</p>
      </ConfirmDialog>
    </Panel>
  );
}
