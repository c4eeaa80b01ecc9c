/** What is to be in force, signed: prepared by the service, in words, and handed in with the passkey's signature. */
import { type ReactNode, useEffect, useState } from 'react';
import { ask, asProblem, type JsonObject, type Problem, useAsk, useMay } from '../api/index.ts';
import { queryClient } from '../api/query-client.ts';
import type { ConfigPage } from '../api/sign-in.ts';
import { Badge, Button, ErrorPanel, Panel, Skeleton, Time } from '../kit/index.ts';
import { SignDialog } from './sign-dialog.tsx';
import './signing.css';

/** Prepares when it is opened, anew each time: what lies there then is what is signed. */
export function ConfigSignDialog({
  title,
  request,
  isOpen,
  onClose,
}: {
  readonly title: string;
  readonly request: JsonObject;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const [document, setDocument] = useState<ConfigPage>();
  const [problem, setProblem] = useState<Problem>();
  const asked = JSON.stringify(request);
  useEffect(() => {
    let isCurrent = true;
    setDocument(undefined);
    setProblem(undefined);
    if (!isOpen) return;
    ask<ConfigPage>('config_page', { request: JSON.parse(asked) as JsonObject }).then(
      (prepared) => {
        if (isCurrent) setDocument(prepared);
      },
      (thrown: unknown) => {
        if (isCurrent) setProblem(asProblem(thrown));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [asked, isOpen]);
  return (
    <SignDialog
      title={title}
      document={document}
      problem={problem}
      isOpen={isOpen}
      onClose={onClose}
      done="It is signed and in force"
      apply={async (signature) => {
        await ask('config_apply', { order: document?.order ?? '', signatures: [signature] });
        // What is in force decides what everything else answers.
        await queryClient.invalidateQueries({ queryKey: ['ask'] });
      }}
    />
  );
}

export type ConfigStatus = {
  /** `unsigned`, `in-force`, `changed` or `restored`. */
  readonly status: string;
  readonly version: number;
  readonly signedBy: readonly string[];
  readonly at: string | null;
  readonly changed: readonly string[];
  readonly restored?: string;
  readonly keys?: readonly string[];
  readonly next: string;
};

export function useConfigStatus(): ReturnType<typeof useAsk<ConfigStatus>> {
  return useAsk<ConfigStatus>('config_status', {}, ['findings', 'targets']);
}

const SAYS: Readonly<Record<string, readonly ['good' | 'warn' | 'bad', string]>> = {
  'in-force': ['good', 'as signed'],
  changed: ['warn', 'changed since it was signed'],
  unsigned: ['warn', 'nobody signed yet'],
  restored: ['bad', 'a backup was put back, and nobody signed since'],
};

/** Whether what lies there is what an operator signed; and the way to sign it. */
export function ConfigState({
  quietWhenSigned = false,
}: {
  readonly quietWhenSigned?: boolean;
}): ReactNode {
  const { data, error } = useConfigStatus();
  const maySign = useMay('authority.write');
  const [isSigning, setSigning] = useState(false);
  if (error !== null) return <ErrorPanel error={error} />;
  if (data === undefined) return quietWhenSigned ? null : <Skeleton rows={2} />;
  const [tone, says] = SAYS[data.status] ?? ['warn', data.status];
  if (quietWhenSigned && data.status === 'in-force') return null;
  return (
    <Panel
      title="Configuration in force"
      tone={tone === 'good' ? 'plain' : tone}
      aside={<Badge tone={tone}>{says}</Badge>}
      actions={
        maySign && data.status !== 'in-force' && data.status !== 'unsigned' ? (
          <Button look="primary" onPress={() => setSigning(true)}>
            Look at it and sign…
          </Button>
        ) : undefined
      }
    >
      <div className="stack">
        {data.changed.length === 0 ? null : (
          <>
            <p>
              Until an operator signs, looking goes on and nothing of T1 or above runs. Edited since
              version {data.version}:
            </p>
            <ul className="signed-says">
              {data.changed.map((each) => (
                <li key={each}>
                  <bdi>{each}</bdi>
                </li>
              ))}
            </ul>
          </>
        )}
        {data.status === 'restored' ? (
          <>
            <p>
              <bdi>{data.restored}</bdi> Whoever was revoked since may sign again. These keys may
              sign now; revoke the wrong ones first.
            </p>
            <ul className="signed-says">
              {(data.keys ?? []).map((key) => (
                <li key={key}>
                  <bdi>{key}</bdi>
                </li>
              ))}
            </ul>
          </>
        ) : null}
        {data.version === 0 ? (
          <p>
            The first operator is made at a terminal: <code>holdfast console setup</code>
          </p>
        ) : (
          <p className="quiet small">
            Version {data.version}, signed by <bdi>{data.signedBy.join(', ')}</bdi>{' '}
            <Time at={data.at} />
          </p>
        )}
      </div>
      <ConfigSignDialog
        title="Sign the configuration as it is now"
        request={{ kind: 'sign' }}
        isOpen={isSigning}
        onClose={() => setSigning(false)}
      />
    </Panel>
  );
}
