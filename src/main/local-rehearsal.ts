/**
 * This machine as a host to rehearse actions on, where the inventory says that it is a lab: the host
 * script with a directory and keys made for the occasion, which go with it. Its own enrolment, its
 * operators and their budgets are not touched.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { enrolLocal, type Host, localAdapter } from '#adapters';
import {
  changeAuthority,
  changeDocument,
  firstAuthority,
  liftDocument,
  NAMESPACES,
  NO_HASH,
  nextConfig,
  partDocument,
  publicKeyLine,
  receiptDocument,
  signSshsig,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Clock, Files, Random } from '#base/ports';
import { COLLECTORS, observe } from '#collectors';
import { nodeMachineFiles, nodePrograms } from '#machine';
import type { PlanStep, Target } from '#model';
import type { FileSeen } from '#planning';
import {
  KILL_JOB,
  type RehearsalHost,
  type RehearsalOrder,
  type SeenFact,
  SNAPSHOT,
  type StepEnd,
  WATCHED,
} from '#rehearsal';
import { filesOf } from './change-road.ts';
import type { Paths } from './data-directory.ts';
import { ROOT } from './program-version.ts';

const ORGANISATION = 'rehearsal';
const STOP = 'rehearsal';
const OPERATOR = 'rehearsal';
const NONE = { size: 0, root: NO_HASH };
const SNAPSHOT_MS = 300_000;
const SNAPSHOT_BYTES = 64 << 20;
const ORDER_SECONDS = 7200;

export type RehearsalNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: Paths;
  readonly target: Target;
  /** Directories to watch for change besides the usual ones. */
  readonly watch: readonly string[];
};

export type LocalRehearsal = AsyncDisposable & { readonly host: RehearsalHost };

export async function localRehearsal(needs: RehearsalNeeds): Promise<LocalRehearsal> {
  const { files, clock, random, paths, target } = needs;
  const directory = join(paths.home, `rehearsal-${Buffer.from(random.bytes(8)).toString('hex')}`);
  const dispose = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const { privateKey: key } = generateKeyPairSync('ed25519');
    const programs = nodePrograms();
    const { hostId } = await enrolLocal({
      programs,
      files,
      random,
      directory,
      organisation: ORGANISATION,
      controlPlaneKey: publicKeyLine(key),
    });
    const host = await localAdapter({
      programs,
      machineFiles: nodeMachineFiles(),
      script: join(ROOT, 'host', 'holdfast-host'),
      directory,
      uid: process.getuid?.() ?? -1,
    }).host(target);
    await putInForce(host, key, seconds(clock));
    return {
      host: new ThisMachine(needs, { host, directory, hostId, key }),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (trouble) {
    await dispose();
    throw trouble;
  }
}

async function putInForce(host: Host, key: KeyObject, issued: number): Promise<void> {
  const first = firstAuthority({
    operator: OPERATOR,
    key: publicKeyLine(key),
    profile: 'solo',
    origins: [],
  });
  const authority = changeAuthority(first, {
    kind: 'rule',
    rule: 'T2',
    quorum: 1,
    assurance: 'same-user',
  });
  const { text, files } = nextConfig({
    organisation: ORGANISATION,
    current: null,
    authority,
    digests: { inventory: NO_HASH, policy: NO_HASH, catalogue: NO_HASH, baselines: NO_HASH },
    issued,
    checkpoint: NONE,
  });
  const answer = await host.config({
    order: text,
    signatures: [signSshsig(key, NAMESPACES.config, text)],
    ...files,
  });
  if (answer.verdict === 'refused') throw notReady(`${answer.code}: ${answer.detail}`);
}

type Rig = {
  readonly host: Host;
  readonly directory: string;
  readonly hostId: string;
  readonly key: KeyObject;
};

class ThisMachine implements RehearsalHost {
  readonly where: string;
  readonly target: Target;
  readonly runbookRoot: string;
  readonly #needs: RehearsalNeeds;
  readonly #rig: Rig;

  constructor(needs: RehearsalNeeds, rig: Rig) {
    this.#needs = needs;
    this.#rig = rig;
    this.target = needs.target;
    this.where = `${needs.target.id} (${needs.target.hostType}, lab)`;
    this.runbookRoot = needs.paths.runbooks;
  }

  async order(change: string, steps: readonly PlanStep[]): Promise<RehearsalOrder> {
    const { host, directory, hostId, key } = this.#rig;
    const { clock, random } = this.#needs;
    const nonces = steps.map(() => Buffer.from(random.bytes(16)).toString('hex'));
    const parts = steps.map((step, i) => partText(step, hostId, nonces[i] ?? ''));
    const issued = seconds(clock);
    const order = changeDocument.format({
      organisation: ORGANISATION,
      change,
      plan: sha256(parts.join('')),
      tier: 'T2',
      quorum: 1,
      issued,
      notBefore: issued,
      runBy: issued + ORDER_SECONDS,
      checkpoint: NONE,
      parts: parts.map((part) => sha256(part)),
    });
    const signatures = [signSshsig(key, NAMESPACES.change, order)];
    const run = async (step: PlanStep): Promise<StepEnd> => {
      const place = steps.indexOf(step);
      const answer = await host.run({
        order,
        signatures,
        part: parts[place] ?? '',
        stdin: step.stdin,
        standing: null,
        nonce: nonces[place] ?? '',
        timeoutSeconds: step.timeoutSeconds,
      });
      switch (answer.verdict) {
        case 'refused':
          return { kind: 'refused', code: answer.code };
        case 'unknown':
          throw notReady(answer.reason);
        case 'ran': {
          const { result, status } = receiptDocument.parse(answer.ended.receipt.text);
          const says = Buffer.from(answer.ended.stderr).toString('utf8').trim().slice(-300);
          return { kind: 'ended', result, status, says };
        }
      }
    };
    return {
      run,
      killed: async (step) => {
        const nonce = nonces[steps.indexOf(step)] ?? '';
        const killer = nodePrograms().run({
          argv: ['sh', '-c', KILL_JOB, 'sh', directory, nonce],
          timeoutMs: 60_000,
          maxBytes: 65_536,
        });
        const ended = await run(step);
        await killer;
        return ended;
      },
    };
  }

  async look(argv: readonly string[]): Promise<{ exit: number; stdout: string }> {
    const [program = 'true', ...rest] = argv;
    const { exit, stdout } = await this.#rig.host.look([program, ...rest], 300);
    return { exit: exit ?? 127, stdout: Buffer.from(stdout).toString('utf8') };
  }

  async facts(kinds: readonly string[]): Promise<readonly SeenFact[]> {
    const { clock } = this.#needs;
    const observed = await observe({
      target: this.target.id,
      machine: { files: nodeMachineFiles(), programs: nodePrograms(), clock },
      collectors: COLLECTORS.filter((each) => each.kinds.some((kind) => kinds.includes(kind))),
      clock,
    });
    return observed.flatMap(({ facts }) =>
      facts.map(({ entity, attribute, value }) => ({ entity, attribute, value })),
    );
  }

  file(path: string): Promise<FileSeen> {
    return filesOf(this.runbookRoot)(this.target, path);
  }

  async snapshot(): Promise<readonly string[]> {
    const { watch, paths } = this.#needs;
    const { ended, stdout } = await nodePrograms().run({
      argv: ['sh', '-c', SNAPSHOT, 'sh', ...WATCHED, ...watch],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOLDFAST_APART: paths.home },
      timeoutMs: SNAPSHOT_MS,
      maxBytes: SNAPSHOT_BYTES,
    });
    if (ended !== 'exited') throw notReady(`the machine could not be seen whole: ${ended}`);
    const lines = Buffer.from(stdout).toString('utf8').split('\n');
    return lines.filter((line) => line !== '').sort();
  }

  stop(): Promise<void> {
    return this.#rig.host.stop(STOP);
  }

  async lift(): Promise<void> {
    const issued = seconds(this.#needs.clock);
    const order = liftDocument.format({
      organisation: ORGANISATION,
      stop: STOP,
      issued,
      runBy: issued + 60,
    });
    const signature = signSshsig(this.#rig.key, NAMESPACES.lift, order);
    const answer = await this.#rig.host.lift(order, [signature]);
    if (answer.verdict === 'refused') throw notReady(`the stop was not lifted: ${answer.code}`);
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms);
  }
}

function partText(step: PlanStep, hostId: string, nonce: string): string {
  return partDocument.format({
    target: hostId,
    epoch: 1,
    action: step.action,
    catalogue: NO_HASH,
    runAs: step.runAs,
    args: step.argv,
    stdin: step.stdin === null ? null : sha256(step.stdin),
    files: step.files,
    conditions: step.conditions,
    step: { number: step.step, of: step.of },
    direction: step.direction,
    timeout: step.timeoutSeconds,
    atomic: step.atomic,
    nonce,
  });
}

function seconds(clock: Clock): number {
  return Math.floor(clock.now() / 1_000_000);
}

function notReady(says: string): Fault {
  return new Fault(
    'unavailable',
    'rehearsal-unavailable',
    `this machine cannot be rehearsed on: ${says}`,
  );
}
