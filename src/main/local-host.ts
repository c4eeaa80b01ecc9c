/** This machine as a host: enrolled with the first operator, and brought every configuration since. */
import { join } from 'node:path';
import { type Adapter, type Enrolled, enrolLocal, localAdapter } from '#adapters';
import { publicKeyLine } from '#authority';
import { asFault } from '#base/fault';
import { parseJson } from '#base/json';
import type { Files, Random } from '#base/ports';
import type { ControlPlaneKey } from '#evidence';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { Target } from '#model';
import type { AuthorityRecord } from './authority-record.ts';
import type { Paths } from './data-directory.ts';
import { ROOT } from './program-version.ts';

const SCRIPT = join(ROOT, 'host', 'holdfast-host');

export class LocalHostKeeper {
  readonly #files: Files;
  readonly #random: Random;
  readonly #paths: Paths;
  readonly #controlPlane: ControlPlaneKey;
  readonly adapter: Adapter;

  constructor(files: Files, random: Random, paths: Paths, controlPlane: ControlPlaneKey) {
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
    if (target.transport !== 'local') return undefined;
    const bytes = await this.#files.read(this.#pin);
    return bytes === undefined
      ? undefined
      : (parseJson(
          Buffer.from(bytes).toString('utf8'),
          'the enrolment of this machine',
        ) as unknown as Enrolled);
  }

  /** Enrols where that was not done, and brings the configurations the host does not have yet, in order. */
  async deliver(records: readonly AuthorityRecord[]): Promise<readonly string[]> {
    const latest = records.at(-1);
    if (latest === undefined) return [];
    try {
      await this.#enrol(latest.config.organisation);
      const host = await this.adapter.host(LOCAL);
      const { configVersion } = await host.status();
      for (const { config, texts } of records) {
        if (config.version <= configVersion) continue;
        const answer = await host.config({
          order: texts.order,
          signatures: texts.signatures,
          signers: texts.signers,
          revocations: Buffer.from(texts.revocations, 'base64'),
          hostPolicy: texts.hostPolicy,
        });
        if (answer.verdict === 'refused')
          return [
            `this machine did not take version ${config.version}: ${answer.code}: ${answer.detail}`,
          ];
      }
      return [];
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      return [`this machine was not reached as a host: ${code}: ${message}`];
    }
  }

  async #enrol(organisation: string): Promise<void> {
    if ((await this.#files.read(this.#pin)) !== undefined) return;
    const enrolled = await enrolLocal({
      programs: nodePrograms(),
      files: this.#files,
      random: this.#random,
      directory: this.#paths.host,
      organisation,
      controlPlaneKey: publicKeyLine(this.#controlPlane.publicKey),
    });
    await this.#files.replace(this.#pin, Buffer.from(`${JSON.stringify(enrolled)}\n`), 0o600);
  }

  get #pin(): string {
    return join(this.#paths.authority, 'this-machine.json');
  }
}

const LOCAL = { transport: 'local' } as Target;
