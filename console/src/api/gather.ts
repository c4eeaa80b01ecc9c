/**
 * When hints become questions: a burst becomes one, tabs do not ask all in the same moment, and a service that answers
 * slowly is asked less often. Of a page that nobody sees nothing is asked until somebody does.
 */

const GATHER_MS = 250;
/** Hints reach every open tab at once. */
const SPREAD_MS = 500;
/** After answers, for so many times as long as they took nothing is asked again. */
const REST_TIMES = 4;
const MOST_REST_MS = 10_000;

export type GatherClock = {
  readonly now: () => number;
  /** Answers how to call it off. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** From 0 to 1. */
  readonly chance: () => number;
};

export class Gather<Topic> {
  readonly #clock: GatherClock;
  readonly #ask: (topics: readonly Topic[]) => Promise<void>;
  readonly #moved = new Set<Topic>();
  #isHidden = false;
  #isAsking = false;
  #restUntil = 0;
  #callOff: (() => void) | undefined;

  constructor(clock: GatherClock, ask: (topics: readonly Topic[]) => Promise<void>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  hint(topics: readonly Topic[]): void {
    for (const topic of topics) this.#moved.add(topic);
    this.#plan();
  }

  show(isShown: boolean): void {
    this.#isHidden = !isShown;
    this.#plan();
  }

  stop(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#moved.clear();
  }

  #plan(): void {
    if (this.#moved.size === 0 || this.#isHidden || this.#isAsking || this.#callOff !== undefined)
      return;
    const wait = GATHER_MS + this.#clock.chance() * SPREAD_MS;
    const ms = Math.max(wait, this.#restUntil - this.#clock.now());
    this.#callOff = this.#clock.after(ms, () => void this.#askNow());
  }

  async #askNow(): Promise<void> {
    this.#callOff = undefined;
    if (this.#isHidden) return;
    const topics = [...this.#moved];
    this.#moved.clear();
    const began = this.#clock.now();
    this.#isAsking = true;
    try {
      await this.#ask(topics);
    } finally {
      this.#isAsking = false;
      const ended = this.#clock.now();
      this.#restUntil = ended + Math.min(MOST_REST_MS, REST_TIMES * (ended - began));
      this.#plan();
    }
  }
}
