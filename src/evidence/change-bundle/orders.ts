/** What was signed: orders, their parts held against the plan, standing approvals, receipts, config. */
import {
  type ChangeOrder,
  changeDocument,
  configDocument,
  type PartDocument,
  partCore,
  partDocument,
  type RunOrder,
  receiptDocument,
  runDocument,
  type Signers,
  standingDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import type { Plan, PlanStep } from '#model';
import type { BundleFindings } from './findings.ts';
import type { BundleOrder, BundlePredicate, BundleReceipt } from './parts.ts';
import { isByKey, signersOf } from './signatures.ts';

export type OrderPins = {
  readonly operators: Signers | undefined;
  /** OpenSSH public key that signs run orders. */
  readonly controlPlane: string | undefined;
  /** OpenSSH public keys of receipts, by target. */
  readonly hosts: ReadonlyMap<string, string>;
};

const bare = (digest: string): string => digest.replace(/^sha256:/, '');

const NEVER_RAN = new Set(['proposed', 'previewed', 'approved', 'refused', 'expired', 'cancelled']);

const placeOf = ({ target, step, direction }: PartDocument): string =>
  `${target} ${step.number}/${step.of} ${direction}`;

export class OrderCheck {
  readonly #plan: Plan;
  readonly #digest: string;
  readonly #pins: OrderPins;
  readonly #findings: BundleFindings;
  /** Part documents by their digest, with the digest of their order. */
  readonly #parts = new Map<string, { readonly order: string; readonly part: PartDocument }>();
  /** What a receipt that holds says, by the place of its step. */
  readonly #results = new Map<string, string>();

  constructor(plan: Plan, digest: string, pins: OrderPins, findings: BundleFindings) {
    this.#plan = plan;
    this.#digest = digest;
    this.#pins = pins;
    this.#findings = findings;
  }

  run(predicate: BundlePredicate): void {
    for (const order of predicate.orders) this.#order(order);
    const answered = new Set<string>();
    for (const receipt of predicate.receipts) this.#receipt(receipt, answered);
    this.#config(predicate);
    this.#checkSteps(predicate);
    this.#checkState(predicate);
  }

  #checkSteps({ orders, state }: BundlePredicate): void {
    if (orders.length === 0) {
      if (!NEVER_RAN.has(state)) this.#findings.problem('order-missing', 'nobody signed anything');
      return;
    }
    const ordered = [...this.#parts.values()].map(({ part }) => placeOf(part));
    for (const step of this.#plan.steps) {
      if (!ordered.includes(this.#place(step))) {
        this.#findings.problem('step-without-part', `step ${step.step} ${step.direction}`);
      }
    }
  }

  #place(step: PlanStep): string {
    const host = this.#plan.targets.find((one) => one.id === step.target);
    return `${host?.hostId} ${step.step}/${step.of} ${step.direction}`;
  }

  /** What the state says, held against what the hosts say. */
  #checkState({ state, receipts, verification }: BundlePredicate): void {
    const contradicted = (what: string): void => this.#findings.problem('state-contradicted', what);
    if (NEVER_RAN.has(state)) {
      if (receipts.length > 0) contradicted(`a change that is ${state} has receipts`);
      return;
    }
    const wasUndone = [...this.#results.keys()].some((place) => place.endsWith(' inverse'));
    if (state === 'rolled-back' && !wasUndone) {
      this.#findings.problem('receipt-missing', 'rolled back, and no inverse step has one');
    }
    if (state !== 'confirmed') return;
    for (const step of this.#plan.steps.filter(({ direction }) => direction === 'forward')) {
      const result = this.#results.get(this.#place(step));
      if (result === undefined) this.#findings.problem('receipt-missing', `step ${step.step}`);
      else if (result !== 'exited') contradicted(`step ${step.step} says ${result}`);
    }
    if (wasUndone) contradicted('confirmed, and a step was undone');
    if (verification.some(({ held }) => !held)) contradicted('a check did not hold');
    if (verification.length < this.#plan.verification.length) {
      this.#findings.problem('verification-missing', 'a check of the plan has no answer');
    }
  }

  #order(order: BundleOrder): void {
    const isRun = order.text.startsWith('holdfast-run 1\n');
    const read = (): ChangeOrder | RunOrder =>
      isRun ? runDocument.parse(order.text) : changeDocument.parse(order.text);
    const document = this.#findings.try('order-unreadable', 'an order', read);
    if (document === undefined) return;
    const isOfPlan =
      document.organisation === this.#plan.organisation &&
      document.change === this.#plan.change &&
      document.plan === this.#digest &&
      document.tier === this.#plan.tier &&
      document.notBefore <= document.runBy &&
      document.issued <= document.runBy;
    if (!isOfPlan) this.#findings.problem('order-differs', 'an order is not of this plan');
    const given = order.parts.map((part) => sha256(part));
    if (given.join() !== document.parts.join()) {
      this.#findings.problem('part-not-listed', 'the parts of an order are not those it lists');
    }
    for (const part of order.parts) this.#part(part, sha256(order.text));
    if ('standing' in document) this.#run(order, document);
    else this.#signed(order, document);
  }

  #signed(order: BundleOrder, document: ChangeOrder): void {
    if (order.standing !== null) {
      this.#findings.problem(
        'standing-differs',
        'an order of operators rests on a standing approval',
      );
    }
    this.#quorum(order, 'holdfast-change@1', document.quorum, 'an order');
  }

  #quorum(
    signed: Parameters<typeof signersOf>[0],
    namespace: Parameters<typeof signersOf>[1],
    quorum: number,
    where: string,
  ): ReadonlySet<string> | undefined {
    const { operators } = this.#pins;
    if (operators === undefined) {
      this.#findings.ask('operators', 'who signed: no list of operators given');
      return undefined;
    }
    const good = signersOf(signed, namespace, operators, this.#findings, where);
    const needed = Math.max(1, quorum);
    if (good.size < needed && !good.has('recovery')) {
      this.#findings.problem('quorum-not-met', `${where}: ${good.size} of ${needed} operators`);
    }
    if (namespace !== 'holdfast-config@1')
      for (const one of good) this.#findings.operators.add(one);
    return good;
  }

  #run(order: BundleOrder, document: RunOrder): void {
    const { controlPlane } = this.#pins;
    if (controlPlane === undefined) {
      this.#findings.ask('control-plane-key', 'who signed a run order: no key given');
    } else {
      const [one, second] = order.signatures;
      const isSigned =
        one !== undefined &&
        second === undefined &&
        isByKey(order.text, 'holdfast-run@1', one.armored, controlPlane);
      if (!isSigned) this.#findings.problem('signature-wrong', 'a run order');
    }
    const { standing } = order;
    if (standing === null || sha256(standing.text) !== document.standing) {
      this.#findings.problem(
        'standing-differs',
        'a run order without the standing approval it names',
      );
      return;
    }
    const read = (): ReturnType<typeof standingDocument.parse> =>
      standingDocument.parse(standing.text);
    const approval = this.#findings.try('standing-differs', 'a standing approval', read);
    if (approval === undefined) return;
    const holds =
      approval.organisation === this.#plan.organisation &&
      this.#plan.steps.every((s) => s.direction === 'inverse' || s.action === approval.action) &&
      approval.issued <= document.issued &&
      document.runBy <= approval.expires &&
      this.#plan.tier !== 'T3' &&
      (!this.#plan.tainted || approval.evenTainted) &&
      order.parts.every((part) => approval.cores.includes(partCore(part)));
    if (!holds) this.#findings.problem('standing-differs', 'it does not cover what was run');
    this.#quorum(standing, 'holdfast-standing@1', approval.quorum, 'a standing approval');
  }

  #part(text: string, order: string): void {
    const part = this.#findings.try('part-differs', 'a part', () => partDocument.parse(text));
    if (part === undefined) return;
    this.#parts.set(sha256(text), { order, part });
    const host = this.#plan.targets.find((one) => one.hostId === part.target);
    const step = this.#plan.steps.find(
      (one) =>
        one.target === host?.id &&
        one.step === part.step.number &&
        one.direction === part.direction,
    );
    const expected =
      host === undefined || step === undefined
        ? undefined
        : this.#findings.try('part-differs', 'a step of the plan', () =>
            partDocument.format(this.#made(step, host.hostId, host.epoch, part.nonce)),
          );
    if (expected !== text)
      this.#findings.problem('part-differs', 'a part is not what the plan says');
  }

  #made(step: PlanStep, target: string, epoch: number, nonce: string): PartDocument {
    return {
      target,
      epoch,
      action: step.action,
      catalogue: bare(this.#plan.inForce.catalogue),
      runAs: step.runAs,
      args: step.argv,
      stdin: step.stdin === null ? null : sha256(step.stdin),
      files: step.files,
      conditions: step.conditions,
      step: { number: step.step, of: step.of },
      direction: step.direction,
      timeout: step.timeoutSeconds,
      atomic: step.atomic,
      nonce,
    };
  }

  #receipt(receipt: BundleReceipt, answered: Set<string>): void {
    const read = (): ReturnType<typeof receiptDocument.parse> =>
      receiptDocument.parse(receipt.text);
    const document = this.#findings.try(
      'receipt-unreadable',
      `the receipt of ${receipt.target}`,
      read,
    );
    if (document === undefined) return;
    const host = this.#plan.targets.find((one) => one.id === receipt.target);
    const ordered = this.#parts.get(document.part);
    const fits =
      ordered?.order === document.order &&
      ordered.part.nonce === document.nonce &&
      ordered.part.target === document.target &&
      document.target === host?.hostId &&
      document.epoch === host.epoch &&
      !answered.has(document.part);
    answered.add(document.part);
    if (!fits) this.#findings.problem('receipt-differs', `the receipt of ${receipt.target}`);
    else this.#results.set(placeOf(ordered.part), document.result);
    const pinned = this.#pins.hosts.get(receipt.target);
    if (pinned === undefined) {
      this.#findings.ask('host-keys', `who signed the receipt of ${receipt.target}: no key given`);
    }
    const key = pinned ?? receipt.key;
    if (!isByKey(receipt.text, 'holdfast-receipt@1', receipt.armored, key)) {
      this.#findings.problem('receipt-signature', `the receipt of ${receipt.target}`);
    }
  }

  #config(predicate: BundlePredicate): void {
    const { inForce } = this.#plan;
    let isInForce = false;
    for (const signed of predicate.config) {
      const read = (): ReturnType<typeof configDocument.parse> => configDocument.parse(signed.text);
      const config = this.#findings.try('config-differs', 'a config document', read);
      if (config === undefined) continue;
      isInForce ||=
        config.organisation === this.#plan.organisation &&
        config.inventory === bare(inForce.inventory) &&
        config.policy === bare(inForce.policy) &&
        config.catalogue === bare(inForce.catalogue) &&
        config.baselines === bare(inForce.baselines) &&
        config.signers.hash === sha256(predicate.signers);
      this.#quorum(signed, 'holdfast-config@1', config.quorum, 'a config document');
    }
    if (predicate.config.length > 0 && !isInForce) {
      this.#findings.problem(
        'config-differs',
        'no config document here is the one the plan was made under',
      );
    }
  }
}
