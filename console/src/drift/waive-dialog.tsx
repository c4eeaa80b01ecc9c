/** Taking findings out of the way for a while: with a reason, an owner and an end. */
import { type ReactNode, useState } from 'react';
import { ask, asProblem, markTopics, type Problem } from '../api/index.ts';
import { queryClient } from '../api/query-client.ts';
import { Button, Dialog, ErrorPanel, Field, Select, toast } from '../kit/index.ts';
import { daysAhead } from './findings.ts';

const ENDS = [
  ['1', 'In a day'],
  ['7', 'In a week'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year (the longest there is)'],
] as const;

export function WaiveDialog({
  findings,
  isOpen,
  onClose,
}: {
  readonly findings: readonly string[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const [reason, setReason] = useState('');
  const [owner, setOwner] = useState('');
  const [days, setDays] = useState('7');
  const [done, setDone] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const [isActing, setActing] = useState(false);
  const left = findings.filter((id) => !done.includes(id));
  const run = async (): Promise<void> => {
    setActing(true);
    setProblem(undefined);
    const until = daysAhead(Number(days), Date.now());
    const waived = [...done];
    try {
      for (const finding of left) {
        const more = owner.trim() === '' ? {} : { owner: owner.trim() };
        await ask('waiver_add', { finding, reason: reason.trim(), until, ...more });
        waived.push(finding);
      }
      toast(
        `${findings.length === 1 ? 'One finding is' : `${findings.length} findings are`} waived`,
      );
      setReason('');
      onClose();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setDone(waived);
      setActing(false);
      void markTopics(queryClient, ['findings']);
    }
  };
  return (
    <Dialog
      title={findings.length === 1 ? 'Waive this finding' : `Waive ${findings.length} findings`}
      isOpen={isOpen}
      onClose={onClose}
    >
      <p>
        A waived finding stays listed with its reason, counts as excepted, and opens again when the
        waiver ends. A waiver is part of what operators sign: changes of T1 and above wait until one
        of them has.
      </p>
      <Field
        label="Why is this right for now?"
        value={reason}
        onChange={setReason}
        autoFocus
        required
        maxLength={1_000}
      />
      <Select label="Ends" value={days} onChange={setDays} options={ENDS} />
      <Field
        label="Owner"
        help="Who looks at it again; you, if left empty."
        value={owner}
        onChange={setOwner}
        maxLength={100}
      />
      {problem === undefined ? null : <ErrorPanel error={problem} />}
      <div className="dialog-actions">
        <Button onPress={onClose}>Keep as it is</Button>
        <Button
          look="primary"
          isDisabled={reason.trim().length < 3 || left.length === 0}
          isPending={isActing}
          onPress={() => void run()}
        >
          {problem === undefined ? 'Waive' : `Try the remaining ${left.length}`}
        </Button>
      </div>
    </Dialog>
  );
}
