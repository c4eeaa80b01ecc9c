/**
 * One document, in words and byte for byte, and the ceremony that signs it. The digest and its words are computed here
 * from the bytes that will be signed; where the service told others, nothing is signed.
 */
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem, type Problem, useSignedIn } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import { Button, Code, Dialog, ErrorPanel, toast } from '../kit/index.ts';
import { DigestWords } from '../parts/digest-words.tsx';
import {
  digestWords,
  NAMESPACES,
  type Namespace,
  NotSigned,
  sha256,
  signWithPasskey,
} from '../sign/index.ts';
import './signing.css';

export type Document = {
  readonly order: string;
  readonly namespace: string;
  /** What it does, in words. */
  readonly says: readonly string[];
  /** As the service told them: held against what is computed here. */
  readonly digest?: string;
  readonly digestWords?: string;
  /** Whose signatures it takes. */
  readonly needs?: string;
};

type Computed = { readonly digest: string; readonly words: string };

export function SignDialog({
  title,
  document,
  isOpen,
  onClose,
  apply,
  done,
  children,
}: {
  readonly title: string;
  readonly document: Document | undefined;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Hands the signature in. */
  readonly apply: (signature: string) => Promise<unknown>;
  /** What is said once it is in force. */
  readonly done: string;
  readonly children?: ReactNode;
}): ReactNode {
  const { keys, rpId } = useSignedIn();
  const [computed, setComputed] = useState<Computed>();
  const [problem, setProblem] = useState<Problem | NotSigned>();
  const [isActing, setActing] = useState(false);
  const order = document?.order;
  useEffect(() => {
    let isCurrent = true;
    setComputed(undefined);
    setProblem(undefined);
    if (order === undefined) return;
    void sha256(order).then((digest) => {
      if (isCurrent) setComputed({ digest, words: digestWords(digest) });
    });
    return () => {
      isCurrent = false;
    };
  }, [order]);
  const namespace = Object.values(NAMESPACES).find((each) => each === document?.namespace);
  const misfit = misfitOf(document, computed, namespace);
  const sign = async (): Promise<void> => {
    if (document === undefined || namespace === undefined || misfit !== null) return;
    setActing(true);
    setProblem(undefined);
    try {
      await apply(await signWithPasskey(document.order, namespace, { keys, rpId }));
      toast(done);
      onClose();
    } catch (thrown) {
      setProblem(thrown instanceof NotSigned ? thrown : asProblem(thrown));
    } finally {
      setActing(false);
    }
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} dismissable={!isActing} wide>
      {document === undefined ? null : (
        <div className="stack">
          <ul className="signed-says">
            {document.says.map((line) => (
              <li key={line}>
                <bdi>
                  <Visible text={line} />
                </bdi>
              </li>
            ))}
          </ul>
          {document.needs === undefined ? null : (
            <p className="quiet">
              It takes <bdi>{document.needs}</bdi>.
            </p>
          )}
          {children}
          {computed === undefined ? null : (
            <DigestWords words={computed.words} digest={computed.digest} />
          )}
          <details>
            <summary>The document, byte for byte</summary>
            <Code text={document.order} label="The document that is signed" />
          </details>
        </div>
      )}
      {misfit === null || computed === undefined ? null : (
        <p className="error-panel" role="alert">
          {misfit}
        </p>
      )}
      {problem === undefined ? null : problem instanceof NotSigned ? (
        <p role="alert">{problem.message}</p>
      ) : (
        <ErrorPanel error={problem} />
      )}
      <div className="dialog-actions">
        <Button onPress={onClose} isDisabled={isActing}>
          Not now
        </Button>
        <Button
          look="primary"
          isPending={isActing}
          isDisabled={computed === undefined || misfit !== null}
          onPress={() => void sign()}
        >
          Sign with your passkey
        </Button>
      </div>
    </Dialog>
  );
}

/** Why it must not be signed here; `null`: nothing stands against it. */
function misfitOf(
  document: Document | undefined,
  computed: Computed | undefined,
  namespace: Namespace | undefined,
): string | null {
  if (document === undefined || computed === undefined) return null;
  if (namespace === undefined)
    return 'Nothing is signed: the document is of a kind that is not known here.';
  if (document.digest !== undefined && document.digest !== computed.digest)
    return 'Nothing is signed: the document is another one than the service says.';
  if (document.digestWords !== undefined && document.digestWords !== computed.words)
    return 'Nothing is signed: its words are others than the service says.';
  return null;
}
