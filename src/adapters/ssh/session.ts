/** One reader on a host, asked one thing after another over one channel. Nothing it says is believed beyond what was asked. */
import type { Channel, Clock } from '#base/ports';
import type { ReadAnswer } from './reach.ts';
import { AnswerReader, type Ask, formatAsk, limitsOf } from './reader-wire.ts';

export type Outcome =
  | { readonly kind: 'answer'; readonly answer: ReadAnswer }
  /** It ended first; `isUntouched` when nothing of an answer came. */
  | { readonly kind: 'lost'; readonly isUntouched: boolean; readonly exit: number | null }
  /** What came is no answer to this. */
  | { readonly kind: 'broken' }
  /** No answer in time, or nobody wants it any more: the session is of no use before it comes. */
  | { readonly kind: 'late' | 'unwanted' };

export class Session {
  readonly #channel: Channel;
  readonly #clock: Clock;
  #lastId = 0;
  #isBusy = false;
  #isOver = false;
  /** Answers it has given. */
  served = 0;
  usedAt: number;

  constructor(channel: Channel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.usedAt = clock.monotonicMs();
    void channel.ended.then(() => {
      this.#isOver = true;
    });
  }

  get isFree(): boolean {
    return !this.#isBusy && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Keeps it for one question. */
  take(): this {
    this.#isBusy = true;
    return this;
  }

  /** Of a session that was taken. */
  async ask(ask: Ask, slackMs: number, signal?: AbortSignal): Promise<Outcome> {
    const { seconds, bytes } = limitsOf(ask);
    this.#lastId += 1;
    let request: Uint8Array;
    try {
      request = formatAsk(this.#lastId, ask);
    } catch (cause) {
      this.#isBusy = false;
      throw cause;
    }
    const over = new AbortController();
    const exchange = this.#exchange(request, new AnswerReader(this.#lastId, bytes)).then(
      (outcome) => {
        over.abort();
        this.#isBusy = false;
        this.usedAt = this.#clock.monotonicMs();
        if (outcome.kind === 'answer') this.served += 1;
        else this.#isOver = true;
        return outcome;
      },
    );
    const late = this.#clock
      .sleep(seconds * 1_000 + slackMs, over.signal)
      .then((): Outcome => ({ kind: 'late' }));
    const rivals: Promise<Outcome>[] = [exchange, late];
    if (signal !== undefined) rivals.push(unwanted(signal, over.signal));
    const outcome = await Promise.race(rivals);
    over.abort();
    // An exchange that ended in the same moment is what counts.
    return this.#isBusy ? outcome : exchange;
  }

  close(): Promise<void> {
    this.#isOver = true;
    return this.#channel.close();
  }

  async #exchange(request: Uint8Array, reader: AnswerReader): Promise<Outcome> {
    const lost = async (): Promise<Outcome> => {
      // Its output is over, so it is ending; one that goes on without output is no reader.
      const ended = await Promise.race([
        this.#channel.ended,
        this.#clock.sleep(1_000).then(() => ({ exit: null })),
      ]);
      return { kind: 'lost', isUntouched: !reader.hasBegun, exit: ended.exit };
    };
    try {
      await this.#channel.write(request);
    } catch {
      return lost();
    }
    for (;;) {
      const chunk = await this.#channel.read();
      if (chunk === undefined) return lost();
      const answer = reader.take(chunk);
      if (answer === 'broken') return { kind: 'broken' };
      if (answer !== undefined) {
        // The host closes its end after this one.
        if (answer.verdict === 'refused' && answer.code === 'bad-request') this.#isOver = true;
        return { kind: 'answer', answer };
      }
    }
  }
}

function unwanted(signal: AbortSignal, over: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const done = (): void => resolve({ kind: 'unwanted' });
    if (signal.aborted) return done();
    signal.addEventListener('abort', done, { once: true });
    over.addEventListener('abort', () => signal.removeEventListener('abort', done), { once: true });
  });
}
