/**
 * A document that puts something in force: what it says, its digest as computed here, and the ceremony. Used wherever
 * one is signed: the first run, operators, rules, policy.
 */
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem, Problem } from '../api/index.ts';
import type { ConfigPage } from '../api/sign-in.ts';
import { Visible } from '../kit/foreign.tsx';
import { Button, Code, ErrorPanel, Icon, Panel } from '../kit/index.ts';
import {
  digestWords,
  NAMESPACES,
  type SigningKey,
  sha256,
  signWithPasskey,
} from '../sign/index.ts';
import { DigestWords } from './digest-words.tsx';

export function ConfigToSign({
  page,
  keys,
  rpId,
  take,
}: {
  readonly page: ConfigPage;
  readonly keys: readonly SigningKey[];
  readonly rpId: string;
  readonly take: (signed: {
    readonly order: string;
    readonly signature: string;
  }) => Promise<unknown>;
}): ReactNode {
  const [digest, setDigest] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  useEffect(() => {
    void sha256(page.order).then(setDigest);
  }, [page.order]);
  const fits =
    digest !== undefined &&
    digest === page.digest.replace(/^sha256:/, '') &&
    page.order.startsWith('holdfast-config 1\n');

  const sign = async (): Promise<void> => {
    setProblem(undefined);
    setActing(true);
    try {
      const signature = await signWithPasskey(page.order, NAMESPACES.config, { keys, rpId });
      await take({ order: page.order, signature });
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setActing(false);
    }
  };

  return (
    <Panel title={`Configuration ${page.version}`} aside={`signatures: ${page.needs}`}>
      <ul className="says">
        {page.says.map((each, at) => (
          <li key={at}>
            <Visible text={each} />
          </li>
        ))}
      </ul>
      {digest === undefined ? null : <DigestWords words={digestWords(digest)} digest={digest} />}
      <details>
        <summary>The exact document that is signed</summary>
        <Code text={page.order} label="Document" />
      </details>
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      {digest !== undefined && !fits ? (
        <ErrorPanel
          error={
            new Problem(
              'broken',
              'other-document',
              'this document is not the one that was announced',
            )
          }
        />
      ) : (
        <div>
          <Button
            look="primary"
            size="large"
            isPending={isActing}
            isDisabled={!fits}
            onPress={() => void sign()}
          >
            <Icon name="key" />
            {isActing ? 'Waiting for your passkey' : 'Sign with your passkey'}
          </Button>
        </div>
      )}
    </Panel>
  );
}
