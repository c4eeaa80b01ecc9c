/** Before anything is taken back, its targets are looked at: what moved since is not overwritten by accident. */
import { type ReactNode, useState } from 'react';
import { ask, useAsk } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import { Badge, type Column, ConfirmDialog, ErrorPanel, Skeleton, Table } from '../kit/index.ts';
import type { ChangeView } from './shapes.ts';

type Compared = {
  readonly target: string;
  readonly what: string;
  readonly before: string;
  readonly made: string;
  readonly now: string;
  readonly moved: boolean;
};

type UndoLook = {
  readonly compared: readonly Compared[];
  readonly moved: readonly string[];
  readonly unmoved: readonly string[];
};

const COLUMNS: readonly Column<Compared>[] = [
  {
    id: 'what',
    header: 'What',
    cell: (row) => (
      <>
        <bdi>{row.target}</bdi> <Visible text={row.what} />
      </>
    ),
  },
  { id: 'before', header: 'Before', cell: (row) => <Visible text={row.before} /> },
  { id: 'made', header: 'It made', cell: (row) => <Visible text={row.made} /> },
  {
    id: 'now',
    header: 'Now',
    cell: (row) => (
      <>
        <Visible text={row.now} /> {row.moved ? <Badge tone="warn">moved</Badge> : null}
      </>
    ),
  },
];

export function UndoDialog({
  change,
  isOpen,
  onClose,
  onDone,
}: {
  readonly change: ChangeView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onDone: (made: ChangeView) => void;
}): ReactNode {
  const look = useAsk<UndoLook>('undo_look', { changeId: change.changeId }, ['facts'], {
    enabled: isOpen,
  });
  const [made, setMade] = useState<ChangeView>();
  const some = look.data !== undefined && look.data.moved.length > 0;
  const only = some ? look.data.unmoved : [];
  const nothing = some && only.length === 0;
  return (
    <ConfirmDialog
      wide
      title="Undo this change?"
      isOpen={isOpen}
      onClose={() => {
        if (made === undefined) onClose();
        else onDone(made);
      }}
      confirm={some ? `Undo on ${only.length} of ${change.targets.length}` : 'Undo'}
      isDisabled={look.data === undefined || nothing}
      reason="Why?"
      act={async (reason) => {
        setMade(
          await ask<ChangeView>('change_undo', {
            changeId: change.changeId,
            reason,
            ...(some ? { only } : {}),
          }),
        );
      }}
    >
      {look.error === null ? null : (
        <ErrorPanel error={look.error} retry={() => void look.refetch()} />
      )}
      {look.isLoading ? <Skeleton rows={3} label="Looking at the targets" /> : null}
      {look.data === undefined ? null : (
        <>
          <p>
            {nothing
              ? 'Everything it touched has moved since. Taking it back would overwrite what somebody else did.'
              : some
                ? 'Some of it has moved since: only what has not is taken back, with a signature of its own.'
                : 'Nothing it touched has moved since.'}
          </p>
          {look.data.compared.length === 0 ? null : (
            <Table
              label="Before, after and now"
              rows={look.data.compared}
              columns={COLUMNS}
              rowKey={(row) => `${row.target} ${row.what}`}
            />
          )}
        </>
      )}
    </ConfirmDialog>
  );
}
