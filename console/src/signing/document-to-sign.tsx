/**
 * One document, in words and byte for byte, and the ceremony that signs it: the first run, operators, rules, policy,
 * hosts, standing approvals, stops. The digest and its words are computed here from the bytes that will be signed; where
 * the service told others, or the document is of another kind than it was said to be, nothing is signed.
 */
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem, Problem } from '../api/index.ts';
import { Visible } from '../kit/foreign.tsx';
import { Button, Code, ErrorPanel, Icon } from '../kit/index.ts';
import { DigestWords } from '../parts/digest-words.tsx';
import {
  digestWords,
  NAMESPACES,
  type Namespace,
  type SigningKey,
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

type Computed = { readonly of: string; readonly digest: string; readonly words: string };

export function DocumentToSign({
  document,
  keys,
  rpId,
  take,
  onActing,
  leave,
  children,
}: {
  readonly document: Document;
  readonly keys: readonly SigningKey[];
  readonly rpId: string;
  /** Hands the signature in. */
  readonly take: (signature: string) => Promise<unknown>;
  readonly onActing?: (isActing: boolean) => void;
  /** Beside the button: the way out. */
  readonly leave?: ReactNode;
  readonly children?: ReactNode;
}): ReactNode {
  const computed = useComputed(document.order);
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const namespace = Object.values(NAMESPACES).find((each) => each === document.namespace);
  const misfit = computed === undefined ? undefined : misfitOf(document, computed, namespace);
  const act = (is: boolean): void => {
    setActing(is);
    onActing?.(is);
  };
  const sign = async (): Promise<void> => {
    if (computed === undefined || namespace === undefined || misfit !== undefined) return;
    setProblem(undefined);
    act(true);
    try {
      await take(await signWithPasskey(document.order, namespace, { keys, rpId }));
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      act(false);
    }
  };
  return (
    <div className="stack">
      <ul className="says">
        {document.says.map((line, at) => (
          <li key={at}>
            <bdi>
              <Visible text={line} />
            </bdi>
          </li>
        ))}
      </ul>
      {document.needs === undefined ? null : (
        <p className="quiet small">
          Signatures it takes: <bdi>{document.needs}</bdi>
        </p>
      )}
      {children}
      {computed === undefined ? null : (
        <DigestWords words={computed.words} digest={computed.digest} />
      )}
      <details>
        <summary>The exact document that is signed</summary>
        <Code text={document.order} label="Document" />
      </details>
      {misfit === undefined ? null : (
        <ErrorPanel error={new Problem('broken', 'other-document', misfit)} />
      )}
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div className="dialog-actions">
        {leave}
        <Button
          look="primary"
          size="large"
          isPending={isActing}
          isDisabled={computed === undefined || misfit !== undefined}
          onPress={() => void sign()}
        >
          <Icon name="key" />
          {isActing ? 'Waiting for your passkey' : 'Sign with your passkey'}
        </Button>
      </div>
    </div>
  );
}

/** `undefined` until it is computed: what was found of another document says nothing about this one. */
function useComputed(order: string): Computed | undefined {
  const [computed, setComputed] = useState<Computed>();
  useEffect(() => {
    let isCurrent = true;
    void sha256(order).then((digest) => {
      if (isCurrent) setComputed({ of: order, digest, words: digestWords(digest) });
    });
    return () => {
      isCurrent = false;
    };
  }, [order]);
  return computed?.of === order ? computed : undefined;
}

/** Why it must not be signed here. */
function misfitOf(
  document: Document,
  computed: Computed,
  namespace: Namespace | undefined,
): string | undefined {
  if (namespace === undefined)
    return 'nothing is signed: the document is of a kind that is not known here';
  if (!document.order.startsWith(`${namespace.replace('@', ' ')}\n`))
    return 'nothing is signed: the document is of another kind than the service says';
  if (document.digest !== undefined && document.digest.replace(/^sha256:/, '') !== computed.digest)
    return 'nothing is signed: the document is not the one that was announced';
  if (document.digestWords !== undefined && document.digestWords !== computed.words)
    return 'nothing is signed: its words are others than the service says';
  return undefined;
}
