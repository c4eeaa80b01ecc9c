/**
 * A scripted month of a fleet: how often is a person asked to sign? What breaks is drawn from a seed with the rates
 * below; an assistant proposes, an operator looks when paged (ten minutes) and three times a working day, joins equal
 * requests, and consents in advance wherever that is offered. Every signature counts, also those of consent.
 *
 *   bin/holdfast-node bench/month.ts [hosts] [seed] [times the rates]
 */
import { NAMESPACES } from '#authority';
import type { InboxGroup, Proposal, StandingTerms } from '#execution';
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
/** The share of requests by a session that had read free text of a target: never run by consent in advance. */
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

  /** Offered for the targets it was asked for; given for the fleet, as a person may, in as many pieces as it takes. */
  async #consent(offer: StandingTerms): Promise<void> {
    const { road } = this.#world;
    const given = road
      .standings(OPERATOR)
      .some(({ action }) => action.startsWith(`${offer.action}@`));
    // Once a month it is given anew.
    const parts = given ? [offer.targets] : pieces(this.#fleet, 100);
    for (const targets of parts) {
      const page = await road.standingPage(OPERATOR, { ...offer, targets });
      const signature = aKey('alice').sign(NAMESPACES.standing, page.order);
      await road.addStanding(OPERATOR, { order: page.order, signatures: [signature] });
      this.signatures++;
      this.consents++;
    }
  }
}

function pieces<T>(all: readonly T[], most: number): readonly (readonly T[])[] {
  const parts = Math.ceil(all.length / most);
  return Array.from({ length: parts }, (_, i) => all.slice(i * most, (i + 1) * most));
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
  let looks: number[] = [];
  let asked = 0;
  let byConsent = 0;
  const queue = [...monthOf(targets, roll, times)];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { at, proposal, isUrgent } = next;
    for (const due of looks.filter((each) => each <= at)) {
      until(due);
      await operator.look();
    }
    looks = looks.filter((each) => each > at);
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
      if (view.decision.because !== 'over-budget') throw new Error(view.decision.says);
      // As the answer says: not before the hour is over.
      queue.push({ at: at + HOUR, proposal, isUrgent });
      queue.sort((a, b) => a.at - b.at);
      continue;
    }
    asked++;
    if (view.state === 'previewed') {
      const look = lookAfter(at, isUrgent);
      if (!looks.includes(look)) looks = [...looks, look].toSorted((a, b) => a - b);
    } else byConsent++;
  }
  for (const due of looks) {
    until(due);
    await operator.look();
  }
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
