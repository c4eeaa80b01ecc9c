/**
 * Hints that something moved, for whoever has a stream open: a topic, and never data. What is asked after a hint
 * passes the same path as everything else. A stream ends with the session or lease that opened it, and nothing is told
 * that the files in force do not let be heard at that moment: each burst asks anew.
 */
import { type Capability, capabilitiesOf, type Reach } from '#access';
import type { Clock } from '#base/ports';
import type { Asker } from './asker.ts';
import { AtOnce } from './rate.ts';

export const TOPICS = [
  'changes',
  'findings',
  'facts',
  'targets',
  'stops',
  'leases',
  'sessions',
  'log',
] as const;
export type Topic = (typeof TOPICS)[number];

/** When something moved tells something as well: each hears only of what they may ask about. `null`: people only. */
const ASKED_WITH: Readonly<Record<Topic, Capability | null>> = {
  changes: 'changes.read',
  findings: 'drift.read',
  facts: 'facts.read',
  targets: 'inventory.read',
  stops: 'changes.read',
  leases: 'leases.read',
  sessions: null,
  log: 'events.read',
};

export type HintLimits = {
  /** Open streams of one session or lease, and of all together. */
  readonly streams: number;
  readonly allStreams: number;
  readonly heartbeatMs: number;
  /** As often it is asked of an open stream who is there by what is in force, whether or not anything moves. */
  readonly checkMs: number;
  /** A burst becomes one hint of each topic. */
  readonly gatherMs: number;
};

type Stream = { readonly tell: (topic: Topic) => void; readonly check: () => void };

const UTF8 = new TextEncoder();
/** What a timer can hold, and longer than any session or lease. */
const LONGEST_MS = 2 ** 31 - 1;

export class Hints {
  readonly #clock: Clock;
  readonly #limits: HintLimits;
  readonly #streams = new Set<Stream>();
  readonly #waiting = new Set<Pick<Stream, 'check'>>();
  readonly #mine: AtOnce;
  readonly #all: AtOnce;
  readonly #closing = new AbortController();

  constructor(clock: Clock, limits: HintLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#mine = new AtOnce(limits.streams);
    this.#all = new AtOnce(limits.allStreams);
  }

  get open(): number {
    return this.#streams.size;
  }

  publish(topic: Topic): void {
    for (const stream of this.#streams) stream.tell(topic);
  }

  /** Ends the streams, and the waiting, of whoever is not here any more. */
  check(): void {
    for (const stream of [...this.#streams, ...this.#waiting]) stream.check();
  }

  /**
   * What was asked comes to, or `undefined` as soon as whoever asks is not here any more. The signal that `ask` is
   * handed then says so, and also when the other end went away.
   */
  async whileHere<T>(
    asker: Asker,
    away: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const over = new AbortController();
    const done = new AbortController();
    const { promise: gone, resolve } = Promise.withResolvers<undefined>();
    over.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    const stream = { check: () => void ifGone(asker, () => over.abort()) };
    this.#waiting.add(stream);
    this.#atItsEnd(asker, () => over.abort(), done.signal);
    try {
      const asked = ask(AbortSignal.any([over.signal, away]));
      // Once nobody waits for it any more, what becomes of it is on its own record.
      asked.catch(() => {});
      const answer = await Promise.race([asked, gone]);
      return answer !== undefined && (await isHere(asker)) ? answer : undefined;
    } finally {
      this.#waiting.delete(stream);
      done.abort();
    }
  }

  /** Nobody is here for longer than what they came with lasts. */
  #atItsEnd({ endsAt }: Asker, end: () => void, until: AbortSignal): void {
    const left = (endsAt - this.#clock.now()) / 1_000;
    if (left > LONGEST_MS) return;
    void this.#clock.sleep(Math.max(1, left), until).then(() => {
      if (!until.aborted) end();
    });
  }

  close(): void {
    this.#closing.abort();
  }

  /** `text/event-stream` (WHATWG HTML, 9.2). Throws `too-many-requests`. `gone`: the other end went away. */
  follow(asker: Asker, gone: AbortSignal): ReadableStream<Uint8Array> {
    const leaveAll = this.#all.enter('all');
    let leaveMine: () => void;
    try {
      leaveMine = this.#mine.enter(asker.caller.session);
    } catch (thrown) {
      leaveAll();
      throw thrown;
    }
    const over = new AbortController();
    const ended = AbortSignal.any([over.signal, gone, this.#closing.signal]);
    const waiting = new Set<Topic>();
    let gathering = false;
    const stream: Stream = {
      tell: (topic) => {
        waiting.add(topic);
        if (gathering) return;
        gathering = true;
        void this.#clock.sleep(this.#limits.gatherMs, ended).then(async () => {
          gathering = false;
          if (ended.aborted) return;
          const reach = await reachNow(asker);
          if (reach === undefined) return over.abort();
          const topics = [...waiting].filter((each) => mayHear(asker, reach, each));
          waiting.clear();
          write(topics.map((each) => `data: ${JSON.stringify({ topic: each })}\n\n`).join(''));
        });
      },
      check: () => void ifGone(asker, () => over.abort()),
    };
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const write = (text: string): void => {
      if (ended.aborted || controller === undefined || text === '') return;
      // Whoever does not read is let go: hints are made good by asking again after a gap.
      if ((controller.desiredSize ?? 0) <= 0) over.abort();
      else controller.enqueue(UTF8.encode(text));
    };
    const end = (): void => {
      this.#streams.delete(stream);
      leaveAll();
      leaveMine();
      try {
        controller?.close();
      } catch {
        // Closed from the other end already.
      }
    };
    const every = async (ms: number, act: () => void): Promise<void> => {
      while (!ended.aborted) {
        await this.#clock.sleep(ms, ended);
        act();
      }
    };
    return new ReadableStream<Uint8Array>(
      {
        start: (started) => {
          controller = started;
          this.#streams.add(stream);
          if (ended.aborted) end();
          else ended.addEventListener('abort', end, { once: true });
          write('retry: 2000\n\n');
          this.#atItsEnd(asker, () => over.abort(), ended);
          void every(this.#limits.heartbeatMs, () => write(':\n\n'));
          void every(this.#limits.checkMs, stream.check);
        },
        cancel: () => over.abort(),
      },
      { highWaterMark: 64 },
    );
  }
}

function mayHear({ person }: Asker, reach: Reach, topic: Topic): boolean {
  const capability = ASKED_WITH[topic];
  return capability === null ? person !== null : capabilitiesOf(reach).includes(capability);
}

/** Where nobody can tell, nobody is told anything more. */
async function reachNow(asker: Asker): Promise<Reach | undefined> {
  return asker.reachNow().catch(() => undefined);
}

async function isHere(asker: Asker): Promise<boolean> {
  return (await reachNow(asker)) !== undefined;
}

async function ifGone(asker: Asker, end: () => void): Promise<void> {
  if (!(await isHere(asker))) end();
}
