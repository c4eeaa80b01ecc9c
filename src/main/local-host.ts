/**
 * This machine as a host: enrolled with the first operator, and brought every configuration since.
 *
 * Who it is, and the key that its receipts are checked with, stand in the event log. The file beside the
 * operators' records says it again for quick reading: another word in it is not believed.
 */
import { join } from 'node:path';
import { type Adapter, type Enrolled, enrolLocal, localAdapter } from '#adapters';
import { publicKeyLine } from '#authority';
import { asFault, Fault } from '#base/fault';
import { canonicalJson, type Json, type JsonObject, parseJson } from '#base/json';
import type { Files, Random } from '#base/ports';
import type { ControlPlaneKey, Log } from '#evidence';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { Target } from '#model';
import type { AuthorityRecord } from './authority-record.ts';
import { deliverConfigs } from './config-delivery.ts';
import type { Paths } from './data-directory.ts';
import { stampOf } from './file-stamp.ts';
import { Kept } from './kept.ts';
import { ROOT } from './program-version.ts';
import { lastRestore } from './restored.ts';

const SCRIPT = join(ROOT, 'host', 'holdfast-host');

export class LocalHostKeeper {
  readonly #files: Files;
  readonly #random: Random;
  readonly #paths: Paths;
  readonly #controlPlane: ControlPlaneKey;
  readonly #events: KeptEvents;
  readonly #pinned: Kept<Enrolled | undefined>;
  readonly adapter: Adapter;

  constructor(
    files: Files,
    random: Random,
    paths: Paths,
    controlPlane: ControlPlaneKey,
    events: KeptEvents,
  ) {
    this.#events = events;
    this.#pinned = new Kept(
      () => stampOf(this.#pin),
      () => this.#readPin(),
    );
    this.#files = files;
    this.#random = random;
    this.#paths = paths;
    this.#controlPlane = controlPlane;
    this.adapter = localAdapter({
      programs: nodePrograms(),
      machineFiles: nodeMachineFiles(),
      script: SCRIPT,
      directory: paths.host,
      uid: process.getuid?.() ?? -1,
    });
  }

  /** What was pinned when this machine was enrolled; not what its directory says now. */
  async enrolled(target: Pick<Target, 'transport'>): Promise<Enrolled | undefined> {
    return target.transport === 'local' ? this.#pinned.get() : undefined;
  }

  async #readPin(): Promise<Enrolled | undefined> {
    const bytes = await this.#files.read(this.#pin);
    const { now: told } = await this.#told();
    if (told === undefined && (bytes === undefined || this.#events.isRestored)) return undefined;
    const pinned =
      bytes === undefined
        ? told
        : (parseJson(Buffer.from(bytes).toString('utf8'), 'the enrolment of this machine') as Json);
    if (told === undefined || canonicalJson(pinned ?? null) !== canonicalJson(told)) {
      throw new Fault(
        'broken',
        'enrolment-broken',
        `the enrolment of this machine is not what the event log says: ${this.#pin}. Put back the file of a backup; until then nothing above T0 runs here`,
      );
    }
    if (bytes === undefined) await this.#keepPin(told as unknown as Enrolled);
    return told as unknown as Enrolled;
  }

  /** What the log says of the enrolment now, and which epoch the last one had. */
  async #told(): Promise<{ readonly now: JsonObject | undefined; readonly epoch: number }> {
    const [event] = await this.#events.read({ operation: ENROLLED }, 1);
    const restored = await lastRestore(this.#events);
    const epoch = Number(event?.more?.['epoch'] ?? 0);
    // The host before a restore may have spent nonces that nobody here knows of: it is none any more.
    const isVoid = restored !== undefined && restored.seq > (event?.seq ?? -1);
    return { now: isVoid ? undefined : event?.more, epoch };
  }

  #keepPin(enrolled: Enrolled): Promise<void> {
    const text = `${JSON.stringify(enrolled)}\n`;
    return this.#files.replace(this.#pin, Buffer.from(text), 0o600);
  }

  /** Of the configuration in force there; `undefined` where it is not enrolled or does not answer. */
  async version(): Promise<number | undefined> {
    if ((await this.#files.read(this.#pin)) === undefined) return undefined;
    try {
      return (await (await this.adapter.host(LOCAL)).status()).configVersion;
    } catch {
      // What does not answer runs nothing either.
      return undefined;
    }
  }

  /** Enrols where that was not done, and brings the configurations the host does not have yet, in order. */
  async deliver(records: readonly AuthorityRecord[]): Promise<readonly string[]> {
    const latest = records.at(-1);
    if (latest === undefined) return [];
    // A host is made anew once a person has looked at what was restored.
    if ((await this.#files.info(this.#paths.restored)) !== undefined) return [];
    try {
      await this.#enrol(latest.config.organisation);
      const host = await this.adapter.host(LOCAL);
      const answer = await deliverConfigs(host, records);
      if (answer.verdict === 'refused')
        return [
          `this machine did not take version ${answer.version + 1}: ${answer.code}: ${answer.detail}`,
        ];
      return [];
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      return [`this machine was not reached as a host: ${code}: ${message}`];
    }
  }

  async #enrol(organisation: string): Promise<void> {
    if ((await this.#pinned.get()) !== undefined) return;
    const enrolled = await enrolLocal({
      programs: nodePrograms(),
      files: this.#files,
      random: this.#random,
      directory: this.#paths.host,
      organisation,
      controlPlaneKey: publicKeyLine(this.#controlPlane.publicKey),
      epoch: (await this.#told()).epoch + 1,
    });
    await this.#events.append({
      kind: ENROLLED,
      operation: ENROLLED,
      requestId: enrolled.hostId,
      traceId: null,
      scope: 'all',
      principal: 'service:holdfast',
      onBehalfOf: null,
      surface: 'service',
      arguments: {},
      decision: { verdict: 'allow', because: 'an operator signed what is in force here' },
      outcome: 'done',
      fault: null,
      targets: [],
      output: null,
      tainted: false,
      more: { ...enrolled },
    }).durable;
    await this.#keepPin(enrolled);
  }

  get #pin(): string {
    return join(this.#paths.authority, 'this-machine.json');
  }
}

type KeptEvents = Pick<Log, 'append' | 'read' | 'isRestored'>;

const ENROLLED = 'host.enrolled';
const LOCAL = { transport: 'local' } as Target;
