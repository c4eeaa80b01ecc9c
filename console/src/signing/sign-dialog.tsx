/** A document to sign, over the page that it was asked for on. */
import { type ReactNode, useState } from 'react';
import { type Problem, useSignedIn } from '../api/index.ts';
import { Button, Dialog, ErrorPanel, Skeleton, toast } from '../kit/index.ts';
import { type Document, DocumentToSign } from './document-to-sign.tsx';

export type { Document } from './document-to-sign.tsx';

export function SignDialog({
  title,
  document,
  problem,
  isOpen,
  onClose,
  apply,
  done,
  children,
}: {
  readonly title: string;
  /** `undefined` while it is prepared. */
  readonly document: Document | undefined;
  /** It could not be prepared. */
  readonly problem?: Problem | undefined;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Hands the signature in. */
  readonly apply: (signature: string) => Promise<unknown>;
  /** What is said once it is in force. */
  readonly done: string;
  readonly children?: ReactNode;
}): ReactNode {
  const { keys, rpId } = useSignedIn();
  const [isActing, setActing] = useState(false);
  const leave = (
    <Button onPress={onClose} isDisabled={isActing}>
      Not now
    </Button>
  );
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} dismissable={!isActing} wide>
      {document === undefined ? (
        <>
          {problem === undefined ? (
            <Skeleton rows={4} label="Preparing" />
          ) : (
            <ErrorPanel error={problem} />
          )}
          <div className="dialog-actions">{leave}</div>
        </>
      ) : (
        <DocumentToSign
          key={document.order}
          document={document}
          keys={keys}
          rpId={rpId}
          take={async (signature) => {
            await apply(signature);
            toast(done);
            onClose();
          }}
          onActing={setActing}
          leave={leave}
        >
          {children}
        </DocumentToSign>
      )}
    </Dialog>
  );
}
