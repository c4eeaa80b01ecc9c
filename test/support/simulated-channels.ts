/** Programs in memory that keep running: what one does is a script given its argv. */
import { Fault } from '#base/fault';
import type { Channel, Channels } from '#base/ports';

/** The program's side of its pipes. */
export type Inside = {
  readonly argv: readonly string[];
  /** What was written to it, piece by piece; `undefined` when it is to end. */
  read(): Promise<Uint8Array | undefined>;
  write(bytes: string | Uint8Array): void;
  complain(text: string): void;
  /** Aborts when somebody ends it. */
  readonly killed: AbortSignal;
};

/** Resolves to the exit status. */
export type Script = (inside: Inside) => Promise<number | null>;

export class SimulatedChannels implements Channels {
  readonly #scriptFor: (argv: readonly string[]) => Script | undefined;
  opened = 0;
  running = 0;
  /** The most that ran at once. */
  peak = 0;

  constructor(scriptFor: (argv: readonly string[]) => Script | undefined) {
    this.#scriptFor = scriptFor;
  }

  async open({ argv }: Parameters<Channels['open']>[0]): Promise<Channel> {
    await Promise.resolve();
    const script = this.#scriptFor(argv);
    if (script === undefined) {
      throw new Fault('unavailable', 'program-missing', `simulated: no such program: ${argv[0]}`);
    }
    this.opened += 1;
    this.running += 1;
    this.peak = Math.max(this.peak, this.running);
    const channel = new SimulatedChannel(argv, script);
    void channel.ended.then(() => {
      this.running -= 1;
    });
    return channel;
  }
}

class SimulatedChannel implements Channel {
  readonly ended: Promise<{ readonly exit: number | null }>;
  readonly #in = new Pipe();
  readonly #out = new Pipe();
  readonly #kill = new AbortController();
  #said = '';

  constructor(argv: readonly string[], script: Script) {
    const { signal } = this.#kill;
    const killed = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    const ran = script({
      argv,
      read: () => this.#in.read(),
      write: (bytes) => this.#out.write(Buffer.from(bytes as string)),
      complain: (text) => {
        this.#said = (this.#said + text).slice(-8_192);
      },
      killed: signal,
    });
    this.ended = Promise.race([ran, killed]).then((exit) => {
      this.#in.end();
      this.#out.end();
      return { exit };
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    if (!this.#in.write(bytes)) {
      throw new Fault('unavailable', 'channel-closed', 'simulated: nobody reads');
    }
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#out.read();
  }

  says(): string {
    return this.#said;
  }

  async close(): Promise<void> {
    this.#kill.abort();
    await this.ended;
  }
}

class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #wake: () => void = () => {};
  #isOver = false;

  write(bytes: Uint8Array): boolean {
    if (this.#isOver) return false;
    this.#chunks.push(bytes);
    this.#wake();
    return true;
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
