/**
 * One host's reader: asks in turn over kept sessions, connects when it must, and says why when it cannot. Trouble is
 * remembered for a moment, so that a host that is down costs nobody more than the first who asked.
 */
import type { Clock, Random } from '#base/ports';
import type { KeptLines } from './kept-lines.ts';
import type {
  HostReader,
  ReachState,
  ReadAnswer,
  ReaderHello,
  ReadRequest,
  Unreachable,
} from './reach.ts';
import type { ReaderLine } from './reader-line.ts';
import { type Ask, limitsOf, parseHello } from './reader-wire.ts';
import type { SshSettings } from './settings.ts';
import type { Turn, Turns } from './turns.ts';
import { reasonOf, unreachable } from './unreachable.ts';

export type ReaderParts = {
  readonly target: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: SshSettings;
  readonly turns: Turns;
  readonly kept: KeptLines;
  /** A new line, or a fault with a code of UNREACHABLE. */
  readonly open: (signal: AbortSignal) => Promise<ReaderLine>;
};

type Trouble = { readonly reason: Unreachable; readonly retryAtMs: number };

/** A login shell could not start the forced command (POSIX 2.8.2), or the reader itself cannot work there. */
const NOT_STARTED: readonly (number | null)[] = [69, 126, 127];

export class SshReader implements HostReader {
  readonly #parts: ReaderParts;
  #line: ReaderLine | undefined;
  #connecting: Promise<ReaderLine> | undefined;
  #stopConnecting = new AbortController();
  #trouble: Trouble | undefined;
  #failures = 0;
  #mostSessions: number;
  #state: ReachState['state'] = 'idle';
  #since: number;
  #isOver = false;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#mostSessions = parts.settings.mostSessions;
    this.#since = parts.clock.now();
  }

  async hello(): Promise<ReaderHello> {
    const hello = parseHello(await this.#ask({ verb: 'hello' }, {}));
    if (hello !== undefined) return hello;
    throw this.#fault('connection-lost');
  }

  run(argv: readonly [string, ...string[]], request: ReadRequest): Promise<ReadAnswer> {
    const { seconds, bytes } = request;
    return this.#ask({ verb: 'run', argv, seconds, bytes }, request);
  }

  snapshot(request: ReadRequest): Promise<ReadAnswer> {
    const { seconds, bytes } = request;
    return this.#ask({ verb: 'snapshot', seconds, bytes }, request);
  }

  get state(): ReachState {
    const { target, turns } = this.#parts;
    const state = this.#now();
    return {
      target,
      state,
      reason: state === 'unreachable' ? (this.#trouble?.reason ?? null) : null,
      since: this.#since,
      waiting: turns.waiting(target),
      sessions: this.#line?.sessions ?? 0,
    };
  }

  /** Ends what is kept and forgets trouble; what runs fails. */
  async drop(): Promise<void> {
    this.#stopConnecting.abort();
    await this.#connecting?.catch(() => {});
    this.#stopConnecting = new AbortController();
    this.#trouble = undefined;
    this.#failures = 0;
    this.#mostSessions = this.#parts.settings.mostSessions;
    const line = this.#line;
    this.#line = undefined;
    this.#become('idle');
    if (line === undefined) return;
    this.#parts.kept.remove(line);
    await line.close();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.drop();
  }

  async #ask(ask: Ask, how: Pick<ReadRequest, 'signal' | 'force'>): Promise<ReadAnswer> {
    limitsOf(ask);
    if (how.force === true) this.#trouble = undefined;
    const { clock, settings } = this.#parts;
    for (;;) {
      const turn = await this.#turn(how.signal);
      const over = new AbortController();
      void clock.sleep(settings.slowMs, over.signal).then(() => turn.lend());
      try {
        const answer = await this.#askNow(ask, turn, how.signal);
        if (answer !== 'fewer') return answer;
      } finally {
        over.abort();
        turn.end();
      }
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<Turn> {
    const { target, turns, settings, clock } = this.#parts;
    this.#mayTry();
    if (turns.waiting(target) >= settings.mostWaiting) throw this.#fault('busy');
    const place = turns.take(target, this.#mostSessions);
    const over = new AbortController();
    const patience = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    const given = await Promise.race([
      place.turn,
      clock.sleep(settings.waitMs, patience).then(() => undefined),
    ]);
    over.abort();
    if (given !== undefined) return given;
    if (place.leave()) throw this.#fault('busy');
    return place.turn;
  }

  /** `fewer`: the host opens fewer sessions than we thought, and nothing was asked. */
  async #askNow(ask: Ask, turn: Turn, signal?: AbortSignal): Promise<ReadAnswer | 'fewer'> {
    const { settings } = this.#parts;
    for (let isAgain = false; ; isAgain = true) {
      const line = await this.#connected(turn, signal);
      const { outcome, wasNew, isRider } = await line
        .ask(ask, settings.slackMs, signal)
        .catch((cause: unknown) => {
          throw cause instanceof Error && 'kind' in cause && cause.kind === 'invalid'
            ? cause
            : this.#fault('connection-lost', cause);
        });
      switch (outcome.kind) {
        case 'answer':
          this.#worked();
          return outcome.answer;
        case 'late':
          throw this.#fault('timed-out');
        case 'unwanted':
          throw this.#fault('connection-lost');
        case 'broken':
          throw this.#failed('connection-lost');
        case 'lost':
          if (isRider && wasNew && outcome.isUntouched && line.isUsable && this.#mostSessions > 1) {
            this.#mostSessions -= 1;
            return 'fewer';
          }
          // One that was kept and had died meanwhile is no news of the host.
          if (!wasNew && outcome.isUntouched && !isAgain) continue;
          throw this.#failed(
            !line.hasAnswered && NOT_STARTED.includes(outcome.exit)
              ? 'no-wrapper'
              : 'connection-lost',
          );
      }
    }
  }

  async #connected(turn: Turn, signal?: AbortSignal): Promise<ReaderLine> {
    if (this.#line?.isUsable === true) return this.#line;
    this.#mayTry();
    // Who only waits for another's connection takes nobody's place.
    if (this.#connecting !== undefined) turn.lend();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    const line = await unless(this.#connecting, signal);
    if (line === undefined) throw this.#fault('connection-lost');
    return line;
  }

  async #connect(): Promise<ReaderLine> {
    const { kept, open } = this.#parts;
    if (this.#line !== undefined) kept.remove(this.#line);
    this.#line = undefined;
    this.#become('connecting');
    let line: ReaderLine | undefined;
    try {
      line = await kept.add(() => open(this.#stopConnecting.signal));
    } catch (cause) {
      throw this.#failed(reasonOf(cause), cause);
    }
    if (line === undefined) {
      this.#become('idle');
      throw this.#fault('busy');
    }
    this.#line = line;
    this.#mostSessions = this.#parts.settings.mostSessions;
    this.#become('connected');
    return line;
  }

  /** Throws while what was wrong a moment ago need not be tried again. */
  #mayTry(): void {
    if (this.#isOver) throw this.#fault('connection-lost');
    const trouble = this.#trouble;
    if (trouble === undefined || this.#parts.clock.monotonicMs() >= trouble.retryAtMs) return;
    throw this.#fault(trouble.reason);
  }

  #worked(): void {
    this.#failures = 0;
    this.#trouble = undefined;
  }

  #failed(reason: Unreachable, cause?: unknown): Error {
    const { clock, random, settings } = this.#parts;
    const [low = 0, high = 0] = random.bytes(2);
    const jitter = 0.75 + (low * 256 + high) / 131_072;
    const delay = Math.min(settings.mostBackoffMs, settings.backoffMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    this.#trouble = { reason, retryAtMs: clock.monotonicMs() + delay * jitter };
    this.#become('unreachable');
    return this.#fault(reason, cause);
  }

  #now(): ReachState['state'] {
    if (this.#connecting !== undefined) return 'connecting';
    if (this.#line?.isUsable === true) return 'connected';
    return this.#trouble === undefined ? 'idle' : 'unreachable';
  }

  /** Trying again does not make a host that is down a new one. */
  #become(state: ReachState['state']): void {
    if (this.#state === state) return;
    const isStillDown = state === 'connecting' && this.#trouble !== undefined;
    if (!isStillDown && !(state === 'unreachable' && this.#wasDown)) {
      this.#since = this.#parts.clock.now();
    }
    if (state !== 'connecting') this.#wasDown = state === 'unreachable';
    this.#state = state;
  }

  #wasDown = false;

  #fault(reason: Unreachable, cause?: unknown): Error {
    return unreachable(this.#parts.target, reason, cause);
  }
}

/** `undefined` when the signal comes first. */
async function unless<T>(work: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  if (signal === undefined) return work;
  if (signal.aborted) return undefined;
  let stop = (): void => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
