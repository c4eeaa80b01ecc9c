/**
 * A host in memory that keeps the contract of docs/host-contract.md: it judges every order with the same rules,
 * spends nonces, numbers, chains and signs receipts. For simulations, and for actions nobody wants to try for real.
 *
 * What happens to the next run is scripted with `fail`; what programs do is `program`.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type {
  Accepted,
  Dispatch,
  Ended,
  Host,
  HostAnswer,
  HostConfig,
  HostStatus,
  JobState,
  Looked,
} from '#adapters';
import {
  type ChangeOrder,
  changeDocument,
  configDocument,
  type HostView,
  identityDocument,
  judgeOrder,
  liftDocument,
  NO_HASH,
  type PartDocument,
  partCore,
  partDocument,
  publicKeyLine,
  type ReceiptDocument,
  type RunOrder,
  receiptDocument,
  runDocument,
  signSshsig,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';

export type SimulatedFault =
  /** Thrown before anything is sent. */
  | 'unreachable'
  /** The request never came; nothing is known there. */
  | 'request-lost'
  /** It ran to its end, and the answer was lost. */
  | 'answer-lost'
  /** It was begun and the link dropped; it ends when `settle` is called. */
  | 'answers-late'
  /** The host went down with the nonce spent and nothing started. */
  | 'dies-before'
  /** The host went down with the program under way: what it did is done. */
  | 'dies-after'
  /** Somebody stopped the host while it ran. */
  | 'is-stopped';

export type ProgramCall = {
  readonly argv: readonly string[];
  readonly stdin: string | null;
  readonly part: PartDocument;
};
export type ProgramEnd = {
  readonly result?: ReceiptDocument['result'];
  readonly status?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** It runs until it is stopped. */
  readonly hangs?: boolean;
};

export type SimulatedHostOptions = {
  readonly organisation?: string;
  readonly hostId?: string;
  readonly epoch?: number;
  /** Seconds. */
  readonly now: () => number;
  readonly controlPlane?: string;
  readonly program?: (call: ProgramCall) => ProgramEnd;
  readonly look?: (argv: readonly string[]) => { readonly exit: number; readonly stdout: string };
  /** Files of the host that parts may name: path to SHA-256. */
  readonly present?: ReadonlyMap<string, string>;
};

type Job = {
  readonly dispatch: Dispatch;
  readonly part: PartDocument;
  readonly started: number;
  end?: ProgramEnd;
  ended?: Ended;
};
type Counted = { at: number; core: string }[];

export class SimulatedHost implements Host {
  /** Every program that was started, in order. */
  readonly started: ProgramCall[] = [];
  readonly receipts: string[] = [];
  readonly #options: SimulatedHostOptions;
  readonly #key: KeyObject;
  readonly #receiptKey: string;
  readonly #faults: SimulatedFault[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly #spent = new Set<string>();
  readonly #counted = new Map<string, Counted>();
  readonly #ran: { order: string; step: string }[] = [];
  readonly #waiting = new Map<string, () => void>();
  #files: Pick<HostConfig, 'signers' | 'revocations' | 'hostPolicy'> | undefined;
  #config: string | null = null;
  #stop: string | null = null;
  #floor = 0;
  #witness: { size: number; root: string; issued: number }[] = [];

  constructor(options: SimulatedHostOptions) {
    this.#options = options;
    const { privateKey } = generateKeyPairSync('ed25519');
    this.#key = privateKey;
    this.#receiptKey = publicKeyLine(privateKey);
  }

  get identity(): { organisation: string; target: string; epoch: number } {
    const { organisation = 'example', hostId = 'ab'.repeat(16), epoch = 1 } = this.#options;
    return { organisation, target: hostId, epoch };
  }

  /** What becomes of the runs to come, one each. */
  fail(...faults: readonly SimulatedFault[]): void {
    this.#faults.push(...faults);
  }

  /** A job that was late ends now. */
  settle(nonce: string): void {
    const job = this.#jobs.get(nonce);
    if (job !== undefined && job.ended === undefined) this.#finish(job, job.end ?? {});
  }

  async status(): Promise<HostStatus> {
    const { organisation, target, epoch } = identityDocument.parse(
      identityDocument.format(this.identity),
    );
    return {
      organisation,
      hostId: target,
      epoch,
      stopped: this.#stop,
      configVersion: this.#config === null ? 0 : configDocument.parse(this.#config).version,
      time: this.#options.now(),
      receiptKey: this.#receiptKey,
    };
  }

  async run(dispatch: Dispatch): Promise<HostAnswer> {
    const fault = this.#faults.shift();
    if (fault === 'unreachable') {
      throw new Fault('unavailable', 'host-unavailable', 'host does not answer: simulated');
    }
    if (fault === 'request-lost') return { verdict: 'unknown', reason: 'request lost' };
    const { standing } = dispatch;
    const judged = judgeOrder(this.#view(), {
      verb: 'run',
      order: dispatch.order,
      signatures: dispatch.signatures,
      part: dispatch.part,
      stdin: dispatch.stdin === null ? null : Buffer.from(dispatch.stdin),
      standing: standing?.text ?? null,
      standingSignatures: standing?.signatures ?? [],
    });
    if (judged.verdict === 'refused') {
      return { verdict: 'refused', code: judged.code, detail: judged.says };
    }
    return this.#begin(dispatch, fault);
  }

  async job(nonce: string): Promise<JobState> {
    const job = this.#jobs.get(nonce);
    if (job === undefined) return { state: this.#spent.has(nonce) ? 'cancelled' : 'unspent' };
    return job.ended === undefined ? { state: 'running' } : { state: 'ended', ended: job.ended };
  }

  async cancel(nonces: readonly string[]): Promise<readonly string[]> {
    const unspent = nonces.filter((nonce) => !this.#spent.has(nonce));
    for (const nonce of unspent) this.#spent.add(nonce);
    return unspent;
  }

  async stop(stop: string): Promise<void> {
    this.#stop ??= stop;
    for (const job of this.#jobs.values()) {
      if (job.ended !== undefined || job.part.atomic) continue;
      this.#finish(job, { result: 'stopped', status: 15 });
    }
  }

  async lift(order: string, signatures: readonly string[]): Promise<Accepted> {
    const judged = judgeOrder(this.#view(), { verb: 'lift', order, signatures });
    if (judged.verdict === 'refused') {
      return { verdict: 'refused', code: judged.code, detail: judged.says };
    }
    this.#accept(liftDocument.parse(order));
    this.#stop = null;
    return { verdict: 'ok' };
  }

  async config(config: HostConfig): Promise<Accepted> {
    const judged = judgeOrder(this.#view(), { verb: 'config', ...config });
    if (judged.verdict === 'refused') {
      return { verdict: 'refused', code: judged.code, detail: judged.says };
    }
    const { order, signers, revocations, hostPolicy } = config;
    this.#accept(configDocument.parse(order));
    this.#files = { signers, revocations, hostPolicy };
    this.#config = order;
    return { verdict: 'ok' };
  }

  async look(argv: readonly [string, ...string[]]): Promise<Looked> {
    const looked = this.#options.look?.(argv) ?? {
      exit: 0,
      stdout: `${argv.slice(1).join(' ')}\n`,
    };
    const stdout = new Uint8Array(Buffer.from(looked.stdout));
    return { exit: looked.exit, stdout, stderr: new Uint8Array(), cut: false };
  }

  #view(): HostView {
    return {
      now: this.#options.now(),
      identity: this.identity,
      stop: this.#stop,
      files: this.#files ?? { signers: null, revocations: null, hostPolicy: null },
      config: this.#config,
      isEnrolling: this.#config === null,
      controlPlane: this.#options.controlPlane ?? null,
      floor: this.#floor,
      witness: this.#witness,
      spent: this.#spent,
      counted: this.#counted,
      ran: this.#ran,
      present: this.#options.present ?? new Map(),
    };
  }

  #accept(order: { issued: number; checkpoint?: { size: number; root: string } }): void {
    this.#floor = Math.max(this.#floor, order.issued);
    const { checkpoint } = order;
    if (checkpoint === undefined || checkpoint.size === 0) return;
    if (!this.#witness.some(({ size }) => size === checkpoint.size))
      this.#witness.push({ ...checkpoint, issued: order.issued });
    this.#witness = this.#witness.toSorted((a, b) => a.size - b.size).slice(-64);
  }

  async #begin(dispatch: Dispatch, fault: SimulatedFault | undefined): Promise<HostAnswer> {
    const order: ChangeOrder | RunOrder =
      dispatch.standing === null
        ? changeDocument.parse(dispatch.order)
        : runDocument.parse(dispatch.order);
    const part = partDocument.parse(dispatch.part);
    const now = this.#options.now();
    this.#accept(order);
    if (dispatch.standing !== null) {
      const digest = sha256(dispatch.standing.text);
      const counted = this.#counted.get(digest) ?? [];
      this.#counted.set(digest, [...counted, { at: now, core: partCore(dispatch.part) }]);
    }
    this.#spent.add(part.nonce);
    const job: Job = { dispatch, part, started: now };
    this.#jobs.set(part.nonce, job);
    if (fault === 'dies-before') {
      this.#finish(job, { result: 'not-started' });
      return { verdict: 'unknown', reason: 'link dropped' };
    }
    job.end = this.#execute(job);
    if (fault === 'answers-late') return { verdict: 'unknown', reason: 'link dropped' };
    if (fault === 'dies-after') this.#finish(job, { result: 'unknown' });
    else if (fault === 'is-stopped') await this.stop('simulated');
    else if (job.end.hangs === true) {
      await new Promise<void>((resolve) => this.#waiting.set(part.nonce, resolve));
    } else this.#finish(job, job.end);
    const isLost = fault === 'answer-lost' || fault === 'dies-after';
    if (isLost || job.ended === undefined) return { verdict: 'unknown', reason: 'link dropped' };
    return { verdict: 'ran', ended: job.ended };
  }

  #execute({ part, dispatch }: Job): ProgramEnd {
    const argv = part.args.map((arg) =>
      typeof arg === 'string' ? arg : `/simulated/file-${arg.file}`,
    );
    const call: ProgramCall = { argv, stdin: dispatch.stdin, part };
    this.started.push(call);
    return (this.#options.program ?? (() => ({})))(call);
  }

  #finish(job: Job, end: ProgramEnd): void {
    const { result = 'exited', status = 0 } = end;
    const order = sha256(job.dispatch.order);
    const streams = [end.stdout ?? '', end.stderr ?? ''].map(
      (text) => new Uint8Array(Buffer.from(text).subarray(0, 1 << 20)),
    ) as [Uint8Array, Uint8Array];
    const [stdout, stderr] = streams.map((bytes) => ({
      sha256: sha256(bytes),
      length: bytes.length,
    })) as [ReceiptDocument['stdout'], ReceiptDocument['stderr']];
    const before = this.receipts.at(-1);
    const { target, epoch } = this.identity;
    const text = receiptDocument.format({
      target,
      epoch,
      number: this.receipts.length + 1,
      previous: before === undefined ? NO_HASH : sha256(before),
      order,
      part: sha256(job.dispatch.part),
      nonce: job.part.nonce,
      started: job.started,
      ended: this.#options.now(),
      result,
      status,
      stdout,
      stderr,
    });
    this.receipts.push(text);
    if (result === 'exited' && job.part.direction === 'forward') {
      const { number, of } = job.part.step;
      this.#ran.push({ order, step: `${number}/${of}` });
    }
    const signature = signSshsig(this.#key, 'holdfast-receipt@1', text);
    job.ended = { receipt: { text, signature }, stdout: streams[0], stderr: streams[1] };
    this.#waiting.get(job.part.nonce)?.();
  }
}
