/**
 * A scripted month of a fleet: how often is a person asked to sign? What breaks is drawn from a seed with the rates
 * below; an assistant proposes, an operator looks when paged (ten minutes) and three times a working day, joins equal
 * requests, and consents in advance wherever that is offered. Every signature counts, also those of consent.
 *
 *   bin/holdfast-node bench/month.ts [hosts] [seed] [times the rates]
 */
import { NAMESPACES } from '#authority';
import { Fault } from '#base/fault';
import type { InboxGroup, Proposal, StandingPage, StandingTerms } from '#execution';
import { aKey } from '#samples/authority';
import { ASSISTANT, aProposal, OPERATOR, type World } from '#test/change-world';
import { atRest, aWideWorld } from '#test/rollout-world';

const HOUR = 3_600;
const DAYS = 30;
const WEEKS = DAYS / 7;

/** Times a host and month, and what an assistant asks for then. */
const RATES = [
  { rate: 0.15, action: 'service.restart', unit: true, isUrgent: true },
  { rate: 0.3, action: 'logs.rotate', unit: false, isUrgent: false },
  { rate: 0.1, action: 'cache.clear', unit: false, isUrgent: false },
  { rate: 0.05, action: 'service.start', unit: true, isUrgent: true },
] as const;
/** The share of requests by a session that had read free text of a target: consent in advance is for them only where it says so. */
const TAINTED = 0.25;
/** Once a month the same thing breaks on a tenth of the fleet within an hour. */
const BURST = 0.1;
/** Once a week the whole fleet, batch by batch. */
const WEEKLY = 7 * 24 * HOUR;

type Asked = { readonly at: number; readonly proposal: Proposal; readonly isUrgent: boolean };
export type Month = {
  readonly hosts: number;
  readonly asked: number;
  readonly byConsent: number;
  readonly signatures: number;
  readonly consents: number;
  /** Nobody looked within a day, as over a weekend; it is asked again when it matters. */
  readonly expired: number;
  readonly perWeek: number;
  /** What it would be if each request were signed by itself, and nothing in advance. */
  readonly withoutAny: number;
};

/** Mulberry32: the same seed, the same month. */
function dice(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function monthOf(targets: readonly string[], roll: () => number, times: number): readonly Asked[] {
  const asked: Asked[] = [];
  const add = (at: number, proposal: Partial<Proposal>, isUrgent: boolean): void => {
    asked.push({ at, proposal: aProposal(proposal), isUrgent });
  };
  for (const target of targets) {
    for (const { rate, action, unit, isUrgent } of RATES) {
      // A Poisson process, hour by hour.
      for (let hour = 0; hour < DAYS * 24; hour++) {
        if (roll() >= (times * rate) / (DAYS * 24)) continue;
        add(
          Math.floor((hour + roll()) * HOUR),
          { action, targets: [target], arguments: words(action, unit) },
          isUrgent,
        );
      }
    }
  }
  const burst = 10 * 24 * HOUR;
  for (const target of targets.slice(0, Math.max(1, Math.floor(targets.length * BURST))))
    add(burst + Math.floor(roll() * HOUR), { targets: [target] }, true);
  for (let at = WEEKLY; at <= DAYS * 24 * HOUR; at += WEEKLY) {
    const rollout = { batch: 10, waitSeconds: 0, maxFailures: 0, order: 'by-criticality' } as const;
    add(at, { action: 'logs.rotate', targets, arguments: {}, rollout }, false);
  }
  return asked.toSorted((a, b) => a.at - b.at);
}

function words(action: string, unit: boolean): Proposal['arguments'] {
  if (action === 'cache.clear') return { cache: 'apt' };
  return unit ? { unit: 'nginx.service' } : {};
}

/** `pagedFor`: the change that somebody comes for; `null`: one of the hours when they look at what there is. */
type Look = { readonly at: number; readonly pagedFor: string | null };

/** When somebody looks after `at`: ten minutes after a page, else at 9, 13 and 17 of a working day. */
function lookAfter(at: number, isUrgent: boolean): number {
  if (isUrgent) return at + 600;
  for (let hour = Math.ceil(at / HOUR); ; hour++) {
    const day = Math.floor(hour / 24) % 7;
    if (day < 5 && [9, 13, 17].includes(hour % 24)) return hour * HOUR;
  }
}

class Operator {
  signatures = 0;
  consents = 0;
  readonly #world: World;
  readonly #fleet: readonly string[];

  constructor(world: World, fleet: readonly string[]) {
    this.#world = world;
    this.#fleet = fleet;
  }

  /** Everything that waits, once. */
  async look(): Promise<void> {
    const { road } = this.#world;
    for (const group of road.inbox(OPERATOR)) {
      if (group.offer !== null) await this.#consent(group.offer);
      for (const id of await this.#joined(group)) {
        this.signatures++;
        await this.#world.approve(id);
        await atRest(this.#world, id);
      }
    }
  }

  /** As many at once as one change of the action takes. */
  async #joined(group: InboxGroup): Promise<readonly string[]> {
    const ids = group.changes.map(({ changeId }) => changeId);
    if (group.alone || ids.length < 2) return ids;
    const whole: string[] = [];
    for (let i = 0; i < ids.length; i += 10) {
      const some = ids.slice(i, i + 10);
      const one = some.length < 2 ? undefined : await this.#regroup(some);
      whole.push(...(one === undefined ? some : [one]));
    }
    return whole;
  }

  async #regroup(ids: readonly string[]): Promise<string | undefined> {
    try {
      return (await this.#world.road.regroup(OPERATOR, ids)).changeId;
    } catch {
      return undefined;
    }
  }

  /** Offered for the targets it was asked for; given for the fleet, as a person may, in as few orders as hold it. */
  async #consent(offer: StandingTerms): Promise<void> {
    const { road } = this.#world;
    const given = road
      .standings(OPERATOR)
      .some(
        ({ action, evenTainted }) =>
          action.startsWith(`${offer.action}@`) && evenTainted === offer.evenTainted,
      );
    // Once a month it is given anew.
    for (const page of await this.#pages(offer, given ? offer.targets : this.#fleet)) {
      const signature = aKey('alice').sign(NAMESPACES.standing, page.order);
      await road.addStanding(OPERATOR, { order: page.order, signatures: [signature] });
      this.signatures++;
      this.consents++;
    }
  }

  async #pages(offer: StandingTerms, targets: readonly string[]): Promise<readonly StandingPage[]> {
    for (let count = 1; ; count++) {
      const most = Math.ceil(targets.length / count);
      const parts = Array.from({ length: count }, (_, i) =>
        targets.slice(i * most, (i + 1) * most),
      );
      try {
        return await Promise.all(
          parts.map((some) => this.#world.road.standingPage(OPERATOR, { ...offer, targets: some })),
        );
      } catch (thrown) {
        // More steps than one order lists.
        if (!(thrown instanceof Fault) || thrown.code !== 'invalid-arguments' || most === 1)
          throw thrown;
      }
    }
  }
}

export async function month(hosts: number, seed: number, times = 1): Promise<Month> {
  const targets = Array.from({ length: hosts }, (_, i) => `host:n${i}`);
  const roll = dice(seed);
  const world = await aWideWorld({
    hosts: targets,
    settings: { mode: 'open' },
    look: ([program]) =>
      program === 'find' ? '' : program === 'journalctl' ? 'State: ONLINE' : undefined,
  });
  const operator = new Operator(world, targets);
  const begun = world.clock.now();
  const until = (at: number): void =>
    world.pass(Math.max(0, at - (world.clock.now() - begun) / 1_000_000));
  let looks: Look[] = [];
  /** A page whose change somebody decided on meanwhile brings nobody. */
  const lookThen = async ({ at, pagedFor }: Look): Promise<void> => {
    if (pagedFor !== null && world.store.changes.change(pagedFor)?.state !== 'previewed') return;
    until(at);
    await operator.look();
  };
  let asked = 0;
  let byConsent = 0;
  const queue = [...monthOf(targets, roll, times)];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { at, proposal, isUrgent } = next;
    for (const due of looks.filter((each) => each.at <= at)) await lookThen(due);
    looks = looks.filter((each) => each.at > at);
    until(at);
    await world.road.tick();
    if (proposal.targets.length === 1) {
      const name = (proposal.targets[0] ?? '').slice('host:'.length);
      world.set(name, 'nginx.service', proposal.action === 'service.start' ? 'inactive' : 'failed');
    }
    const session = `ses_${Math.floor(at / (24 * HOUR))}_${roll() < TAINTED ? 'read' : 'facts'}`;
    const tainted = session.endsWith('read');
    const view = await world.road.propose({ ...ASSISTANT, session, tainted }, proposal);
    if (view.state === 'refused') {
      if (!['over-budget', 'cooldown'].includes(view.decision.because))
        throw new Error(view.decision.says);
      // As the answer says: not before the hour is over.
      queue.push({ at: at + HOUR, proposal, isUrgent });
      queue.sort((a, b) => a.at - b.at);
      continue;
    }
    asked++;
    if (view.state === 'previewed') {
      const look = { at: lookAfter(at, isUrgent), pagedFor: isUrgent ? view.changeId : null };
      looks = [...looks, look].toSorted((a, b) => a.at - b.at);
    } else {
      byConsent++;
      await atRest(world, view.changeId);
    }
  }
  for (const due of looks) await lookThen(due);
  const { signatures, consents } = operator;
  const perWeek = Number((signatures / WEEKS).toFixed(1));
  const withoutAny = Number((asked / WEEKS).toFixed(1));
  const expired = world.store.changes.inStates(['expired']).length;
  return { hosts, asked, byConsent, signatures, consents, expired, perWeek, withoutAny };
}

if (import.meta.main) {
  const [hosts = '5', seed = '1', times = '1'] = process.argv.slice(2);
  process.stdout.write(
    `${JSON.stringify(await month(Number(hosts), Number(seed), Number(times)))}\n`,
  );
}
