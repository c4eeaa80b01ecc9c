/**
 * Every host there is: this machine, and those that are reached over SSH. Each is brought what operators
 * signed; one that cannot be reached is brought it when it answers again, and before anything runs there.
 */
import type { Adapter, Enrolled, Host } from '#adapters';
import { asFault, Fault } from '#base/fault';
import type { Target } from '#model';
import type { AuthorityRecord } from './authority-record.ts';
import { deliverConfigs } from './config-delivery.ts';
import type { LocalHostKeeper } from './local-host.ts';

/** The hosts over SSH, as their signed enrolment says. */
export type RemoteHosts = {
  readonly adapter: Adapter;
  enrolled(target: Pick<Target, 'id'>): Promise<Enrolled | undefined>;
  /** Targets of the inventory that are enrolled. */
  targets(): Promise<readonly Target[]>;
};

type LocalHosts = Pick<LocalHostKeeper, 'adapter' | 'enrolled' | 'deliver'>;

const AT_ONCE = 8;

export class HostsKeeper {
  readonly #local: LocalHosts;
  readonly #remote: RemoteHosts;
  readonly #adapter: Adapter;
  #records: readonly AuthorityRecord[] = [];
  /** Configuration versions that hosts were seen to have, by target and epoch. */
  readonly #versions = new Map<string, number>();
  /** Under way, by target: two at once would each find the other's version in its way. */
  readonly #bringing = new Map<string, Promise<void>>();

  constructor(local: LocalHosts, remote: RemoteHosts) {
    this.#local = local;
    this.#remote = remote;
    this.#adapter = { name: remote.adapter.name, host: (target) => this.#upToDate(target) };
  }

  adapterOf(target: Target): Adapter | undefined {
    switch (target.transport) {
      case 'local':
        return this.#local.adapter;
      case 'ssh':
        return this.#adapter;
      case 'tofu':
      case 'talos':
      case 'winrm':
      case 'none':
        return undefined;
    }
  }

  async enrolled(target: Target): Promise<Enrolled | undefined> {
    switch (target.transport) {
      case 'local':
        return this.#local.enrolled(target);
      case 'ssh':
        return this.#remote.enrolled(target);
      case 'tofu':
      case 'talos':
      case 'winrm':
      case 'none':
        return undefined;
    }
  }

  /** Answers in words what could not be brought; what does not answer is told, and tried again later. */
  async deliver(records: readonly AuthorityRecord[]): Promise<readonly string[]> {
    this.#records = records;
    if (records.length === 0) return [];
    const said = [...(await this.#local.deliver(records))];
    const targets = await this.#remote.targets();
    let next = 0;
    const worker = async (): Promise<void> => {
      for (;;) {
        const target = targets[next++];
        if (target === undefined) return;
        try {
          await this.#bring(target);
        } catch (thrown) {
          const { code, message } = asFault(thrown);
          said.push(`${target.id} does not have what is in force yet: ${code}: ${message}`);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
    return said;
  }

  /**
   * What was in force when this process began. Nobody is waited for: hosts over ssh are brought what they lack when
   * they are used, or looked at.
   */
  begin(records: readonly AuthorityRecord[]): Promise<readonly string[]> {
    this.#records = records;
    return this.#local.deliver(records);
  }

  /** One host that answers is brought what it missed; nothing is asked of one that is known to have it. */
  async catchUp(target: Target): Promise<void> {
    if (target.transport === 'ssh') await this.#bring(target);
  }

  /** The same records once more: to hosts that were not there before. */
  again(): Promise<readonly string[]> {
    return this.deliver(this.#records);
  }

  /** A host that has not what is in force judges by what it has: first it is brought the rest. */
  async #upToDate(target: Target): Promise<Host> {
    try {
      await this.#bring(target);
    } catch {
      // What it then makes of an order is its own, and a stop has to reach it in any case.
    }
    return this.#remote.adapter.host(target);
  }

  async #bring(target: Target): Promise<void> {
    // What is under way may be of before: afterwards it is seen whether anything lacks.
    for (let other = this.#bringing.get(target.id); other !== undefined; ) {
      await other.catch(() => {});
      other = this.#bringing.get(target.id);
    }
    const begun = this.#bringNow(target).finally(() => this.#bringing.delete(target.id));
    this.#bringing.set(target.id, begun);
    await begun;
  }

  async #bringNow(target: Target): Promise<void> {
    const latest = this.#records.at(-1)?.config.version ?? 0;
    const enrolled = await this.#remote.enrolled(target);
    if (enrolled === undefined) return;
    const key = `${target.id} ${enrolled.hostId} ${enrolled.epoch}`;
    if ((this.#versions.get(key) ?? 0) >= latest) return;
    const answer = await deliverConfigs(await this.#remote.adapter.host(target), this.#records);
    this.#versions.set(key, answer.version);
    if (answer.verdict === 'refused') {
      throw new Fault(
        'refused',
        'host-refused',
        `the host did not take version ${answer.version + 1} of what is in force: ${target.id}: ${answer.code}. Enrol it again: holdfast enroll ${target.id} --again`,
        { facts: { code: answer.code } },
      );
    }
  }
}
