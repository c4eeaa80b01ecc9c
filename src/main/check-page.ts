/**
 * What a person is about to sign, held against what they were shown. The service that made both is not
 * believed: every digest is computed here, and every part is made anew from its step of the plan.
 */
import {
  changeDocument,
  configDocument,
  digestWords,
  liftDocument,
  NAMESPACES,
  partDocument,
  standingDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { ShownOrder } from '#cli';
import { mustFit } from '#enrolment';
import type { ApprovalPage } from '#execution';
import { partOf, planDigest, renderPlan } from '#planning';

/** Throws `refused` `page-differs`; answers the plan that would be signed, in lines. */
export function checkPage(page: ApprovalPage, changeId: string): readonly string[] {
  const { plan, change, envelope, parts } = page;
  const order = asShown(() => changeDocument.parse(envelope));
  const digest = planDigest(plan);
  same('kind of document', page.namespace, NAMESPACES.change);
  same('change', changeId, plan.change, order.change, change.changeId);
  same('organisation', plan.organisation, order.organisation);
  same('plan', digest, order.plan, change.digest ?? '');
  same('words of the digest', digestWords(digest), page.digestWords);
  same('tier', plan.tier, order.tier, change.tier ?? '');
  // A rule that was raised since asks for more than is bound here.
  if (!(page.quorum.needed >= order.quorum))
    throw differs('the number of signatures is less than what would be signed');
  same('time until which it may run', Math.floor(Date.parse(page.runBy) / 1_000), order.runBy);
  same('number of parts', plan.steps.length, order.parts.length, parts.length);
  const [only] = plan.targets;
  same('name to be typed', page.typeName, plan.tier === 'T3' ? (only?.id ?? null) : null);
  for (const [i, step] of plan.steps.entries()) {
    const text = parts[i] ?? '';
    const { nonce } = asShown(() => partDocument.parse(text));
    same(`part ${i + 1}`, text, partDocument.format(partOf(plan, step, nonce)));
    same(`digest of part ${i + 1}`, sha256(text), order.parts[i] ?? '');
  }
  return renderPlan(plan);
}

/** Throws `refused` `page-differs` when the bytes are of another kind, or say something else. */
export function checkOrder(shown: ShownOrder): void {
  const { order, namespace } = shown;
  same('kind of document', namespace, NAMESPACES[shown.kind]);
  switch (shown.kind) {
    case 'config':
      same('version', shown.version, asShown(() => configDocument.parse(order)).version);
      same('words of the digest', shown.digestWords, digestWords(sha256(order)));
      break;
    case 'standing': {
      const { action, cores } = asShown(() => standingDocument.parse(order));
      same('action', unversioned(shown.action), unversioned(action));
      same('number of steps', shown.steps, cores.length);
      same('words of the digest', shown.digestWords, digestWords(sha256(order)));
      break;
    }
    case 'enrolment':
      asShown(() => mustFit(order, shown.hosts));
      same('words of the digest', shown.digestWords, digestWords(sha256(order)));
      break;
    case 'lift':
      same('stop', shown.stop, asShown(() => liftDocument.parse(order)).stop);
      break;
  }
}

const unversioned = (action: string): string => action.replace(/@\d+$/, '');

function same(what: string, ...values: readonly (string | number | null)[]): void {
  if (values.every((value) => value === values[0])) return;
  throw differs(`the ${what} is not the one that was shown`);
}

function asShown<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw differs('the document is not in its form', cause);
  }
}

function differs(why: string, cause?: unknown): Fault {
  return new Fault(
    'refused',
    'page-differs',
    `what would be signed is not what is shown: ${why}. Sign nothing, stop changes (holdfast stop now), and find out what answers on the socket of this data directory`,
    cause === undefined ? {} : { cause },
  );
}
