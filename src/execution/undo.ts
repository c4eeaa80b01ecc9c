/**
 * Taking a change back. The inverse was signed with the forward: while it may still run, and the
 * world is as the change left it, an operator runs it. Later, or for anyone else, it becomes a
 * proposal of its own, decided like any other.
 */
import { Fault } from '#base/fault';
import type { ChangeState } from '#model';
import { attemptsOf, intentMore } from './begin.ts';
import { conclude } from './conclude.ts';
import { isConflict, type Road, seconds, stopQuestion } from './context.ts';
import { dispatchAll } from './dispatch.ts';
import { eventOf, record } from './events.ts';
import { decide, passGuards, questionOf, requireInForce } from './gates.ts';
import { propose } from './propose.ts';
import type { ChangeView, Requester, UndoLook } from './protocol.ts';
import { requireAuthority } from './recheck.ts';
import { detailOf, type Known, mustKnow, unknownChange, visible } from './record.ts';
import { refuse } from './refuse.ts';
import { Denied, viewNow } from './refuse-change.ts';
import { onTargets, placesOf, readScene, type Scene } from './scene.ts';
import { inverseOfWhatRan, wasCutShort } from './undo-plan.ts';
import { kindsOf } from './verify.ts';
import { said } from './view.ts';
import { compareWorld, requireWorldAsLeft } from './world-moved.ts';

/** Seconds before its run-by in which an inverse is not begun any more. */
const MARGIN_SECONDS = 30;

export async function undo(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
  only?: readonly string[],
): Promise<ChangeView> {
  const { known, targets } = undoable(road, requester, id, only);
  const underWay = undoing(road, known, targets);
  if (underWay !== undefined) {
    refuse('nothing-to-undo', `it is being taken back, or was, by the change ${underWay}`);
  }
  const { row } = known;
  const scene = await readScene(
    road,
    { ...known.asked.proposal, targets },
    { ...requester, kind: known.asked.requester.kind },
  );
  await road.stops.refresh();
  road.stops.refuseCovered(stopQuestion(row, known.asked, null, known.plan));
  requireInForce(scene.authority, known.plan?.tier ?? 'T3');
  await road.observe(scene.targets, kindsOf(known.plan));
  await requireWorldAsLeft(road, scene, known);
  // What was signed is the way back of all of it: of a part of it, that part is signed.
  if (only !== undefined || !mayRunNow(road, requester, known)) {
    return propose(
      road,
      requester,
      {
        action: known.asked.proposal.action,
        targets,
        arguments: {},
        reason,
        dryRun: false,
        idempotencyKey: null,
      },
      id,
    );
  }
  const asked = { ...known.asked, requester: onTargets(requester, scene) };
  const tainted = requester.tainted || known.plan?.tainted === true;
  const question = questionOf(scene, asked, road.clock.now(), {
    tainted,
    closedArguments: false,
    standing: null,
  });
  const decision = decide(scene, question);
  if (decision.verdict === 'deny') throw new Denied(decision);
  return runInverse(road, requester, scene, known, reason);
}

/** What taking it back would meet. Looks, and changes nothing. */
export async function undoLook(road: Road, requester: Requester, id: string): Promise<UndoLook> {
  const { known, targets } = undoable(road, requester, id);
  const inventory = await road.inventory();
  const found = targets.flatMap((target) => inventory.byId.get(target) ?? []);
  await road.observe(found, kindsOf(known.plan));
  const compared = await compareWorld(road, { inventory, targets: found }, known);
  const moved = new Set(compared.filter((each) => each.moved).map(({ target }) => target));
  const ran = new Set(inverseOfWhatRan(known).map(({ target }) => target));
  return {
    changeId: id,
    compared,
    moved: [...moved],
    unmoved: [...ran].filter((target) => !moved.has(target)),
  };
}

/** Refuses what cannot be taken back, whatever the world is like. */
function undoable(
  road: Road,
  requester: Requester,
  id: string,
  only?: readonly string[],
): { readonly known: Known; readonly targets: readonly string[] } {
  const row = road.store.changes.change(id);
  if (!visible(row, requester)) throw unknownChange(id);
  const known = mustKnow(road.store.changes, id);
  // A person closed it without knowing: what may have run is taken back by a change of its own.
  if (row.state !== 'confirmed' && row.state !== 'failed' && row.state !== 'closed') {
    refuse('nothing-to-undo', `there is nothing to undo: the change is ${row.state}`);
  }
  const own = row.targets.map((target) => target.id);
  // Like everywhere, a name may stand without its type.
  const idOf = (name: string): string | undefined =>
    own.find((each) => each === name || each.endsWith(`:${name}`));
  const wanted = only?.map(idOf);
  const targets = own.filter((each) => wanted?.includes(each) !== false);
  const foreign = only?.find((name) => idOf(name) === undefined);
  if (foreign !== undefined || targets.length === 0) {
    throw new Fault(
      'invalid',
      'unknown-target',
      `the change has no such target: ${said(foreign ?? 'none is named', 200)}. Name some of its own`,
    );
  }
  if (!inverseOfWhatRan(known).some(({ target }) => targets.includes(target))) {
    refuse(
      'nothing-to-undo',
      `there is nothing to undo: ${known.plan?.irreversible ?? 'nothing of it ran that has an inverse'}`,
    );
  }
  return { known, targets };
}

const WITHOUT_EFFECT: ReadonlySet<ChangeState> = new Set([
  'refused',
  'expired',
  'cancelled',
  'closed',
]);

/** Another change that takes something of this back on one of the targets, and did something or may yet. */
function undoing(road: Road, { row }: Known, targets: readonly string[]): string | undefined {
  const scopes = row.targets.map(({ scope }) => scope);
  for (const target of targets) {
    const found = undoingOn(road, row, scopes, target);
    if (found !== undefined) return found;
  }
  return undefined;
}

function undoingOn(
  road: Road,
  row: Known['row'],
  scopes: readonly string[],
  target: string,
): string | undefined {
  for (let before: string | undefined; ; ) {
    const page = road.store.changes.list({ scopes, target }, 200, before);
    const found = page.changes.find(
      ({ id, body, state, createdAt }) =>
        body['undoes'] === row.id &&
        createdAt >= row.createdAt &&
        !WITHOUT_EFFECT.has(state) &&
        !(state === 'failed' && nothingRan(road, id)),
    );
    if (found !== undefined) return found.id;
    const oldest = page.changes.at(-1);
    if (page.next === null || oldest === undefined || oldest.createdAt < row.createdAt)
      return undefined;
    before = page.next;
  }
}

function nothingRan(road: Road, id: string): boolean {
  return road.store.changes
    .attempts(id)
    .every(({ outcome }) => outcome === 'not-started' || outcome === 'refused');
}

/** Signed by a person, in time, of what ran to its end, and never begun before. Only an operator runs what an operator signed. */
function mayRunNow(road: Road, { kind, surface }: Requester, known: Known): boolean {
  const order = known.orders.at(-1);
  const isOperator = kind === 'operator' && surface === 'cli';
  return (
    isOperator &&
    // A standing approval lists ways there only, and a host runs no way back of what was cut short.
    order?.kind === 'change' &&
    known.row.state !== 'closed' &&
    !known.attempts.some(wasCutShort) &&
    seconds(road.clock.now()) + MARGIN_SECONDS < seconds(order.runBy) &&
    !known.attempts.some(({ direction }) => direction === 'inverse')
  );
}

async function runInverse(
  road: Road,
  requester: Requester,
  scene: Scene,
  before: Known,
  reason: string,
): Promise<ChangeView> {
  const { id } = before.row;
  if (road.running.has(id)) refuse('not-pending', 'it is being worked on: ask again in a moment');
  const abort = new AbortController();
  const question = stopQuestion(before.row, before.asked, null, before.plan);
  road.running.set(id, { question, abort, ...placesOf(scene) });
  try {
    await beginInverse(road, requester, scene, before, reason);
    await road.at('undo-intent-committed');
    await dispatchAll(road, id, abort.signal);
    return await conclude(road, id, scene, requester, abort.signal);
  } catch (thrown) {
    if (isConflict(thrown)) return viewNow(road, id);
    throw thrown;
  } finally {
    road.running.delete(id);
  }
}

async function beginInverse(
  road: Road,
  requester: Requester,
  scene: Scene,
  before: Known,
  reason: string,
): Promise<void> {
  await road.store.write(async ({ changes }) => {
    const known = mustKnow(changes, before.row.id);
    const { row, asked, plan } = known;
    const order = known.orders.at(-1);
    if (row.rev !== before.row.rev || plan === null || order === undefined) {
      throw new Fault(
        'conflict',
        'change-moved',
        'someone else moved the change first: read it again',
      );
    }
    const covering = requireAuthority(road, scene, known, order);
    road.stops.refuseCovered(stopQuestion(row, asked, null, plan));
    // Its batches are taken back one after another, as they came.
    for (const batch of plan.rollout?.batches ?? [scene.targets.map((target) => target.id)]) {
      const targets = scene.targets.filter((target) => batch.includes(target.id));
      passGuards(road, changes, { ...scene, targets }, row.id, {
        ...asked,
        requester,
        undoes: row.id,
      });
    }
    const steps = new Set(inverseOfWhatRan(known).map((step) => plan.steps.indexOf(step)));
    const attempts = attemptsOf(road, scene, known, 'inverse', steps);
    changes.begin(attempts);
    const moved = changes.advance({
      id: row.id,
      fromRev: row.rev,
      to: 'executing',
      at: road.clock.now(),
      actor: requester.principal,
      detail: detailOf({ undo: { reason: said(reason), by: requester.principal } }),
    });
    await record(
      road.events,
      eventOf('change.intent', requester, moved, asked, {
        outcome: 'started',
        more: intentMore(order, attempts, covering),
      }),
    );
  });
}
