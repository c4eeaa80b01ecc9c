/**
 * A connection to one host's reader: its first session is the connected ssh itself, further ones ride on it.
 * A session whose answer is overdue is not waited for: one that rides is ended alone, the first ends with the
 * connection once the others have their answers, and nothing new is asked there.
 */
import type { Clock } from '#base/ports';
import type { Link } from './links.ts';
import type { Ask } from './reader-wire.ts';
import { type Outcome, Session } from './session.ts';

/** A line to a host's reader, whatever carries it. */
export class ReaderLine {
  readonly #link: Pick<Link, 'channel' | 'ride' | 'close'>;
  readonly #clock: Clock;
  readonly #first: Session;
  #riders: Session[] = [];
  #isRetired = false;
  #isOver = false;
  #active = 0;
  #closing: Promise<void> | undefined;
  /** Whether it ever gave an answer. */
  hasAnswered = false;

  constructor(link: Pick<Link, 'channel' | 'ride' | 'close'>, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    this.#first = new Session(link.channel, clock);
    void link.channel.ended.then(() => {
      this.#isOver = true;
      void this.close();
    });
  }

  get isUsable(): boolean {
    return !this.#isRetired && !this.#isOver && !this.#first.isOver;
  }

  get isIdle(): boolean {
    return this.#active === 0;
  }

  get sessions(): number {
    return this.#isOver ? 0 : 1 + this.#riders.filter((each) => !each.isOver).length;
  }

  get usedAt(): number {
    return Math.max(this.#first.usedAt, ...this.#riders.map((each) => each.usedAt));
  }

  /** Asks over a session that is free, or over one more. `wasNew`: over one that had not answered before. */
  async ask(
    ask: Ask,
    slackMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly outcome: Outcome; readonly wasNew: boolean; readonly isRider: boolean }> {
    if (this.#isOver) {
      const { exit } = await this.#link.channel.ended;
      const outcome = { kind: 'lost', isUntouched: true, exit } as const;
      return { outcome, wasNew: !this.hasAnswered, isRider: false };
    }
    this.#active += 1;
    try {
      const session = await this.#session();
      const wasNew = session.served === 0;
      const outcome = await session.ask(ask, slackMs, signal);
      if (outcome.kind === 'answer') this.hasAnswered = true;
      else this.#give(session);
      return { outcome, wasNew, isRider: session !== this.#first };
    } finally {
      this.#active -= 1;
      if (this.#isRetired && this.#active === 0) void this.close();
    }
  }

  /** Lets sessions go that only waited since `before`. */
  trim(before: number): void {
    for (const each of this.#riders) {
      if (each.isFree && each.usedAt < before) this.#give(each);
    }
  }

  close(): Promise<void> {
    this.#isRetired = true;
    this.#closing ??= (async () => {
      await Promise.all(this.#riders.map((each) => each.close()));
      await this.#link.close();
    })();
    return this.#closing;
  }

  async #session(): Promise<Session> {
    const free = [this.#first, ...this.#riders].find((each) => each.isFree);
    if (free !== undefined) return free.take();
    const session = new Session(await this.#link.ride(), this.#clock).take();
    if (this.#isOver) void session.close();
    else this.#riders.push(session);
    return session;
  }

  #give(session: Session): void {
    if (session === this.#first) {
      this.#isRetired = true;
      return;
    }
    this.#riders = this.#riders.filter((each) => each !== session);
    void session.close();
  }
}
