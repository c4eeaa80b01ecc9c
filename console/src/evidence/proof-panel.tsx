/** What this browser found out about the log by itself, and what it cannot. */
import { type ReactNode, useState } from 'react';
import {
  Button,
  ConfirmDialog,
  ErrorPanel,
  Facts,
  Icon,
  Panel,
  Skeleton,
  Time,
} from '../kit/index.ts';
import type { LogReport } from '../verify/index.ts';
import type { LogCheck } from './use-log-check.ts';

const VERDICTS: Readonly<
  Record<LogReport['verdict'], readonly [icon: 'check' | 'warning' | 'info', says: string]>
> = {
  proved: ['check', 'It holds: checked by this browser, not by the service'],
  disproved: ['warning', 'It does not hold'],
  cannot: ['info', 'This browser cannot tell'],
};

export function ProofPanel({
  check: { report, problem, isChecking, before, forget },
  onCheck,
}: {
  readonly check: LogCheck;
  readonly onCheck: () => void;
}): ReactNode {
  const [isForgetting, setForgetting] = useState(false);
  const tone =
    report === undefined
      ? 'plain'
      : ({ proved: 'good', disproved: 'bad', cannot: 'warn' } as const)[report.verdict];
  return (
    <Panel
      title="Proof"
      tone={tone}
      actions={
        <Button look="primary" isPending={isChecking} onPress={onCheck}>
          Sign a checkpoint and verify
        </Button>
      }
    >
      <div className="stack" aria-live="polite">
        {problem === undefined ? null : <ErrorPanel error={problem} />}
        {report === undefined ? (
          isChecking ? (
            <Skeleton rows={4} label="Checking" />
          ) : null
        ) : (
          <>
            <p className={`verdict verdict-${report.verdict}`}>
              <Icon name={VERDICTS[report.verdict][0]} />
              {VERDICTS[report.verdict][1]}
              {report.verdict === 'proved' && report.isGiven ? ', by the key that you gave' : ''}
            </p>
            <ul className="proof">
              {report.steps.map(({ name, holds, isOpen, says }, at) => (
                <li key={at} data-check={name}>
                  <span className={holds ? 'good' : isOpen === true ? 'quiet' : 'bad'}>
                    <Icon
                      name={holds ? 'check' : isOpen === true ? 'info' : 'close'}
                      label={
                        holds ? 'holds' : isOpen === true ? 'not decided here' : 'does not hold'
                      }
                    />
                  </span>
                  <bdi>{says}</bdi>
                </li>
              ))}
            </ul>
          </>
        )}
        <details>
          <summary>The checkpoint; what this proves, and what it cannot</summary>
          <div className="stack small">
            {report?.checkpoint === undefined ? null : (
              <Facts
                facts={[
                  ['Records', report.checkpoint.size],
                  [
                    'Root',
                    <span key="r" className="hash">
                      {report.checkpoint.root}
                    </span>,
                  ],
                  [
                    'Key',
                    <span key="k" className="hash">
                      {report.vkey ?? 'not known'}
                    </span>,
                  ],
                  [
                    'Seen before',
                    before === undefined ? (
                      'never by this browser'
                    ) : (
                      <Time key="t" at={before.seenAt} />
                    ),
                  ],
                ]}
              />
            )}
            <p>
              This page fetched the newest checkpoint, the records and the proofs, and computed
              everything from them: the Ed25519 signature of the note, the tree of RFC 6962, that it
              extends what this browser saw last, that witnesses cosigned the same records, and that
              what is shown stands in it byte for byte. A record that was edited, removed or put in
              between is found; so is a log that was rewound since your last visit.
            </p>
            <p>
              It cannot tell whether somebody else is shown another log: for that a witness or a
              timestamp outside this machine is needed. It cannot tell whether everything that
              happened was recorded. And the page itself came from the service: whoever wants to
              trust neither runs the standalone verifier on a copy, <code>holdfast verify</code>.
            </p>
            <p>
              Compare the key with the one that was noted when the service was set up, once for each
              browser; or give it to this browser, under Your keys.
            </p>
          </div>
        </details>
        {report?.verdict === 'disproved' && before !== undefined ? (
          <p>
            <Button look="danger" onPress={() => setForgetting(true)}>
              It is another log from now on…
            </Button>
          </p>
        ) : null}
      </div>
      <ConfirmDialog
        title="Forget what this browser saw"
        isOpen={isForgetting}
        onClose={() => setForgetting(false)}
        confirm="Forget it"
        look="danger"
        act={async () => forget()}
      >
        <p>
          Only after a restore or a new setup that you know of. A log that was rewound to hide
          something looks exactly like this.
        </p>
      </ConfirmDialog>
    </Panel>
  );
}
