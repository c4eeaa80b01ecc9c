/**
 * Whose turn it is: at most so many at once for one target and for all together, targets one after another in a
 * ring, so that a target with much to do waits behind those with little.
 *
 * Who takes long lends its place to the others and keeps only that of its own target: hosts that hang never use up
 * what all share.
 */
export type Turn = {
  /** Others may go on meanwhile. */
  lend(): void;
  end(): void;
};

type Waiting = (turn: Turn) => void;
type Line = { running: number; most: number; readonly waiting: Waiting[] };

export class Turns {
  readonly #most: number;
  readonly #lines = new Map<string, Line>();
  /** Targets with somebody waiting that may go, in the order they will be served. */
  readonly #ring = new Set<string>();
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when it is this one's turn; the returned `leave` takes it out of the line, `false` when its turn has come. */
  take(target: string, most: number): { readonly turn: Promise<Turn>; leave(): boolean } {
    const line = this.#lines.get(target) ?? { running: 0, most, waiting: [] };
    line.most = most;
    this.#lines.set(target, line);
    let start: Waiting = () => {};
    const turn = new Promise<Turn>((resolve) => {
      start = resolve;
    });
    line.waiting.push(start);
    this.#serve(target);
    return {
      turn,
      leave: () => {
        const at = line.waiting.indexOf(start);
        if (at === -1) return false;
        line.waiting.splice(at, 1);
        this.#settle(target, line);
        return true;
      },
    };
  }

  waiting(target: string): number {
    return this.#lines.get(target)?.waiting.length ?? 0;
  }

  #serve(target?: string): void {
    if (target !== undefined) this.#enter(target);
    while (this.#running < this.#most) {
      const [next] = this.#ring;
      if (next === undefined) return;
      this.#ring.delete(next);
      const line = this.#lines.get(next);
      const start = line?.waiting.shift();
      if (line === undefined || start === undefined) continue;
      line.running += 1;
      this.#running += 1;
      this.#enter(next);
      start(this.#turn(next, line));
    }
  }

  #enter(target: string): void {
    const line = this.#lines.get(target);
    if (line !== undefined && line.waiting.length > 0 && line.running < line.most) {
      this.#ring.add(target);
    }
  }

  #turn(target: string, line: Line): Turn {
    let isLent = false;
    let isOver = false;
    const lend = (): void => {
      if (isLent) return;
      isLent = true;
      this.#running -= 1;
    };
    return {
      lend: () => {
        if (isOver) return;
        lend();
        this.#serve();
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        lend();
        line.running -= 1;
        this.#settle(target, line);
        this.#serve(target);
      },
    };
  }

  #settle(target: string, line: Line): void {
    if (line.waiting.length > 0) return;
    this.#ring.delete(target);
    if (line.running === 0) this.#lines.delete(target);
  }
}
