/**
 * Consent in advance, given and taken back. A standing approval names exact steps: every target with
 * every combination of the values listed, each expanded as a change would be, by the digest of its core.
 */
import { sees } from '#access';
import {
  checkQuorum,
  digestWords,
  makeStanding,
  NAMESPACES,
  type PartDocument,
  standingDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { newId } from '#base/ids';
import type { JsonObject } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { COMMAND_ACTION, hasClosedArguments } from '#catalogue';
import type { PlanStep } from '#model';
import { partOf } from '#planning';
import { clean } from '#redaction';
import type { StandingRow } from '#store';
import { asJson, type Road, seconds } from './context.ts';
import { plainEvent, record } from './events.ts';
import { planOf } from './make-plan.ts';
import { requireOperator } from './operator.ts';
import type { Requester, StandingPage, StandingTerms, StandingView } from './protocol.ts';
import { scopeOf, sightOf } from './record.ts';
import { refuse } from './refuse.ts';
import { readScene, type Scene } from './scene.ts';

const MOST_CORES = 512;
const ANY_NONCE = '0'.repeat(32);

export async function standingPage(
  road: Road,
  requester: Requester,
  terms: StandingTerms,
): Promise<StandingPage> {
  requireOperator(requester);
  if (terms.action === COMMAND_ACTION) {
    refuse(
      'untyped-value',
      'consent in advance is for actions of the catalogue, not for commands. Write an action for it',
    );
  }
  const scene = await readScene(road, terms, requester);
  const { runnable, authority } = scene;
  if (runnable.tier !== 'T1' && runnable.tier !== 'T2') {
    refuse(
      'policy-denied',
      `a standing approval is for T1 and T2, and ${runnable.id} is ${runnable.tier}. Approve each change of it by itself`,
    );
  }
  if (!hasClosedArguments(runnable)) {
    refuse(
      'untyped-value',
      `an argument of ${runnable.id} is free text, and consent in advance takes only listed values and names that are known. Approve each change of it by itself`,
    );
  }
  const steps = await stepsOf(road, scene, requester, terms);
  const parts = steps.map(({ part }) => part);
  const issued = seconds(road.clock.now());
  const rule = authority.hostPolicy.rules.standing;
  const order = makeStanding(
    {
      organisation: authority.organisation,
      standing: newId('std', road.random),
      action: `${runnable.id}@${runnable.version}`,
      issued,
      expires: issued + terms.days * 86_400,
      window: terms.window,
      budget: { runs: terms.budget.runs, seconds: terms.budget.perSeconds },
      cooldown: terms.cooldownSeconds,
      evenTainted: terms.evenTainted,
      quorum: rule.quorum,
    },
    parts,
  );
  const shown = steps.map(({ step }) => ({
    target: step.target,
    argv: step.argv.map((word) => (typeof word === 'string' ? word : `{file:${word.file}}`)),
    effect: step.effect,
  }));
  await keepPrepared(road, sha256(order), {
    targets: scene.targets.map(({ id }) => id),
    reason: clean(terms.reason, { maxChars: 2_000 }).text,
    steps: shown,
  });
  return {
    order,
    namespace: NAMESPACES.standing,
    digest: sha256(order),
    digestWords: digestWords(sha256(order)),
    says: [
      `${runnable.id}@${runnable.version} (${runnable.tier}) on ${scene.targets.map(({ id }) => id).join(', ')}, without asking anybody`,
      `for ${terms.days} days, ${terms.window === 'always' ? 'at any time' : `between ${terms.window} UTC`}, on each host at most ${terms.budget.runs} times in ${terms.budget.perSeconds} s, ${terms.cooldownSeconds} s apart`,
      terms.evenTainted
        ? 'also when the assistant had read text of a target'
        : 'not when the assistant had read text of a target',
    ],
    steps: shown,
    assuranceNeeded: rule.assurance,
  };
}

export async function addStanding(
  road: Road,
  requester: Requester,
  { order, signatures }: { readonly order: string; readonly signatures: readonly string[] },
): Promise<StandingView> {
  requireOperator(requester);
  const document = standingDocument.parse(order);
  const authority = await road.authority();
  if (document.organisation !== authority.organisation)
    refuse('bad-signature', `it is of another organisation: ${document.organisation}`);
  const now = road.clock.now();
  const signed = checkQuorum({
    text: order,
    armored: signatures,
    namespace: NAMESPACES.standing,
    rule: 'standing',
    quorum: document.quorum,
    at: seconds(now),
    signers: authority.signers,
    revocations: authority.revocations,
    policy: authority.hostPolicy,
  });
  if (document.expires <= seconds(now)) refuse('expired', 'the standing approval is over already');
  const prepared = await readPrepared(road, sha256(order));
  await mustSee(road, requester, prepared.targets, document.standing);
  const row: Omit<StandingRow, 'revokedAt'> = {
    id: document.standing,
    action: document.action,
    text: order,
    signatures,
    expiresAt: (document.expires * 1_000_000) as Instant,
    addedAt: now,
    actor: requester.principal,
    detail: { signed: asJson(signed), ...prepared },
  };
  await road.store.write(async ({ changes }) => {
    changes.addStanding(row);
    await record(
      road.events,
      plainEvent('standing.added', requester, scopeOf(requester), prepared.targets, {
        standing: document.standing,
        digest: sha256(order),
        action: document.action,
        signedBy: signed.map(({ operator }) => operator),
      }),
    );
  });
  return viewOf({ ...row, revokedAt: null }, now);
}

export function standings(road: Road): readonly StandingView[] {
  const now = road.clock.now();
  return road.store.changes.standings().map((row) => viewOf(row, now));
}

export async function revokeStanding(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
): Promise<StandingView> {
  requireOperator(requester);
  const row = road.store.changes.standings().find((each) => each.id === id);
  if (row === undefined) throw unknownStanding(id);
  await mustSee(road, requester, targetsOf(row), id);
  const now = road.clock.now();
  // From here on it covers nothing, also when it cannot be written down.
  road.revoked.add(id);
  await road.store.write(async ({ changes }) => {
    changes.revokeStanding(id, now, requester.principal);
    await record(
      road.events,
      plainEvent('standing.revoked', requester, scopeOf(requester), targetsOf(row), {
        standing: id,
        reason: clean(reason, { maxChars: 2_000 }).text,
      }),
    );
  });
  return viewOf({ ...row, revokedAt: now }, now);
}

/** Whoever may see only some targets has no say in consent for others, and does not learn of it. */
async function mustSee(
  road: Road,
  requester: Requester,
  targets: readonly string[],
  id: string,
): Promise<void> {
  if (requester.targets === undefined) return;
  const { byId } = await road.inventory();
  const sight = sightOf(requester);
  const isSeen = (name: string): boolean => {
    const target = byId.get(name);
    return target !== undefined && sees(sight, target);
  };
  if (!targets.every(isSeen)) throw unknownStanding(id);
}

function unknownStanding(id: string): Fault {
  return new Fault(
    'missing',
    'unknown-standing',
    `no such standing approval: ${JSON.stringify(id.slice(0, 80))}. List them first`,
  );
}

type Prepared = {
  readonly targets: readonly string[];
  readonly reason: string;
  readonly steps: StandingPage['steps'];
};

/** What a digest covers, in words, between the page and the signature. */
async function keepPrepared(road: Road, digest: string, prepared: Prepared): Promise<void> {
  const folder = `${road.home}/standing`;
  await road.files.makeDirectory(folder);
  await road.files.replace(
    `${folder}/${digest}.json`,
    Buffer.from(JSON.stringify(prepared)),
    0o600,
  );
}

async function readPrepared(road: Road, digest: string): Promise<Prepared> {
  const bytes = await road.files.read(`${road.home}/standing/${digest}.json`);
  if (bytes === undefined) {
    throw new Fault(
      'conflict',
      'not-prepared',
      'no such standing approval was prepared here: prepare it again',
    );
  }
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Prepared;
}

/** Every step of every combination, each once. Refuses what names its change: no two runs of it are alike. */
async function stepsOf(
  road: Road,
  scene: Scene,
  requester: Requester,
  terms: StandingTerms,
): Promise<readonly { readonly step: PlanStep; readonly part: PartDocument }[]> {
  const now = road.clock.now();
  const found = new Map<string, { readonly step: PlanStep; readonly part: PartDocument }>();
  for (const target of scene.targets) {
    for (const args of combinations(terms.arguments)) {
      const one = { ...scene, targets: [target] };
      const asked = {
        requester,
        proposal: {
          action: terms.action,
          targets: [target.id],
          arguments: args,
          reason: terms.reason,
          dryRun: true,
          idempotencyKey: null,
        },
        undoes: null,
      };
      const times = { madeAt: now, decideBy: now };
      const ahead = { isTainted: false, supposed: true } as const;
      const { plan } = await planOf(road, one, 'standing-a', asked, times, ahead);
      const { plan: other } = await planOf(road, one, 'standing-b', asked, times, ahead);
      for (const [i, step] of plan.steps.entries()) {
        if (step.direction !== 'forward') continue;
        const part = partOf(plan, step, ANY_NONCE);
        const twin = other.steps[i];
        const key = asKey(part);
        if (twin === undefined || asKey(partOf(other, twin, ANY_NONCE)) !== key) {
          refuse(
            'policy-denied',
            `no two runs of ${terms.action} are alike, since each keeps something of its own to be undone. Approve each change of it by itself`,
          );
        }
        found.set(key, { step, part });
        if (found.size > MOST_CORES)
          refuse('invalid-arguments', `that is more than ${MOST_CORES} exact steps: list fewer`);
      }
    }
  }
  return [...found.values()];
}

const asKey = (part: PartDocument): string => JSON.stringify(part);

function combinations(values: StandingTerms['arguments']): readonly JsonObject[] {
  let all: readonly JsonObject[] = [{}];
  for (const [name, options] of Object.entries(values)) {
    if (all.length * options.length > MOST_CORES)
      refuse('invalid-arguments', `that is more than ${MOST_CORES} combinations: list fewer`);
    all = all.flatMap((one) => options.map((value) => ({ ...one, [name]: value })));
  }
  return all;
}

export function targetsOf({ detail }: Pick<StandingRow, 'detail'>): readonly string[] {
  return (detail['targets'] ?? []) as unknown as readonly string[];
}

function viewOf(row: StandingRow, now: Instant): StandingView {
  const document = standingDocument.parse(row.text);
  const signed = (row.detail['signed'] ?? []) as unknown as readonly { operator: string }[];
  return {
    id: row.id,
    action: row.action,
    targets: targetsOf(row),
    digest: sha256(row.text),
    signedBy: signed.map(({ operator }) => operator),
    issuedAt: formatInstant((document.issued * 1_000_000) as Instant),
    expiresAt: formatInstant(row.expiresAt),
    window: document.window,
    budget: { runs: document.budget.runs, perSeconds: document.budget.seconds },
    cooldownSeconds: document.cooldown,
    evenTainted: document.evenTainted,
    plans: document.cores.length,
    state: row.revokedAt !== null ? 'revoked' : row.expiresAt <= now ? 'expired' : 'active',
    reason: typeof row.detail['reason'] === 'string' ? row.detail['reason'] : '',
  };
}
