import { type ReactNode, useState } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { asProblem, type Problem } from '../api/problem.ts';
import { Button } from './button.tsx';
import { ErrorPanel } from './error-panel.tsx';
import { Field } from './field.tsx';

export function Dialog({
  title,
  isOpen,
  onClose,
  dismissable = true,
  wide = false,
  children,
}: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly dismissable?: boolean;
  readonly wide?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      isDismissable={dismissable}
      isKeyboardDismissDisabled={!dismissable}
    >
      <Modal className={wide ? 'modal modal-wide' : 'modal'}>
        <AriaDialog className="dialog">
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks once, with a reason where one is wanted. What was typed stays when it fails. */
export function ConfirmDialog({
  title,
  isOpen,
  onClose,
  confirm,
  act,
  look = 'primary',
  reason,
  wide = false,
  isDisabled = false,
  children,
}: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly wide?: boolean;
  /** It cannot be confirmed (yet). */
  readonly isDisabled?: boolean;
  /** The word on the button: what will happen. */
  readonly confirm: string;
  readonly act: (reason: string) => Promise<unknown>;
  readonly look?: 'primary' | 'danger';
  /** The label of the reason; without it none is asked. */
  readonly reason?: string;
  readonly children?: ReactNode;
}): ReactNode {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const isShort = reason !== undefined && typed.trim().length < 3;
  const run = async (): Promise<void> => {
    if (isShort || isActing || isDisabled) return;
    setActing(true);
    setProblem(undefined);
    try {
      await act(typed.trim());
      setTyped('');
      onClose();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} wide={wide}>
      {children}
      {reason === undefined ? null : (
        <Field
          label={reason}
          value={typed}
          onChange={setTyped}
          autoFocus
          maxLength={1_000}
          onEnter={() => void run()}
        />
      )}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div className="dialog-actions">
        <Button onPress={onClose}>Keep as it is</Button>
        <Button
          look={look}
          isDisabled={isShort || isDisabled}
          isPending={isActing}
          onPress={() => void run()}
        >
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
