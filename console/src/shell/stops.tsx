/** The emergency stop: one press and one confirmation with a reason. Lifting it takes a signature, so it is elsewhere. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useAct, useAsk } from '../api/index.ts';
import { Button, ConfirmDialog, Icon, Time, toast } from '../kit/index.ts';

type Stop = {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly name?: string };
  readonly by: string;
  readonly reason: string;
  readonly at: string;
};

export function StopButton(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const stop = useAct('emergency_stop', ['stops', 'changes']);
  return (
    <>
      <Button look="danger" onPress={() => setOpen(true)} aria-label="Stop everything">
        <Icon name="stop" />
        <span>Stop</span>
      </Button>
      <ConfirmDialog
        title="Stop everything?"
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        confirm="Stop everything"
        look="danger"
        reason="Why?"
        act={async (reason) => {
          await stop.mutateAsync({ subject: 'fleet', reason });
          toast('Stopped. Nothing begins on any target until a signed order lifts it.');
        }}
      >
        <p>
          Nothing more begins on any target, for people and assistants alike. What a host has begun
          ends within its own bound. Looking goes on. Lifting the stop takes your passkey.
        </p>
      </ConfirmDialog>
    </>
  );
}

export function StopsInForce(): ReactNode {
  const { data } = useAsk<{ readonly stops: readonly Stop[]; readonly unreadable: string | null }>(
    'stops_list',
    {},
    ['stops'],
  );
  if (data === undefined || (data.stops.length === 0 && data.unreadable === null)) return null;
  return (
    <div className="stopped" role="alert">
      <Icon name="stop" />
      {data.unreadable === null ? null : <span>Nothing may run: {data.unreadable}</span>}
      {data.stops.map(({ id, subject, by, reason, at }) => (
        <span key={id}>
          <strong>Stopped: {subject.name ?? 'everything'}</strong> by{' '}
          <bdi>{by.replace(/^operator:/, '')}</bdi>, <Time at={at} form="relative" />:{' '}
          <bdi>{reason}</bdi>
        </span>
      ))}
      <Link to="/settings" search={{ part: 'stops' } as never}>
        Lift
      </Link>
    </div>
  );
}
