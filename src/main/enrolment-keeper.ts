/**
 * Which hosts are ours, and what is pinned of each. The truth is the signed records, one file each, held to what
 * the event log says was signed; a host that only stands in a file is not believed.
 */
import { join } from 'node:path';
import { checkQuorum, digestWords, NAMESPACES } from '#authority';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import { type Json, type JsonObject, parseJson } from '#base/json';
import type { Clock, Files } from '#base/ports';
import { enrolmentRecord, type HostPins, mustFit, parsePins } from '#enrolment';
import type { Log } from '#evidence';
import type { AuthorityState } from '#execution';
import { type Inventory, resolveTarget } from '#inventory';
import type { Target } from '#model';
import type { EnrolmentPowers, PinsInput } from '#operations';
import { stampOfFolder } from './file-stamp.ts';
import { Kept } from './kept.ts';
import type { TransportKeysKeeper } from './transport-keys.ts';

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
  /** Brings what is in force to hosts that were enrolled just now; answers what could not be brought, in words. */
  readonly deliver: (targets: readonly string[]) => Promise<readonly string[]>;
  /** Enters one host with the keys that lie there; answers why it could not, in words. */
  readonly enter: (target: Target, keys: string) => Promise<string | null>;
};

type Record = {
  readonly order: string;
  readonly signatures: readonly string[];
  readonly hosts: readonly HostPins[];
};
/** With `none`: was a host, and is none any more. */
type Known = ReadonlyMap<string, HostPins>;

const SIGNED = 'enrolment.signed';
const HOST = 'host.enrolment';
const MOST_PER_RECORD = 200;

export class EnrolmentKeeper implements EnrolmentPowers {
  readonly #needs: EnrolmentNeeds;
  readonly #known: Kept<Known>;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(needs: EnrolmentNeeds) {
    this.#needs = needs;
    this.#known = new Kept(
      () => stampOfFolder(this.#folder('records')),
      () => this.#read(),
    );
  }

  /** Hosts that an operator signed for, by target. Nobody else is one. */
  async hosts(): Promise<ReadonlyMap<string, HostPins>> {
    return new Map(
      [...(await this.#known.get())].filter(([, { capability }]) => capability !== 'none'),
    );
  }

  async host(target: string): Promise<HostPins | undefined> {
    return (await this.hosts()).get(target);
  }

  async start(targets: readonly string[]): Promise<Json> {
    const { inventory, authority, controlPlaneKey, transport } = this.#needs;
    const read = await inventory();
    const state = await this.#mayBeSigned(await authority());
    const known = await this.#known.get();
    const pending = await this.#pending();
    const [current, next] = [
      await transport.current(),
      (await transport.hasNext()) ? await transport.next() : null,
    ];
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
    await this.#keepPending(pins, principal);
    return { target: pins.target, state: 'pending', next: 'holdfast enroll --sign' };
  }

  async remove(target: string, principal: string): Promise<Json> {
    const known = (await this.#known.get()).get(target);
    if (known === undefined || known.capability === 'none') {
      // Never signed for: nothing to sign now.
      await this.#needs.files.remove(this.#pendingFile(target));
      return { target, state: 'new', next: '' };
    }
    await this.#keepPending({ ...known, capability: 'none' }, principal);
    return { target, state: 'pending', next: 'holdfast enroll --sign' };
  }

  async list(): Promise<Json> {
    const pending = await this.#pending();
    const known = await this.#known.get();
    const row = (pins: HostPins, state: string): JsonObject => ({
      ...pins,
      hostKeys: [...pins.hostKeys],
      state,
    });
    return {
      hosts: [
        ...[...known.values()]
          .filter(({ capability }) => capability !== 'none')
          .map((pins) => row(pins, 'enrolled')),
        ...[...pending.values()].map((pins) => row(pins, 'pending')),
      ],
    };
  }

  async page(targets: readonly string[] | undefined): Promise<Json> {
    const { authority } = this.#needs;
    const state = await this.#mayBeSigned(await authority());
    const known = await this.#known.get();
    const pending = [...(await this.#pending()).values()];
    const chosen = (
      targets === undefined ? pending : pending.filter(({ target }) => targets.includes(target))
    )
      .toSorted((a, b) => (a.target < b.target ? -1 : 1))
      .slice(0, MOST_PER_RECORD);
    if (chosen.length === 0) {
      throw new Fault(
        'missing',
        'nothing-to-sign',
        'no host waits for a signature: enrol one first, with holdfast enroll <target>',
      );
    }
    for (const pins of chosen) mayFollow(known, pins);
    const order = await this.#prepared(state.organisation, chosen);
    const digest = sha256(order);
    const { quorum, assurance } = state.hostPolicy.rules.config;
    return {
      order,
      namespace: NAMESPACES.enrolment,
      digest,
      digestWords: digestWords(digest),
      hosts: chosen.map((pins) => ({ ...pins, hostKeys: [...pins.hostKeys] })),
      left: pending.length - chosen.length,
      quorum,
      needs: `${quorum} of at least ${assurance}`,
    };
  }

  /** The same text while the same hosts wait, so that who reads it and who signs it may be two calls. */
  async #prepared(organisation: string, hosts: readonly HostPins[]): Promise<string> {
    const { files, clock, directory } = this.#needs;
    const path = join(directory, 'prepared');
    const now = Math.floor(clock.now() / 1_000_000);
    const before = Buffer.from((await files.read(path)) ?? []).toString('latin1');
    const issued = Number(/^issued ([0-9]{1,15})$/m.exec(before)?.[1] ?? 0);
    if (
      now - issued >= 0 &&
      now - issued < 3_600 &&
      enrolmentRecord(organisation, issued, hosts) === before
    )
      return before;
    const order = enrolmentRecord(organisation, now, hosts);
    await files.makeDirectory(directory);
    await files.replace(path, Buffer.from(order), 0o600);
    return order;
  }

  /** One after another: of two records over one host, the second has to follow the first. */
  apply(signed: Pick<Record, 'order' | 'signatures'>, principal: string): Promise<Json> {
    const applied = this.#applying.then(() => this.#apply(signed, principal));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  async #apply(
    { order, signatures }: Pick<Record, 'order' | 'signatures'>,
    principal: string,
  ): Promise<Json> {
    const { files, clock, authority, events, deliver } = this.#needs;
    const state = await this.#mayBeSigned(await authority());
    const known = await this.#read();
    const pending = await this.#pending();
    const hosts = hostsOf(order, pending);
    const document = mustFit(order, hosts);
    if (document.organisation !== state.organisation) {
      throw new Fault(
        'refused',
        'wrong-organisation',
        `the record is of another organisation: ${document.organisation}. Prepare it again`,
      );
    }
    const now = Math.floor(clock.now() / 1_000_000);
    if (Math.abs(now - document.issued) > LIFE_SECONDS)
      throw moved('the record was prepared more than a day ago');
    for (const pins of hosts) mayFollow(known, pins);
    const by = checkQuorum({
      text: order,
      namespace: NAMESPACES.enrolment,
      armored: signatures,
      signers: state.signers,
      revocations: state.revocations,
      policy: state.hostPolicy,
      rule: 'config',
      quorum: 1,
      at: now,
    });
    const signedBy = [...new Set(by.map(({ operator }) => operator))];
    const digest = sha256(order);
    const number = (await this.#records()).length + 1;
    const record: Record = { order, signatures, hosts };
    await files.makeDirectory(this.#folder('records'));
    await files.replace(this.#staged, bytesOf(record), 0o600);
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
      more: { record: digest, number, hosts: hosts.length, signedBy },
    }).durable;
    await files.replace(this.#recordFile(number), bytesOf(record), 0o600);
    await files.remove(this.#staged);
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
      await files.remove(this.#pendingFile(pins.target));
    }
    const enrolled = hosts
      .filter(({ capability }) => capability !== 'none')
      .map(({ target }) => target);
    const trouble = await deliver(enrolled).catch((thrown: unknown) => [asFault(thrown).message]);
    return {
      record: digest,
      number,
      signedBy,
      hosts: hosts.map(({ target, capability }) => ({ target, capability })),
      says: [because, ...trouble],
    };
  }

  async keys(
    verb: 'stage' | 'try' | 'commit',
    targets: readonly string[],
    principal: string,
  ): Promise<Json> {
    const { transport, inventory, enter, events } = this.#needs;
    switch (verb) {
      case 'stage': {
        const [current, next] = [await transport.current(), await transport.next()];
        return { keys: { ...current }, next: { ...next } };
      }
      case 'try': {
        const read = await inventory();
        const tried: { target: string; why: string | null }[] = [];
        for (const target of targets) {
          tried.push({
            target,
            why: await enter(resolveTarget(read, target, read.scopes), transport.nextDirectory),
          });
        }
        return { tried };
      }
      case 'commit': {
        await transport.commit();
        const keys = await transport.current();
        await events.append({
          kind: 'transport.keys',
          operation: 'transport.keys',
          requestId: sha256(keys.runner).slice(0, 32),
          traceId: null,
          scope: 'all',
          principal,
          onBehalfOf: null,
          surface: 'cli',
          arguments: {},
          decision: { verdict: 'allow', because: 'an operator put them on the hosts' },
          outcome: 'done',
          fault: null,
          targets: [],
          output: null,
          tainted: false,
          more: { ...keys },
        }).durable;
        return { keys: { ...keys } };
      }
    }
  }

  // Files.

  #folder(name: 'records' | 'pending'): string {
    return join(this.#needs.directory, name);
  }
  get #staged(): string {
    return join(this.#needs.directory, 'signed.staged');
  }
  #recordFile(number: number): string {
    return join(this.#folder('records'), `${String(number).padStart(6, '0')}.json`);
  }
  #pendingFile(target: string): string {
    return join(this.#folder('pending'), `${sha256(target).slice(0, 32)}.json`);
  }

  async #keepPending(pins: HostPins, by: string): Promise<void> {
    await this.#needs.files.makeDirectory(this.#folder('pending'));
    await this.#needs.files.replace(
      this.#pendingFile(pins.target),
      Buffer.from(`${JSON.stringify({ ...pins, by })}\n`),
      0o600,
    );
  }

  async #pending(): Promise<ReadonlyMap<string, HostPins>> {
    const { files } = this.#needs;
    const pins: HostPins[] = [];
    for (const name of (await files.list(this.#folder('pending'))) ?? []) {
      if (/^[0-9a-f]{32}\.json$/.test(name))
        pins.push(parsePins(await this.#json(join(this.#folder('pending'), name))));
    }
    return new Map(pins.map((each) => [each.target, each]));
  }

  async #json(path: string): Promise<JsonObject> {
    const bytes = await this.#needs.files.read(path);
    return parseJson(Buffer.from(bytes ?? []).toString('utf8'), 'an enrolment') as JsonObject;
  }

  async #records(): Promise<readonly Record[]> {
    const { files } = this.#needs;
    const names = ((await files.list(this.#folder('records'))) ?? [])
      .filter((name) => /^\d{6}\.json$/.test(name))
      .toSorted();
    const records: Record[] = [];
    for (const name of names)
      records.push(recordOf(await this.#json(join(this.#folder('records'), name))));
    return records;
  }

  async #read(): Promise<Known> {
    const told = await this.#told();
    const records = [...(await this.#records())];
    const last = told.at(-1);
    if (last !== undefined && last.number === records.length + 1) {
      // Signed and told to the log right before a death.
      const staged = await this.#stagedRecord(last.record);
      if (staged !== undefined) {
        await this.#needs.files.replace(this.#recordFile(last.number), bytesOf(staged), 0o600);
        await this.#needs.files.remove(this.#staged);
        records.push(staged);
      }
    }
    const fits =
      records.length === told.length &&
      records.every(({ order }, i) => told[i]?.record === sha256(order));
    if (!fits) {
      throw new Fault(
        'broken',
        'enrolment-broken',
        `the enrolment records are not those that the event log says were signed: ${this.#folder('records')}. Put back the files of a backup; until then no host is used`,
      );
    }
    const known = new Map<string, HostPins>();
    for (const { order, hosts } of records) {
      mustFit(order, hosts);
      for (const pins of hosts) known.set(pins.target, pins);
    }
    return known;
  }

  async #stagedRecord(digest: string): Promise<Record | undefined> {
    if ((await this.#needs.files.info(this.#staged)) === undefined) return undefined;
    const record = recordOf(await this.#json(this.#staged));
    return sha256(record.order) === digest ? record : undefined;
  }

  /** In the order they were signed. */
  async #told(): Promise<readonly { readonly number: number; readonly record: string }[]> {
    const told: { number: number; record: string }[] = [];
    let before: number | undefined;
    for (;;) {
      const found = await this.#needs.events.read({ operation: SIGNED }, 500, before);
      for (const { more } of found) {
        const { number, record } = more ?? {};
        told.push({ number: Number(number), record: typeof record === 'string' ? record : '' });
      }
      before = found.at(-1)?.seq;
      if (found.length < 500) return told.toReversed();
    }
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

const LIFE_SECONDS = 86_400;

/** The pending pins behind each host of a record. */
function hostsOf(order: string, pending: ReadonlyMap<string, HostPins>): readonly HostPins[] {
  const names = order
    .split('\n')
    .flatMap((line) => (line.startsWith('host ') ? [line.slice(5)] : []));
  return names.map((name) => {
    const target = name.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    const pins = pending.get(Buffer.from(target, 'latin1').toString('utf8'));
    if (pins === undefined) throw moved('a host in the record does not wait for a signature');
    return pins;
  });
}

/** Throws where this is not what may come after what is known of the target and of the host. */
function mayFollow(known: Known, pins: HostPins): void {
  const before = known.get(pins.target);
  const other = [...known.values()].find(
    ({ hostId, target, capability }) =>
      hostId === pins.hostId && target !== pins.target && capability !== 'none',
  );
  if (other !== undefined) {
    throw new Fault(
      'conflict',
      'enrolled-elsewhere',
      `this host is enrolled under another name: ${other.target}. Unenrol that one first`,
    );
  }
  if (before === undefined) return;
  const isNext =
    pins.capability === 'none'
      ? pins.epoch === before.epoch && pins.hostId === before.hostId
      : pins.epoch > before.epoch;
  if (!isNext) {
    throw new Fault(
      'conflict',
      'older-epoch',
      `the epoch of the host is not greater than the last one: ${pins.target}, ${pins.epoch} after ${before.epoch}. Enrol it with --again`,
    );
  }
}

function recordOf(value: JsonObject): Record {
  const { order, signatures, hosts } = value;
  if (typeof order !== 'string' || !Array.isArray(signatures) || !Array.isArray(hosts))
    throw moved('a record is not whole');
  return { order, signatures: signatures.map(String), hosts: hosts.map(parsePins) };
}

function bytesOf(record: Record): Uint8Array {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

function moved(why: string): Fault {
  return new Fault(
    'conflict',
    'enrolment-moved',
    `${why}: prepare it again with holdfast enroll --sign`,
  );
}
