/**
 * What no policy text can open. Operators edit the policies; these few lines they cannot. They say
 * again, in other words and other code, what the shipped rules say, so that a slip in an edited
 * file, or in Cedar, still runs nothing on its own: the answer is the worse of the two.
 */
import type { Refusal, Verdict } from '#model';
import type { Bounded } from './ask.ts';

export type Floor = {
  /** The best verdict that may still be given. */
  readonly atMost: Exclude<Verdict, 'allow'>;
  readonly id: string;
  readonly code: Refusal | null;
  readonly why: string;
};

export function floorOf(bounded: Bounded): Floor | undefined {
  const { tier, question, isAssistant } = bounded;
  const { caller, standing } = question;
  if (tier > bounded.highest)
    return deny('mode', 'above-mode', 'the mode does not go up to this tier');
  if (tier > bounded.ceiling)
    return deny(
      'ceiling',
      'above-ceiling',
      'the ceiling of the session does not go up to this tier',
    );
  if (tier === 3 && question.targets.length !== 1)
    return deny('one-target', 'one-target-only', 'a T3 action has exactly one target');
  if (tier === 0) return undefined;
  if (tier === 3) return wait('t3', null, 'a T3 action always waits for a person');
  if (isAssistant && tier >= 2)
    return wait('assistant', null, 'an assistant only proposes above T1');
  // Nothing signed would stand behind it: the host would refuse it too.
  if (standing === null)
    return wait('standing', null, 'nothing a person signed covers this without an approval');
  if (
    (caller.tainted || question.planTainted) &&
    !(standing.evenTainted && question.action.closedArguments)
  )
    return wait(
      'tainted',
      'tainted',
      'the standing approval does not reach a tainted session or plan',
    );
  return undefined;
}

function deny(name: string, code: Refusal, why: string): Floor {
  return { atMost: 'deny', id: `built-in-${name}`, code, why };
}

function wait(name: string, code: Refusal | null, why: string): Floor {
  return { atMost: 'needs-approval', id: `built-in-${name}`, code, why };
}
