/** A person signs what they were shown, whatever the service would have them sign. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ChangeOrder,
  changeDocument,
  configDocument,
  digestWords,
  liftDocument,
  NO_HASH,
  partDocument,
  standingDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import type { Fault } from '#base/fault';
import { formatInstant, type Instant } from '#base/time';
import type { ApprovalPage, ChangeView } from '#execution';
import type { Plan } from '#model';
import { partOf, planDigest, renderPlan } from '#planning';
import { aPlan } from '#samples/planning';
import { throwsFault } from '../../test/support/throws-fault.ts';
import { checkOrder, checkPage } from './check-page.ts';

const RUN_BY = 1_767_226_500;
const NONCES = (i: number): string => String(i).padStart(32, '0');

/** The page as an honest service makes it; `order` and `over` as one that is not. */
function page(
  plan: Plan = aPlan('file.write'),
  over: Partial<ApprovalPage> = {},
  order: Partial<ChangeOrder> = {},
  signed: Plan = plan,
): ApprovalPage {
  const parts = signed.steps.map((step, i) => partDocument.format(partOf(signed, step, NONCES(i))));
  const envelope = changeDocument.format({
    organisation: plan.organisation,
    change: plan.change,
    plan: planDigest(plan),
    tier: plan.tier as ChangeOrder['tier'],
    quorum: 1,
    issued: RUN_BY - 900,
    notBefore: RUN_BY - 900,
    runBy: RUN_BY,
    checkpoint: { size: 0, root: NO_HASH },
    parts: parts.map((part) => sha256(part)),
    ...order,
  });
  return {
    change: { changeId: plan.change, digest: planDigest(plan), tier: plan.tier } as ChangeView,
    plan,
    envelope,
    parts,
    namespace: 'holdfast-change@1',
    digestWords: digestWords(planDigest(plan)),
    blastRadius: [],
    preview: [],
    taintedText: [],
    assuranceNeeded: 'same-user',
    quorum: { needed: 1, have: [] },
    fourEyes: false,
    decideBy: formatInstant(plan.decideBy),
    runBy: formatInstant((RUN_BY * 1_000_000) as Instant),
    typeName: plan.tier === 'T3' ? (plan.targets[0]?.id ?? null) : null,
    ...over,
  };
}

const differs = (shown: ApprovalPage, change = shown.plan.change): Promise<Fault> =>
  throwsFault(() => checkPage(shown, change), 'page-differs');

describe('a page that is held against what would be signed', () => {
  for (const action of ['service.restart', 'file.write', 'package.upgrade', 'host.reboot']) {
    it(`holds as an honest service makes it, and shows the plan itself: ${action}`, () => {
      const plan = aPlan(action);
      assert.deepEqual(checkPage(page(plan), plan.change), renderPlan(plan));
    });
  }

  it('is refused when any byte of a step differs between the plan and its part', async () => {
    const plan = aPlan('file.write');
    const [first, ...rest] = plan.steps;
    assert.ok(first);
    const others: readonly Partial<typeof first>[] = [
      { argv: [...first.argv, 'x'] },
      { argv: first.argv.toReversed() },
      { runAs: 'daemon' },
      { stdin: `${first.stdin ?? ''}x` },
      { conditions: [{ kind: 'file-absent', path: '/etc/x' }] },
      { files: [{ path: '/etc/x', sha256: 'a'.repeat(64) }] },
      { timeoutSeconds: first.timeoutSeconds + 1 },
      { atomic: !first.atomic },
      { action: 'file.write@9' },
    ];
    for (const other of others) {
      const signed = { ...plan, steps: [{ ...first, ...other }, ...rest] };
      await differs(page(plan, {}, {}, signed));
    }
    const elsewhere = { ...plan, targets: plan.targets.map((one) => ({ ...one, epoch: 2 })) };
    await differs(page(plan, {}, {}, elsewhere));
  });

  it('is refused when the parts shown are not those that the envelope lists', async () => {
    const plan = aPlan('file.write');
    const honest = page(plan);
    const other = page(plan, {}, { parts: honest.parts.map(() => 'b'.repeat(64)) });
    await differs(other);
    await differs({ ...honest, parts: honest.parts.slice(1) });
    await differs({ ...honest, parts: [...honest.parts].reverse() });
    await differs({ ...honest, parts: honest.parts.map(() => 'holdfast-part 1\nend\n') });
    await differs(page({ ...plan, steps: plan.steps.slice(1) }, {}, {}, plan));
  });

  it('is refused when the plan is not the one that is signed', async () => {
    const plan = aPlan('file.write');
    const honest = page(plan);
    await differs({ ...honest, plan: { ...plan, reason: 'another' } });
    await differs({ ...honest, plan: { ...plan, stabiliseSeconds: plan.stabiliseSeconds + 1 } });
    await differs({ ...honest, plan: { ...plan, irreversible: 'no way back' } });
    await differs(page(plan, {}, { plan: 'c'.repeat(64) }));
    await differs({ ...honest, change: { ...honest.change, digest: 'c'.repeat(64) } });
  });

  it('is refused when anything else that is shown is not what the envelope says', async () => {
    const honest = page();
    await differs(honest, 'chg_ffffffffffffffff');
    await differs(page(undefined, {}, { change: 'chg_ffffffffffffffff' }));
    await differs({ ...honest, change: { ...honest.change, changeId: 'chg_ffff' } });
    await differs(page(undefined, {}, { organisation: 'other' }));
    await differs(page(undefined, {}, { tier: 'T1' }));
    await differs({ ...honest, change: { ...honest.change, tier: 'T1' } });
    await differs(page(undefined, {}, { quorum: 2 }));
    await differs(page(undefined, {}, { runBy: RUN_BY + 1 }));
    await differs({ ...honest, digestWords: digestWords('c'.repeat(64)) });
    await differs({ ...honest, namespace: 'holdfast-config@1' as never });
    await differs({ ...honest, envelope: honest.envelope.replace('end\n', 'end\nend\n') });
    await differs({ ...honest, typeName: 'host:web-1' });
    await differs({ ...page(aPlan('host.reboot')), typeName: 'host:web-2' });
    await differs({ ...page(aPlan('host.reboot')), typeName: null });
  });
});

describe('another document that is held against what was shown', () => {
  const mark = { version: 1, hash: 'a'.repeat(64) };
  const config = configDocument.format({
    organisation: 'main',
    version: 4,
    previous: 'a'.repeat(64),
    issued: RUN_BY,
    quorum: 1,
    inventory: 'a'.repeat(64),
    policy: 'a'.repeat(64),
    catalogue: 'a'.repeat(64),
    baselines: 'a'.repeat(64),
    signers: mark,
    revocations: mark,
    hostPolicy: mark,
    checkpoint: { size: 0, root: NO_HASH },
  });
  const standing = standingDocument.format({
    organisation: 'main',
    standing: 'std_1',
    action: 'service.reload@1',
    issued: RUN_BY,
    expires: RUN_BY + 86_400,
    window: 'always',
    budget: { runs: 4, seconds: 3_600 },
    cooldown: 300,
    evenTainted: false,
    quorum: 1,
    cores: ['a'.repeat(64), 'b'.repeat(64)],
  });
  const lift = liftDocument.format({
    organisation: 'main',
    stop: 'stop_1',
    issued: RUN_BY,
    runBy: RUN_BY + 60,
  });
  const words = (text: string): string => digestWords(sha256(text));
  const good = {
    config: {
      kind: 'config',
      order: config,
      namespace: 'holdfast-config@1',
      version: 4,
      digestWords: words(config),
    },
    standing: {
      kind: 'standing',
      order: standing,
      namespace: 'holdfast-standing@1',
      action: 'service.reload',
      steps: 2,
      digestWords: words(standing),
    },
    lift: { kind: 'lift', order: lift, namespace: 'holdfast-lift@1', stop: 'stop_1' },
  } as const;

  it('holds as an honest service makes it', () => {
    for (const shown of Object.values(good)) checkOrder(shown);
    checkOrder({ ...good.standing, action: 'service.reload@1' });
  });

  it('is refused when it is of another kind, or says something else', async () => {
    const wrong = [
      { ...good.config, order: page().envelope, digestWords: words(page().envelope) },
      { ...good.config, namespace: 'holdfast-change@1' },
      { ...good.config, version: 5 },
      { ...good.config, digestWords: words(standing) },
      { ...good.standing, action: 'host.reboot' },
      { ...good.standing, steps: 1 },
      { ...good.standing, digestWords: words(config) },
      { ...good.standing, namespace: 'holdfast-change@1' },
      { ...good.lift, stop: 'stop_2' },
      { ...good.lift, order: config },
      { ...good.lift, namespace: 'holdfast-config@1' },
    ];
    for (const shown of wrong) await throwsFault(() => checkOrder(shown), 'page-differs');
  });
});
