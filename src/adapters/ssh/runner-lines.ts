/**
 * Frames to the runner's account: a kept connection per target without a session, and one session for each frame.
 * A fault means that nothing was sent; whatever goes wrong later is told as it ended, and the caller does not know.
 */
import type { Clock, ProgramResult } from '#base/ports';
import type { Target } from '#model';
import type { Kept, KeptLines } from './kept-lines.ts';
import type { Link, Links } from './links.ts';
import { unreachable } from './unreachable.ts';

type Entry = {
  readonly route: string;
  readonly line: Promise<RunnerLine>;
  readonly stop: AbortController;
};

export class RunnerLines {
  readonly #links: Links;
  readonly #kept: KeptLines;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Entry>();

  constructor(links: Links, kept: KeptLines, clock: Clock) {
    this.#links = links;
    this.#kept = kept;
    this.#clock = clock;
  }

  async exchange(
    target: Target,
    frame: Uint8Array,
    timeoutMs: number,
    maxBytes: number,
  ): Promise<ProgramResult> {
    const line = await this.#line(target);
    return line.exchange(frame, timeoutMs, maxBytes);
  }

  async drop(target?: string): Promise<void> {
    const dropped = [...this.#lines].filter(([id]) => target === undefined || id === target);
    for (const [id] of dropped) this.#lines.delete(id);
    await Promise.all(
      dropped.map(async ([, { line, stop }]) => {
        stop.abort();
        const open = await line.catch(() => undefined);
        if (open === undefined) return;
        this.#kept.remove(open);
        await open.close();
      }),
    );
  }

  async #line(target: Target): Promise<RunnerLine> {
    const route = JSON.stringify([target.address, target.via, target.hostKey]);
    const kept = this.#lines.get(target.id);
    if (kept !== undefined) {
      const line = await kept.line.catch(() => undefined);
      if (kept.route === route && line?.isUsable === true) return line;
      // Who else waited here may have opened another meanwhile.
      if (this.#lines.get(target.id) !== kept) return this.#line(target);
      await this.drop(target.id);
    }
    const stop = new AbortController();
    const line = this.#open(target, stop.signal);
    this.#lines.set(target.id, { route, line, stop });
    line.catch(() => this.#lines.get(target.id)?.line === line && this.#lines.delete(target.id));
    return line;
  }

  async #open(target: Target, signal: AbortSignal): Promise<RunnerLine> {
    const line = await this.#kept.add(
      async () => new RunnerLine(await this.#links.open(target, 'runner', signal), this.#clock),
    );
    if (line === undefined) throw unreachable(target.id, 'busy');
    return line;
  }
}

class RunnerLine implements Kept {
  readonly #link: Link;
  readonly #clock: Clock;
  #active = 0;
  #isOver = false;
  usedAt: number;

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    this.usedAt = clock.monotonicMs();
    void link.channel.ended.then(() => this.close());
  }

  get isUsable(): boolean {
    return !this.#isOver;
  }

  get isIdle(): boolean {
    return this.#active === 0;
  }

  trim(): void {}

  async exchange(frame: Uint8Array, timeoutMs: number, maxBytes: number): Promise<ProgramResult> {
    this.#active += 1;
    try {
      return await this.#link.exchange(frame, timeoutMs, maxBytes);
    } finally {
      this.#active -= 1;
      this.usedAt = this.#clock.monotonicMs();
    }
  }

  close(): Promise<void> {
    this.#isOver = true;
    return this.#link.close();
  }
}
