/**
 * Tripping and lifting. Tripping needs nobody's leave and no store: from its first statement on
 * nothing it covers begins, work under way is told to end, and hosts are told. Lifting needs
 * operators' signatures over a document of its own.
 */
import { sees } from '#access';
import { checkQuorum, liftDocument, NAMESPACES } from '#authority';
import { Fault } from '#base/fault';
import { newId } from '#base/ids';
import { formatInstant } from '#base/time';
import type { Target } from '#model';
import { type Road, seconds } from './context.ts';
import { type Actor, plainEvent, record, SERVICE } from './events.ts';
import { requireOperator } from './operator.ts';
import type { Requester, StopSubject, StopView } from './protocol.ts';
import { scopeOf, sightOf } from './record.ts';
import { refuse } from './refuse.ts';
import { asRefusal } from './signatures.ts';
import { covers, SENTINEL, type StopQuestion } from './stops.ts';
import { said } from './view.ts';

const HOST_WAIT_MS = 5_000;
const LIFT_SECONDS = 15 * 60;
const NAME_CHARS = 512;

export async function trip(
  road: Road,
  requester: Requester,
  subject: StopSubject,
  reason: string,
): Promise<StopView> {
  await requireMayTrip(road, requester, subject);
  const scope = scopeOf(requester);
  // Asked again, however often, an assistant's stop is one stop.
  const same = requester.kind === 'operator' ? undefined : road.stops.same(subject);
  return same ?? put(road, requester, scope, subject, reason);
}

/**
 * Ends work under way that a stop on disk covers: the sentinel, a file put there by hand, or what
 * cannot be read. A host that was told stays stopped, so there is a stop of its own for each, which
 * is listed and lifted like any other.
 */
export async function endCovered(road: Road): Promise<void> {
  await road.stops.refresh();
  const found = new Map<string, { readonly scope: string; readonly why: string }>();
  for (const { question, abort, targets, carriers } of road.running.values()) {
    const why = road.stops.covering(question);
    if (why === undefined || abort.signal.aborted) continue;
    abort.abort();
    // What is only looked at again was sent nowhere, and no host has to be stopped for it.
    if (targets.length === 0) continue;
    // Of a rollout only where it runs now: the rest was sent nothing.
    for (const { id, scope } of [...targets, ...carriers]) found.set(id, { scope, why });
  }
  await Promise.all(
    [...found].map(async ([name, { scope, why }]) => {
      try {
        await put(road, SERVICE, scope, { kind: 'target', name }, why);
      } catch (thrown) {
        road.log.error('a stop holds and could not be kept', thrown, { target: name });
      }
    }),
  );
}

async function put(
  road: Road,
  actor: Actor,
  scope: string,
  subject: StopSubject,
  reason: string,
): Promise<StopView> {
  const stop: StopView = {
    id: newId('stop', road.random),
    subject,
    by: actor.principal,
    reason: said(reason),
    at: formatInstant(road.clock.now()),
  };
  road.stops.trip(stop);
  for (const { question, abort } of road.running.values()) {
    if (covers(subject, question)) abort.abort();
  }
  const told = tellHosts(road, stop);
  try {
    await road.stops.keep(stop);
    await road.at('stop-recorded');
  } catch (thrown) {
    road.log.error('a stop holds in this process and could not be kept', thrown, { stop: stop.id });
    // A host that was told keeps to it: the next start finds it in the log, and it can be lifted.
    await tellLog(road, actor, scope, stop);
    await told;
    throw new Fault(
      'unavailable',
      'stop-not-kept',
      `stopped until the service ends, and it could not be written down: put a file named STOP into ${road.home} to be sure`,
      { cause: thrown },
    );
  }
  await tellLog(road, actor, scope, stop);
  await told;
  return stop;
}

/** An assistant stops what its own session covers, and nothing of others. */
async function requireMayTrip(
  road: Road,
  requester: Requester,
  subject: StopSubject,
): Promise<void> {
  if ('name' in subject && subject.name.length > NAME_CHARS) {
    throw new Fault(
      'invalid',
      'invalid-input',
      `the name is longer than ${NAME_CHARS} characters: give the right one`,
    );
  }
  const isLimited = requester.targets !== undefined;
  if (requester.kind === 'operator' && !isLimited) return;
  const own = await isOwn(road, requester, subject);
  if (!own) {
    refuse(
      'not-permitted',
      requester.kind === 'operator'
        ? 'your roles stop their own scopes and targets: ask somebody whose roles reach everything for more'
        : 'an assistant stops only its own session, targets in its scopes, or an action in its session: ask an operator for more',
    );
  }
}

async function isOwn(road: Road, requester: Requester, subject: StopSubject): Promise<boolean> {
  switch (subject.kind) {
    case 'session':
      return subject.name === requester.session;
    case 'target': {
      const target = (await road.inventory()).byId.get(subject.name);
      return target !== undefined && sees(sightOf(requester), target);
    }
    case 'action': {
      // Throws where there is none: a stop of nothing is only one more file.
      (await road.catalogue()).find(subject.name);
      // Everyone's action stops with it: only where the session sees the whole fleet.
      const { scopes } = await road.inventory();
      return scopes.every((scope) => requester.scopes.includes(scope));
    }
    case 'scope':
      return requester.kind === 'operator' && requester.scopes.includes(subject.name);
    case 'fleet':
    case 'rule':
      return false;
  }
}

/** Hosts that may run something of it. In parallel, bounded, and never in the way of the rest. */
async function tellHosts(road: Road, stop: StopView): Promise<void> {
  try {
    const targets = await targetsOf(road, stop.subject);
    await Promise.race([
      Promise.all(
        targets.map(async (target) => {
          try {
            const host = await road.adapterOf(target)?.host(target);
            await host?.stop(stop.id);
          } catch (thrown) {
            road.log.error('a host could not be told to stop', thrown, { target: target.id });
          }
        }),
      ),
      road.clock.sleep(HOST_WAIT_MS),
    ]);
  } catch (thrown) {
    road.log.error('hosts could not be told to stop', thrown, { stop: stop.id });
  }
}

/** A host stops whole; so only those are told that the subject is about, or that run something of it. */
async function targetsOf(road: Road, subject: StopSubject): Promise<readonly Target[]> {
  const inventory = await road.inventory().catch(() => undefined);
  if (inventory === undefined) {
    // Where something of it runs is known also while fleet.yaml is wrong.
    return [...road.running.values()]
      .filter(({ question }) => covers(subject, question))
      .flatMap(({ targets, carriers }) => [...targets, ...carriers]);
  }
  const { targets, byId } = inventory;
  const carriers = [...road.running.values()]
    .filter(({ question }) => covers(subject, question))
    .flatMap((running) => running.carriers);
  switch (subject.kind) {
    case 'fleet':
      return targets;
    case 'scope':
      return distinct([...targets.filter(({ scope }) => scope === subject.name), ...carriers]);
    case 'target':
      return distinct([...targets.filter(({ id }) => id === subject.name), ...carriers]);
    case 'action':
    case 'session':
    case 'rule': {
      const ids = [...road.running.values()]
        .filter(({ question }) => covers(subject, question))
        .flatMap(({ question }) => question.targets.map(({ id }) => id));
      return [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
    }
  }
}

/** Who carried something for a target is stopped as well, and after a start only its host knows that. */
async function whoWasTold(road: Road, stop: StopView): Promise<readonly Target[]> {
  const told = await targetsOf(road, stop.subject);
  const inventory = await road.inventory().catch(() => undefined);
  const here = inventory?.targets.find(({ transport }) => transport === 'local');
  if (here === undefined || told.some(({ id }) => id === here.id)) return told;
  try {
    const host = await road.adapterOf(here)?.host(here);
    return (await host?.status())?.stopped === stop.id ? [...told, here] : told;
  } catch {
    return told;
  }
}

function distinct(targets: readonly Target[]): readonly Target[] {
  return [...new Map(targets.map((each) => [each.id, each])).values()];
}

async function tellLog(road: Road, actor: Actor, scope: string, stop: StopView): Promise<void> {
  const { subject } = stop;
  try {
    await record(
      road.events,
      plainEvent('change.stopped', actor, scope, [], {
        stop: stop.id,
        kind: subject.kind,
        name: 'name' in subject ? said(subject.name, 200) : null,
        reason: stop.reason.slice(0, 500),
      }),
    );
  } catch (thrown) {
    // The stop holds all the same.
    road.log.error('a stop is not in the event log', thrown, { stop: stop.id });
  }
}

export function liftPage(
  road: Road,
  organisation: string,
  stopId: string,
): { readonly order: string; readonly namespace: 'holdfast-lift@1' } {
  requireStop(road, stopId);
  const issued = seconds(road.clock.now());
  return {
    order: liftDocument.format({
      organisation,
      stop: stopId,
      issued,
      runBy: issued + LIFT_SECONDS,
    }),
    namespace: NAMESPACES.lift,
  };
}

/** Signatures over one lift order come one by one until they are enough. */
export type Lifting = Map<string, readonly string[]>;

export async function lift(
  road: Road,
  lifting: Lifting,
  requester: Requester,
  stopId: string,
  order: string,
  signature: string,
): Promise<void> {
  requireOperator(requester);
  const stop = requireStop(road, stopId);
  const authority = await road.authority();
  const armored = [...(lifting.get(order) ?? []), signature];
  const signers = requireLift(road, authority, stopId, order, armored);
  if (signers === 'more-needed') {
    lifting.set(order, armored);
    return refuse(
      'not-pending',
      'the signature counts, and another operator has to sign the same order',
    );
  }
  await record(
    road.events,
    plainEvent('change.lifted', requester, scopeOf(requester), [], {
      stop: stopId,
      operators: [...new Set(signers)],
    }),
  );
  await road.stops.lifted(stopId);
  lifting.delete(order);
  if (stopId === SENTINEL) return;
  for (const target of await whoWasTold(road, stop)) {
    try {
      const host = await road.adapterOf(target)?.host(target);
      const accepted = await host?.lift(order, armored);
      if (accepted?.verdict === 'refused') {
        road.log.warn('a host stays stopped', {
          target: target.id,
          code: said(accepted.code, 100),
        });
      }
      // A host knows one stop; another that holds for it takes the place of the one that ended.
      const next = road.stops
        .list()
        .find(({ id, subject }) => id !== SENTINEL && covers(subject, onlyOn(target)));
      if (next !== undefined) await host?.stop(next.id);
    } catch (thrown) {
      road.log.error('a host could not be told that a stop is lifted', thrown, {
        target: target.id,
      });
    }
  }
}

const onlyOn = ({ id, scope }: Target): StopQuestion => ({
  targets: [{ id, scope }],
  actions: [],
  session: '',
  rule: null,
});

function requireLift(
  road: Road,
  authority: Awaited<ReturnType<Road['authority']>>,
  stopId: string,
  order: string,
  armored: readonly string[],
): readonly string[] | 'more-needed' {
  try {
    const document = liftDocument.parse(order);
    const now = seconds(road.clock.now());
    if (document.stop !== stopId || document.organisation !== authority.organisation) {
      return refuse('bad-signature', 'the order lifts another stop: ask for the one of this stop');
    }
    if (now > document.runBy || document.issued > now + authority.hostPolicy.skew) {
      return refuse('expired', 'the order had to be used earlier: ask for a new one');
    }
    return checkQuorum({
      text: order,
      armored,
      namespace: NAMESPACES.lift,
      rule: 'lift',
      quorum: 1,
      at: now,
      signers: authority.signers,
      revocations: authority.revocations,
      policy: authority.hostPolicy,
    }).map(({ operator }) => operator);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'quorum-not-met') return 'more-needed';
    if (thrown instanceof Fault && thrown.code === 'expired') throw thrown;
    return asRefusal(thrown);
  }
}

function requireStop(road: Road, stopId: string): StopView {
  const stop = road.stops.find(stopId);
  if (stop !== undefined) return stop;
  throw new Fault('missing', 'unknown-stop', `no such stop: ${said(stopId, 80)}. List them first`);
}
