/** Checks the log in this page, and remembers what was seen in this browser. */
import { useCallback, useState } from 'react';
import { ask, asProblem, type Problem } from '../api/index.ts';
import {
  type CheckpointTold,
  forget,
  given,
  type LogReport,
  type LogSource,
  type Remembered,
  remember,
  remembered,
  type Shown,
  verifyLog,
} from '../verify/index.ts';

/** Records in one question. */
const AT_ONCE = 200;

export const sourceOf = (sign: boolean): LogSource => ({
  checkpoint: (earlier) =>
    ask<CheckpointTold>('log_checkpoint', {
      ...(earlier === undefined ? {} : { earlier }),
      ...(sign ? { sign: true } : {}),
    }),
  async prove(seqs, size) {
    type Proved = Awaited<ReturnType<LogSource['prove']>>;
    const records: Proved[number][] = [];
    for (let from = 0; from < seqs.length; from += AT_ONCE) {
      const some = seqs.slice(from, from + AT_ONCE);
      const { records: more } = await ask<{ readonly records: Proved }>('log_proof', {
        seqs: some,
        size,
      });
      records.push(...more);
    }
    return records;
  },
});

export type LogCheck = {
  readonly report: LogReport | undefined;
  readonly problem: Problem | undefined;
  readonly isChecking: boolean;
  /** As it was before the last check. */
  readonly before: Remembered | undefined;
  readonly check: (shown: readonly Shown[], sign: boolean) => Promise<void>;
  /** From now on another log counts as the one that was seen. */
  readonly forget: () => void;
};

export function useLogCheck(): LogCheck {
  const [report, setReport] = useState<LogReport>();
  const [problem, setProblem] = useState<Problem>();
  const [before, setBefore] = useState(() => remembered(localStorage));
  const [isChecking, setChecking] = useState(false);
  const check = useCallback(async (shown: readonly Shown[], sign: boolean) => {
    setChecking(true);
    setProblem(undefined);
    try {
      const seen = remembered(localStorage);
      setBefore(seen);
      const found = await verifyLog(sourceOf(sign), seen, shown, given(localStorage));
      setReport(found);
      // What does not hold is never what is remembered.
      if (found.verdict === 'proved' && found.remember !== undefined)
        remember(localStorage, { ...found.remember, seenAt: new Date().toISOString() });
    } catch (thrown) {
      setReport(undefined);
      setProblem(asProblem(thrown));
    } finally {
      setChecking(false);
    }
  }, []);
  const forgetIt = useCallback(() => {
    forget(localStorage);
    setBefore(undefined);
    setReport(undefined);
  }, []);
  return { report, problem, isChecking, before, check, forget: forgetIt };
}
