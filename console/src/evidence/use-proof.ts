/** Checks the bundle of a change in this page, once it is over, and remembers whom it was signed by. */
import { useCallback, useEffect, useState } from 'react';
import { ask, asProblem, type Problem } from '../api/index.ts';
import { ownKeys } from '../sign/index.ts';
import {
  admit,
  forget,
  forgetTrust,
  given,
  keep,
  type OnPage,
  type Proof,
  recall,
  remember,
  remembered,
} from '../verify/index.ts';
import { sourceOf } from './use-log-check.ts';

export type ProofCheck = {
  /** The bundle as it was checked, to be kept. */
  readonly file: string | undefined;
  readonly notices: readonly string[];
  readonly proof: Proof | undefined;
  readonly problem: Problem | undefined;
  readonly isChecking: boolean;
  readonly check: () => void;
  /** The keys that are there now count from now on. */
  readonly forget: () => void;
  /** These signers, who were let in since, count from now on. */
  readonly accept: (lines: readonly string[]) => void;
};

/** To look again whether nothing of the change may run any more. */
const LATER_MS = 60_000;

type Found = Omit<ProofCheck, 'accept' | 'check' | 'forget' | 'isChecking'>;
const NOTHING: Found = { file: undefined, notices: [], proof: undefined, problem: undefined };

export function useProof(change: OnPage): ProofCheck {
  const [found, setFound] = useState<Found>(NOTHING);
  const [turn, setTurn] = useState(0);
  const [checked, setChecked] = useState(-1);
  const shown = JSON.stringify(onPage(change));
  useEffect(() => {
    let isLeft = false;
    const page = JSON.parse(shown) as OnPage;
    const run = async (): Promise<void> => {
      let made: Made | undefined;
      let outcome: Found;
      try {
        made = await ask<Made>('change_bundle', { changeId: page.changeId });
        outcome = { ...NOTHING, ...filed(made), proof: await prove(made.bundle, page) };
      } catch (thrown) {
        outcome = { ...NOTHING, ...(made ? filed(made) : {}), problem: asProblem(thrown) };
      }
      if (isLeft) return;
      setFound(outcome);
      setChecked(turn);
    };
    void run();
    return () => {
      isLeft = true;
    };
  }, [shown, turn]);
  const isEarly = found.problem?.code === 'not-over' && checked === turn;
  useEffect(() => {
    if (!isEarly) return undefined;
    const later = setTimeout(() => setTurn((before) => before + 1), LATER_MS);
    return () => clearTimeout(later);
  }, [isEarly]);
  const check = useCallback(() => setTurn((before) => before + 1), []);
  const forgetIt = useCallback(() => {
    forget(localStorage);
    forgetTrust(localStorage);
    check();
  }, [check]);
  const accept = useCallback(
    (lines: readonly string[]) => {
      keep(localStorage, admit(recall(localStorage), lines, new Date().toISOString()));
      check();
    },
    [check],
  );
  return { ...found, isChecking: checked !== turn, check, forget: forgetIt, accept };
}

type Made = { readonly bundle: string; readonly notices: readonly string[] };

const filed = ({ bundle, notices }: Made): Pick<Found, 'file' | 'notices'> => ({
  file: bundle,
  notices,
});

/** What a page shows of a change that the file has as well. */
const onPage = (change: OnPage): OnPage => ({
  changeId: change.changeId,
  digest: change.digest,
  state: change.state,
  approvals: change.approvals.map(({ operator }) => ({ operator })),
  receipts: change.receipts.map(({ target, step, direction, number, result, status }) => ({
    target,
    step,
    direction,
    number,
    result,
    status,
  })),
  verification: change.verification.map(({ says, held }) => ({ says, held })),
});

async function prove(bundle: string, page: OnPage): Promise<Proof> {
  // The verifier is as large as a page, and few pages need it.
  const { proveChange } = await import('../verify/proof.ts');
  const now = new Date().toISOString();
  const known = {
    log: remembered(localStorage),
    trust: recall(localStorage),
    own: ownKeys(localStorage),
    given: given(localStorage),
  };
  const proof = await proveChange(bundle, page, sourceOf(false), known, now);
  // What does not hold is never what is remembered.
  if (proof.remember !== undefined) {
    remember(localStorage, { ...proof.remember.log, seenAt: now });
    keep(localStorage, proof.remember.trust);
  }
  return proof;
}
