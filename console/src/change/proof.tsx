/** The proof of a change: what this browser found out about the bundle by itself, what it rests on, and the file to keep. */
import { type ReactNode, useState } from 'react';
import { saveFile } from '../download.ts';
import { type ProofCheck, useProof } from '../evidence/use-proof.ts';
import {
  Badge,
  Button,
  Code,
  ConfirmDialog,
  ErrorPanel,
  Icon,
  type IconName,
  Panel,
  Skeleton,
  Time,
} from '../kit/index.ts';
import type { LineVerdict, Pending, Proof } from '../verify/index.ts';
import '../evidence/evidence.css';
import { type ChangeView, phaseOf } from './shapes.ts';

export function ProofOf({ change }: { readonly change: ChangeView }): ReactNode {
  if (phaseOf(change) !== 'over' || change.approvals.length === 0) return null;
  return <Checked change={change} />;
}

const VERDICTS: Readonly<Record<Proof['verdict'], readonly [icon: IconName, says: string]>> = {
  proved: ['check', 'It holds: checked by this browser, not by the service'],
  disproved: ['warning', 'It does not hold'],
  cannot: ['info', 'This browser cannot tell'],
};
const TONES = { proved: 'good', disproved: 'bad', cannot: 'warn' } as const;

function Checked({ change }: { readonly change: ChangeView }): ReactNode {
  const check = useProof(change);
  const { file, notices, proof, problem, isChecking } = check;
  const name = `${change.changeId}.bundle.json`;
  return (
    <Panel
      title="Proof"
      tone={proof === undefined || isChecking ? 'plain' : TONES[proof.verdict]}
      actions={
        <Button isPending={isChecking} onPress={check.check}>
          Check again
        </Button>
      }
    >
      <div className="stack" aria-live="polite" aria-busy={isChecking}>
        {isChecking ? (
          <>
            <p role="status">This browser checks the bundle…</p>
            <Skeleton rows={4} label="Checking" />
          </>
        ) : problem?.code === 'not-over' ? (
          <>
            <p className="verdict">
              <Icon name="clock" /> Not yet
            </p>
            <p>
              There is nothing to prove while something that was signed, its way back for one, may
              still run. This page looks again by itself.
            </p>
          </>
        ) : problem !== undefined ? (
          <>
            <p className="verdict">
              <Icon name="info" /> It could not be checked
            </p>
            <ErrorPanel error={problem} />
          </>
        ) : proof === undefined ? null : (
          <>
            <Lines proof={proof} />
            <NewSigners proof={proof} accept={check.accept} />
          </>
        )}
      </div>
      <div className="row">
        <Button
          isDisabled={file === undefined}
          onPress={() => (file === undefined ? undefined : saveFile(name, file))}
        >
          <Icon name="download" /> Save the bundle
        </Button>
        {notices.length === 0 ? null : <Badge tone="warn">with remarks</Badge>}
      </div>
      {notices.map((notice) => (
        <p key={notice} className="small">
          {notice}
        </p>
      ))}
      {proof === undefined || isChecking ? null : (
        <>
          <Rests proof={proof} />
          <Elsewhere proof={proof} name={name} />
          <Forget check={check} />
        </>
      )}
    </Panel>
  );
}

const MARKS: Readonly<Record<LineVerdict, readonly [icon: IconName, label: string, tone: string]>> =
  {
    holds: ['check', 'holds', 'good'],
    fails: ['close', 'does not hold', 'bad'],
    open: ['info', 'not decided here', 'quiet'],
    unseen: ['info', 'not looked at', 'quiet'],
  };

/** Whose keys it stands on: what was given counts more than what was seen first, and says so. */
function basisOf({ given, verdict, lines }: Proof): string | undefined {
  const isDisproved =
    verdict === 'disproved' &&
    lines.some(({ id, verdict: one }) => one === 'fails' && BY_KEYS.has(id));
  if (verdict !== 'proved' && !isDisproved) return undefined;
  const by = given.signers
    ? given.log
      ? 'the signers and the key of the log that you gave to this browser'
      : 'the signers that you gave to this browser; the key of the log is the one it saw first'
    : given.log
      ? 'the key of the log that you gave to this browser; the signers are those it saw first'
      : undefined;
  return by === undefined ? undefined : `By ${by}.`;
}

/** Somebody that those who were known let in is no stranger, and nobody that this person ever heard of. */
function NewSigners({
  proof: { pending },
  accept,
}: {
  readonly proof: Proof;
  readonly accept: (lines: readonly string[]) => void;
}): ReactNode {
  const [asked, setAsked] = useState<Pending>();
  if (pending.length === 0) return null;
  return (
    <section className="new-signers" aria-label="New signers">
      <p>
        <Badge tone="warn">new</Badge> Since this browser last looked, somebody else may sign. What
        they sign counts here once you accept them: compare each fingerprint with what they read
        aloud.
      </p>
      <ul className="proof-keys">
        {pending.map((one) => (
          <li key={one.line}>
            <strong>
              <bdi>{one.who}</bdi>
            </strong>{' '}
            <span className="hash">{one.fingerprint}</span>{' '}
            <span className="quiet small">
              let in by <bdi>{one.by.join(', ')}</bdi>
              {one.isNeeded ? '; signed this change' : '; did not sign this change'}
            </span>{' '}
            <Button onPress={() => setAsked(one)}>
              Accept<span className="hidden-visually"> {one.who}</span>…
            </Button>
          </li>
        ))}
      </ul>
      <ConfirmDialog
        title={`Accept ${asked?.who ?? ''} as a signer`}
        isOpen={asked !== undefined}
        onClose={() => setAsked(undefined)}
        confirm="It is the same: accept"
        act={async () => accept(asked === undefined ? [] : [asked.line])}
      >
        <p>
          <span className="hash">{asked?.fingerprint}</span>
        </p>
        <p>
          Ask <bdi>{asked?.who}</bdi> for <code>ssh-keygen -lf</code> of their key, by telephone or
          in person. One signer together with the service could have let in anybody; this is what
          shows it.
        </p>
      </ConfirmDialog>
    </section>
  );
}

function Lines({ proof }: { readonly proof: Proof }): ReactNode {
  const { verdict, lines, rests } = proof;
  const basis = basisOf(proof);
  const isFirst = verdict === 'proved' && rests.some((each) => each.isFirst && !each.isOwn);
  return (
    <>
      <p className={`verdict verdict-${verdict}`}>
        <Icon name={VERDICTS[verdict][0]} />
        {VERDICTS[verdict][1]}
      </p>
      {basis === undefined ? null : <p className="small">{basis}</p>}
      {isFirst ? (
        <p className="small">
          Some of the keys are seen here for the first time, and known from now on: compare them
          once, in the list of keys below.
        </p>
      ) : null}
      <ul className="proof" aria-label="What was checked">
        {lines.map(({ id, title, verdict: found, says }) => (
          <li key={id} data-check={id} data-verdict={found}>
            <span className={MARKS[found][2]}>
              <Icon name={MARKS[found][0]} label={MARKS[found][1]} />
            </span>
            <div>
              <span>{title}</span>
              {says.map((each) => (
                <p key={each} className="quiet small proof-says">
                  <bdi>{each}</bdi>
                </p>
              ))}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Rests({ proof: { rests, logKeys } }: { readonly proof: Proof }): ReactNode {
  if (logKeys.length === 0) return null;
  return (
    <details>
      <summary>What this rests on</summary>
      <div className="stack small">
        <p>
          On no word of the service, and on these keys alone. This browser believes a key from the
          first time that it saw it, unless you gave it others (Evidence, Your keys). Compare each
          with what its owner reads aloud: <code>ssh-keygen -lf</code> says it the same.
        </p>
        <ul className="proof-keys">
          {rests.map(({ who, fingerprint, since, isFirst, isOwn, isGiven }) => (
            <li key={`${who} ${fingerprint}`}>
              <strong>
                <bdi>{who}</bdi>
              </strong>{' '}
              <span className="hash">{fingerprint}</span>{' '}
              {isGiven ? (
                <Badge tone="good">you gave this key</Badge>
              ) : isOwn ? (
                <Badge tone="good">your passkey: it signed in this browser</Badge>
              ) : isFirst ? (
                <Badge tone="warn">first seen now</Badge>
              ) : (
                <span className="quiet">
                  known since <Time at={since} />
                </span>
              )}
            </li>
          ))}
          {logKeys.slice(-1).map((vkey) => (
            <li key={vkey}>
              <strong>the log</strong> <span className="hash">{vkey}</span>
            </li>
          ))}
        </ul>
        <p>
          It cannot tell whether a key is a person’s alone, whether it was revoked since, or whether
          this page is honest: it came from the service. A copy of the file, the standalone verifier
          and keys from people tell that.
        </p>
      </div>
    </details>
  );
}

/** A word of a shell's command line, whatever is in it. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

function Elsewhere({
  proof: { logKeys, witnesses, hostKeys, signers },
  name,
}: {
  readonly proof: Proof;
  readonly name: string;
}): ReactNode {
  if (logKeys.length === 0) return null;
  const command = [
    `node holdfast-verifier.mjs bundle ${quoted(name)} --operators operators`,
    ...logKeys.map((vkey) => `--log-key ${quoted(vkey)}`),
    ...hostKeys.map(({ target, line }) => `--host-key ${quoted(`${target}=${line}`)}`),
    ...witnesses.map((vkey) => `--witness ${quoted(vkey)}`),
  ].join(' \\\n    ');
  return (
    <details>
      <summary>Check it elsewhere</summary>
      <div className="stack small">
        <p>
          On any machine with Node, without this service and without a network: the saved bundle,{' '}
          <code>verifier/holdfast-verifier.mjs</code>, and the keys. They are worth most when you
          have them from the people and hosts themselves; these are the ones believed here.
        </p>
        <Code text={command} label="Command of the standalone verifier" wrap />
        <p>
          The file <code>operators</code>, one line for each who may sign:
        </p>
        <Code text={signers} label="The file of operators, as it was believed here" wrap />
      </div>
    </details>
  );
}

const BY_KEYS: ReadonlySet<string> = new Set([
  'log',
  'file',
  'signatures',
  'receipts',
  'config',
  'checkpoint',
  'witnesses',
]);

function Forget({ check: { proof, forget } }: { readonly check: ProofCheck }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  // Other keys change nothing about what the page shows, or about the plan.
  const isByKeys = proof?.lines.some(({ id, verdict }) => verdict === 'fails' && BY_KEYS.has(id));
  if (isByKeys !== true) return null;
  return (
    <>
      <p>
        <Button look="danger" onPress={() => setOpen(true)}>
          The keys are others from now on…
        </Button>
      </p>
      <ConfirmDialog
        title="Forget the keys that this browser knows"
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        confirm="Forget them"
        look="danger"
        act={async () => forget()}
      >
        <p>
          Only when you know why: a host set up anew, a restore, people who lost their keys. A
          change that nobody signed looks exactly like this. All keys of people, hosts, witnesses
          and the log are then learnt anew.
        </p>
      </ConfirmDialog>
    </>
  );
}
