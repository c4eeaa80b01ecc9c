/**
 * Which hosts are ours, and what is pinned of each. The truth is the signed records, one file each, held to what
 * the event log says was signed; a host that only stands in a file is not believed.
 */
import { digestWords, NAMESPACES } from '#authority';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import type { Clock, Files } from '#base/ports';
import { enrolmentRecord, type HostPins, mustFit, parsePins } from '#enrolment';
import type { Log } from '#evidence';
import type { AuthorityState } from '#execution';
import { type Inventory, requireSsh, resolveTarget } from '#inventory';
import type { Target } from '#model';
import type { EnrolmentPowers, PinsInput } from '#operations';
import { opensOf } from './bastions.ts';
import { EnrolmentRecords, type Known, SIGNED } from './enrolment-records.ts';
import {
  counted,
  hostsOf,
  LIFE_SECONDS,
  mayFollow,
  moved,
  SHOWN_SECONDS,
  type Signed,
  signersOf,
} from './enrolment-signing.ts';
import { Kept } from './kept.ts';
import type { TransportKeysKeeper } from './transport-keys.ts';
import { changeKeys } from './transport-rotation.ts';

export type EnrolmentNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  /** A directory of its own in the data directory. */
  readonly directory: string;
  readonly events: Pick<Log, 'append' | 'read'>;
  readonly authority: () => Promise<AuthorityState>;
  readonly inventory: () => Promise<Inventory>;
  /** `<type> <base64>`. */
  readonly controlPlaneKey: string;
  readonly transport: TransportKeysKeeper;
  /** What is kept open to them is of before; brings what is in force to hosts. Answers what could not be brought, in words. */
  readonly deliver: (targets: readonly string[]) => Promise<readonly string[]>;
  /** Enters one host with the keys that lie there; answers why it could not, in words. */
  readonly enter: (target: Target, keys: string) => Promise<string | null>;
};

const HOST = 'host.enrolment';
const MOST_PER_RECORD = 200;

export class EnrolmentKeeper implements EnrolmentPowers {
  readonly #needs: EnrolmentNeeds;
  readonly #records: EnrolmentRecords;
  readonly #known: Kept<Known>;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(needs: EnrolmentNeeds) {
    this.#needs = needs;
    this.#records = new EnrolmentRecords(needs.files, needs.directory, needs.events);
    this.#known = new Kept(
      () => this.#records.stamp(),
      () => this.#records.read(),
    );
  }

  /** Hosts that an operator signed for, by target; nobody while a restored backup waits for an operator to look. */
  async hosts(): Promise<Known> {
    const known = [...(await this.#known.get())].filter(([, pins]) => pins.capability !== 'none');
    if (known.length > 0 && (await this.#needs.authority()).restored !== null) return new Map();
    return new Map(known);
  }

  async host(target: string): Promise<HostPins | undefined> {
    return (await this.hosts()).get(target);
  }

  async start(targets: readonly string[]): Promise<Json> {
    const { inventory, authority, controlPlaneKey, transport } = this.#needs;
    const read = await inventory();
    const state = await this.#mayBeSigned(await authority());
    const known = await this.#known.get();
    const pending = await this.#records.pending();
    const [current, next] = [
      await transport.current(),
      (await transport.hasNext()) ? await transport.next() : null,
    ];
    const opens = opensOf(read.targets);
    return {
      organisation: state.organisation,
      controlPlane: controlPlaneKey,
      keys: { ...current },
      next: next === null ? null : { ...next },
      hosts: targets.map((word) => {
        const target = resolveTarget(read, word, read.scopes);
        if (target.transport !== 'ssh') {
          throw new Fault(
            'invalid',
            'not-over-ssh',
            `only targets with transport ssh are enrolled: ${target.id} has ${target.transport}. Mend it in fleet.yaml`,
          );
        }
        requireSsh(target);
        const before = known.get(target.id);
        return {
          target: target.id,
          address: target.address ?? '',
          via: target.via.map((each) => read.byId.get(each)?.address ?? each),
          state: pending.has(target.id)
            ? 'pending'
            : before === undefined || before.capability === 'none'
              ? 'new'
              : 'enrolled',
          epoch: (before?.epoch ?? 0) + 1,
          capability: before?.capability ?? null,
          version: before?.version ?? null,
          hostId: before?.hostId ?? null,
          opens: [...(opens.get(target.id) ?? [])],
        };
      }),
    };
  }

  async add(given: PinsInput, principal: string): Promise<Json> {
    const state = await this.#mayBeSigned(await this.#needs.authority());
    const pins = parsePins(given);
    const inventory = await this.#needs.inventory();
    if (!inventory.byId.has(pins.target)) {
      throw new Fault(
        'missing',
        'unknown-target',
        `target is not in the inventory: ${pins.target}. Add it first: holdfast target add`,
      );
    }
    if (pins.organisation !== state.organisation) {
      throw new Fault(
        'refused',
        'wrong-organisation',
        `the host says that it belongs to another organisation: ${pins.organisation}. Enrol it again`,
      );
    }
    mayFollow(await this.#known.get(), pins);
    await this.#records.keepPending(pins, principal);
    return { target: pins.target, state: 'pending', next: 'holdfast enroll --sign' };
  }

  async remove(target: string, principal: string): Promise<Json> {
    const known = (await this.#known.get()).get(target);
    if (known === undefined || known.capability === 'none') {
      // Never signed for: nothing to sign now.
      await this.#records.forgetPending(target);
      return { target, state: 'new', next: '' };
    }
    await this.#records.keepPending({ ...known, capability: 'none' }, principal);
    return { target, state: 'pending', next: 'holdfast enroll --sign' };
  }

  async list(): Promise<Json> {
    const pending = await this.#records.pending();
    const known = await this.#known.get();
    const isRestored = (await this.#needs.authority()).restored !== null;
    const row = (pins: HostPins, state: string): JsonObject => ({
      ...pins,
      hostKeys: [...pins.hostKeys],
      state,
    });
    return {
      hosts: [
        ...[...known.values()]
          .filter(({ capability }) => capability !== 'none')
          .map((pins) => row(pins, isRestored ? 'restored' : 'enrolled')),
        ...[...pending.values()].map((pins) => row(pins, 'pending')),
      ],
    };
  }

  async page(targets: readonly string[] | undefined): Promise<Json> {
    const { authority } = this.#needs;
    const state = await this.#mayBeSigned(await authority());
    const known = await this.#known.get();
    const pending = await this.#records.pending();
    const prepared = await this.#prepared(pending);
    const isBegun = prepared !== undefined && prepared.signatures.length > 0;
    const asked = [...pending.values()].filter(
      ({ target }) => targets === undefined || targets.includes(target),
    );
    // What somebody signed already is signed on, whatever else waits by now.
    const chosen = isBegun
      ? hostsOf(prepared.order, pending)
      : asked.toSorted((a, b) => (a.target < b.target ? -1 : 1)).slice(0, MOST_PER_RECORD);
    if (chosen.length === 0) {
      throw new Fault(
        'missing',
        'nothing-to-sign',
        'no host waits for a signature: enrol one first, with holdfast enroll <target>',
      );
    }
    for (const pins of chosen) mayFollow(known, pins);
    const order = isBegun ? prepared.order : await this.#prepare(prepared, state, chosen);
    const digest = sha256(order);
    const { quorum, assurance } = state.hostPolicy.rules.config;
    return {
      order,
      namespace: NAMESPACES.enrolment,
      digest,
      digestWords: digestWords(digest),
      hosts: chosen.map((pins) => ({ ...pins, hostKeys: [...pins.hostKeys] })),
      left: pending.size - chosen.length,
      quorum,
      needs: `${quorum} of at least ${assurance}`,
      signedBy: isBegun ? [...signersOf(prepared, state, this.#now()).keys()] : [],
    };
  }

  /** What was prepared, while the same hosts wait: for an hour, and for a day once somebody signed it. */
  async #prepared(pending: Known): Promise<Signed | undefined> {
    const prepared = await this.#records.prepared();
    if (prepared === undefined) return undefined;
    const life = prepared.signatures.length > 0 ? LIFE_SECONDS : SHOWN_SECONDS;
    try {
      const { issued } = mustFit(prepared.order, hostsOf(prepared.order, pending));
      const age = this.#now() - issued;
      return age >= 0 && age < life ? prepared : undefined;
    } catch {
      return undefined;
    }
  }

  /** The same text while the same hosts wait, so that who reads it and who signs it may be two calls. */
  async #prepare(
    before: Signed | undefined,
    { organisation }: AuthorityState,
    hosts: readonly HostPins[],
  ): Promise<string> {
    const issued = Number(/^issued ([0-9]{1,15})$/m.exec(before?.order ?? '')?.[1] ?? 0);
    if (before !== undefined && enrolmentRecord(organisation, issued, hosts) === before.order)
      return before.order;
    const order = enrolmentRecord(organisation, this.#now(), hosts);
    await this.#records.prepare({ order, signatures: [] });
    return order;
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1_000_000);
  }

  /** One after another: of two records over one host, the second has to follow the first. */
  apply(signed: Signed, principal: string): Promise<Json> {
    const applied = this.#applying.then(() => this.#apply(signed, principal));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  async #apply(signed: Signed, principal: string): Promise<Json> {
    const { order } = signed;
    const { authority, events, deliver } = this.#needs;
    const state = await this.#mayBeSigned(await authority());
    const known = await this.#records.read();
    const pending = await this.#records.pending();
    const hosts = hostsOf(order, pending);
    const document = mustFit(order, hosts);
    if (document.organisation !== state.organisation) {
      throw new Fault(
        'refused',
        'wrong-organisation',
        `the record is of another organisation: ${document.organisation}. Prepare it again`,
      );
    }
    if (Math.abs(this.#now() - document.issued) > LIFE_SECONDS)
      throw moved('the record was prepared more than a day ago');
    for (const pins of hosts) mayFollow(known, pins);
    const before = await this.#records.prepared();
    const kept =
      before?.order === order ? signersOf(before, state, this.#now()) : new Map<string, string>();
    const { signatures, signedBy, missing } = counted(signed, kept, state, this.#now());
    const digest = sha256(order);
    if (missing > 0) {
      await this.#records.prepare({ order, signatures });
      return {
        record: digest,
        number: null,
        signedBy: [...signedBy],
        missing,
        hosts: hosts.map(({ target, capability }) => ({ target, capability })),
        says: [
          `signed by ${signedBy.join(', ')}; ${missing} more must sign: holdfast enroll --sign, by another operator, within a day`,
        ],
      };
    }
    const record = { order, signatures, hosts };
    const number = await this.#records.begin(record);
    const because = `signed by ${signedBy.join(', ')}`;
    const event = {
      traceId: null,
      scope: 'all',
      principal,
      onBehalfOf: null,
      surface: 'cli',
      arguments: {},
      decision: { verdict: 'allow', because },
      outcome: 'done',
      fault: null,
      output: null,
      tainted: false,
    } as const;
    await events.append({
      ...event,
      kind: SIGNED,
      operation: SIGNED,
      requestId: digest.slice(0, 32),
      targets: [],
      more: { record: digest, number, hosts: hosts.length, signedBy: [...signedBy] },
    }).durable;
    await this.#records.finish(record, number);
    await this.#records.forgetPrepared();
    for (const pins of hosts) {
      const kind = pins.capability === 'none' ? 'host.unenrolled' : 'host.enrolled';
      await events.append({
        ...event,
        kind,
        operation: HOST,
        requestId: pins.hostId,
        targets: [pins.target],
        more: { record: digest, ...pins, hostKeys: [...pins.hostKeys] },
      }).durable;
      await this.#records.forgetPending(pins.target);
    }
    const touched = hosts.map(({ target }) => target);
    const trouble = await deliver(touched).catch((thrown: unknown) => [asFault(thrown).message]);
    return {
      record: digest,
      number,
      signedBy: [...signedBy],
      missing: 0,
      hosts: hosts.map(({ target, capability }) => ({ target, capability })),
      says: [because, ...trouble],
    };
  }

  keys(
    verb: 'stage' | 'try' | 'commit',
    targets: readonly string[],
    principal: string,
  ): Promise<Json> {
    return changeKeys(this.#needs, verb, targets, principal);
  }

  async #mayBeSigned(state: AuthorityState): Promise<AuthorityState> {
    if (state.signers.lines.length === 0) {
      throw new Fault(
        'conflict',
        'no-operator',
        'nobody may sign yet: begin with holdfast operator add <id>, at a terminal',
      );
    }
    if (!state.hasRecovery) {
      throw new Fault(
        'refused',
        'recovery-untested',
        'no host is enrolled before a second, offline key exists and has signed a test: holdfast operator recovery --recovery-key <path>',
      );
    }
    return state;
  }
}
