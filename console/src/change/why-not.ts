/** Why a person cannot sign what is shown, at this moment and here. `undefined`: they can. */
import type { Session } from '../api/session.ts';
import type { Checked } from '../sign/order.ts';
import type { ApprovalPage, ChangeView } from './shapes.ts';

/** Why there is no button. The service decides all of this for itself as well. */
export function whyNot({
  page,
  checked,
  session,
  decideMs,
  isLost,
}: {
  readonly page: ApprovalPage;
  readonly checked: Checked | undefined;
  readonly session: Session;
  readonly decideMs: number;
  readonly isLost: boolean;
}): string | undefined {
  const { change, plan, quorum, fourEyes, assuranceNeeded } = page;
  if (decideMs <= 0) return 'Nobody decided in time. It is over; it can be asked for again.';
  if (session.limit !== null) return `You cannot sign: ${session.limit}.`;
  if (checked === undefined) return 'Computing the digest of what is shown…';
  if (checked.misfit !== null)
    return `Do not sign this: ${checked.misfit}. Load it again; if it stays so, the service is not to be trusted.`;
  if (page.digestWords !== checked.words)
    return 'Do not sign this: the service names another digest than this browser computed.';
  if (change.tier !== plan.tier || (page.typeName !== null) !== (plan.tier === 'T3'))
    return 'Do not sign this: the service says another tier beside the plan than in it.';
  if (quorum.have.includes(session.operator)) {
    const left = quorum.needed - quorum.have.length;
    return `You have signed. It waits for ${left === 1 ? 'one more person' : `${left} more people`}.`;
  }
  if (fourEyes && isBehind(change, session.operator))
    return 'Somebody else has to sign this: you are the person behind the request.';
  if (assuranceNeeded === 'separate' && /(?:^|\.)localhost$/.test(new URL(session.origin).hostname))
    return 'This needs a passkey on a page that is not served from this machine: open the console under its own name, from another device.';
  if (session.keys.length === 0)
    return 'None of your passkeys is in force here. Add one under Settings, and have it signed.';
  if (isLost) return 'Not connected. It goes on when the service can be reached again.';
  return undefined;
}

function isBehind({ onBehalfOf, requestedBy }: ChangeView, operator: string): boolean {
  const account = (onBehalfOf ?? requestedBy).replace(/^operator:/, '');
  return account === operator || account === `${operator}@console`;
}
