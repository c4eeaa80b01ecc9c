/**
 * The decision. The button is there only while this browser itself found that the order says exactly the plan that is
 * shown, and while a signature of this person can count; otherwise it says why not. Each press is a ceremony of its own.
 */
import { type ReactNode, useEffect, useState } from 'react';
import { ask, asProblem, Problem, useConnection, useSession, useSignedIn } from '../api/index.ts';
import {
  AssuranceBadge,
  Button,
  ConfirmDialog,
  Facts,
  Field,
  Icon,
  Panel,
  span,
  TierBadge,
  Time,
  useNow,
} from '../kit/index.ts';
import { DigestWords } from '../parts/digest-words.tsx';
import { type Checked, checkOrder, NAMESPACES, signWithPasskey } from '../sign/index.ts';
import { type ApprovalPage, type ChangeView, who } from './shapes.ts';
import { whyNot } from './why-not.ts';

/** An order that is about to lapse is not worth a ceremony: a fresh one is asked for. */
const RENEW_MS = 20_000;

export type Decided = (change: ChangeView) => void;

export function Decide({
  page,
  isStale,
  renew,
  onDecided,
  onProblem,
  onSigning,
}: {
  readonly page: ApprovalPage;
  /** A fresh one could not be had. While one is on its way the button stays: whoever is on it keeps the focus. */
  readonly isStale: boolean;
  readonly renew: () => void;
  readonly onDecided: Decided;
  readonly onProblem: (problem: Problem | undefined) => void;
  readonly onSigning: (isSigning: boolean) => void;
}): ReactNode {
  const session = useSignedIn();
  const { isError } = useSession();
  // Hints alone may be held up on the way; what counts is whether the service answers.
  const isLost = useConnection() === 'lost' && isError;
  const now = useNow();
  const checked = useChecked(page);
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const [acting, setActing] = useState<'key' | 'running'>();
  const [isRejecting, setRejecting] = useState(false);

  const { change, quorum, typeName } = page;
  const decideMs = Date.parse(page.decideBy) - now;
  const runMs = Date.parse(page.runBy) - now;
  const lapses = runMs < RENEW_MS && decideMs > 0;
  useEffect(() => {
    if (lapses && acting === undefined) renew();
  }, [lapses, acting, renew]);

  const isHigh = typeName !== null;
  const why = whyNot({ page, checked, session, decideMs, isLost });
  const isTyped = !isHigh || (typed.trim() === typeName && reason.trim().length >= 3);

  const approve = async (): Promise<void> => {
    if (why !== undefined || !isTyped || acting !== undefined || isStale) return;
    onProblem(undefined);
    setActing('key');
    onSigning(true);
    let isSent = false;
    try {
      const signature = await signWithPasskey(page.envelope, NAMESPACES.change, session);
      setActing('running');
      isSent = true;
      onDecided(
        await ask<ChangeView>('change_approve', {
          changeId: change.changeId,
          signature,
          ...(isHigh ? { typedTarget: typed.trim(), reason: reason.trim() } : {}),
        }),
      );
    } catch (thrown) {
      onProblem(isSent ? afterSending(asProblem(thrown)) : asProblem(thrown));
    } finally {
      setActing(undefined);
      onSigning(false);
    }
  };

  return (
    <Panel title="Your decision" tone={isHigh ? 'bad' : 'plain'}>
      <Facts
        facts={[
          ['Tier', <TierBadge key="tier" tier={change.tier} long />],
          [
            'Signatures',
            <span key="quorum">
              {quorum.have.length} of {quorum.needed}
              {quorum.have.length === 0 ? '' : `: ${quorum.have.join(', ')}`}
            </span>,
          ],
          ['At least', <AssuranceBadge key="least" assurance={page.assuranceNeeded} long />],
          ...(page.fourEyes
            ? ([['Four eyes', 'not by whoever is behind the request']] as const)
            : []),
          [
            'Decide within',
            <span key="left" className="number">
              {decideMs > 0 ? span(decideMs, 2) : 'over'}
              <span className="quiet">
                {' '}
                · <Time at={page.decideBy} form="utc" />
              </span>
            </span>,
          ],
        ]}
      />
      {checked === undefined ? null : <DigestWords words={checked.words} digest={checked.digest} />}
      {isHigh && why === undefined ? (
        <>
          <Field
            label={`Type the target’s name: ${typeName}`}
            value={typed}
            onChange={setTyped}
            mono
            required
            help="This is dangerous, and may not be taken back."
          />
          <Field
            label="Why is it right?"
            value={reason}
            onChange={setReason}
            required
            maxLength={2_000}
          />
        </>
      ) : null}
      {why === undefined ? (
        <Button
          look="primary"
          size="large"
          isDisabled={!isTyped || isStale}
          isPending={acting !== undefined}
          onPress={() => void approve()}
        >
          <Icon name="key" />
          {acting === 'key'
            ? 'Waiting for your passkey'
            : acting === 'running'
              ? 'Signed: it is checked and run'
              : 'Approve with your passkey'}
        </Button>
      ) : (
        <p className="blocked" role="status">
          <Icon name="info" />
          <span>{why}</span>
        </p>
      )}
      <Button look="danger" isDisabled={acting !== undefined} onPress={() => setRejecting(true)}>
        Reject
      </Button>
      <ConfirmDialog
        title="Reject this change?"
        isOpen={isRejecting}
        onClose={() => setRejecting(false)}
        confirm="Reject"
        look="danger"
        reason="Why? Whoever asked reads it."
        act={async (because) => {
          onDecided(
            await ask<ChangeView>('change_reject', { changeId: change.changeId, reason: because }),
          );
        }}
      >
        <p>It ends here and runs nowhere. It can be asked for again.</p>
      </ConfirmDialog>
    </Panel>
  );
}

/** No answer is not a no: the signature may have arrived. */
function afterSending(problem: Problem): Problem {
  if (problem.kind !== 'unavailable') return problem;
  return new Problem(
    'uncertain',
    'no-answer',
    'the signature was sent, and no answer came: this page shows what became of it as soon as the service answers',
    { cause: problem },
  );
}

/** `undefined` until it is computed. Computed anew for each page that comes. */
function useChecked(page: ApprovalPage): Checked | undefined {
  const [checked, setChecked] = useState<{ readonly page: ApprovalPage; readonly is: Checked }>();
  useEffect(() => {
    let isHere = true;
    const { plan, envelope, parts } = page;
    void checkOrder(plan, envelope, parts)
      .catch(
        (): Checked => ({
          digest: '',
          words: '',
          misfit: 'the plan cannot be read here',
          quorum: 0,
          runBySeconds: 0,
        }),
      )
      .then((is) => {
        if (isHere) setChecked({ page, is });
      });
    return () => {
      isHere = false;
    };
  }, [page]);
  // What was found of another page says nothing about this one.
  return checked?.page.envelope === page.envelope && checked.page.plan === page.plan
    ? checked.is
    : undefined;
}

/** For whoever may look and not decide. */
export function NotYours({ change }: { readonly change: ChangeView }): ReactNode {
  return (
    <Panel title="It waits for an operator">
      <p>
        You may look at this and not decide on it. Asked by <bdi>{who(change.requestedBy)}</bdi>.
      </p>
    </Panel>
  );
}
