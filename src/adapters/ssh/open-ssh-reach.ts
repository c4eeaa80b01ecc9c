/** Hosts over OpenSSH: one place that keeps what is open, and ends all of it. */
import { Fault } from '#base/fault';
import type { ProgramResult, ProgramRun } from '#base/ports';
import type { Target } from '#model';
import type { Adapter } from '../adapter.ts';
import { framedHost } from '../framed-host.ts';
import { KeptLines } from './kept-lines.ts';
import { Links } from './links.ts';
import type { HostReader, ReachState, SshReach } from './reach.ts';
import { ReaderLine } from './reader-line.ts';
import { RunnerLines } from './runner-lines.ts';
import { type OpenSsh, SSH_SETTINGS } from './settings.ts';
import { SshReader } from './ssh-reader.ts';
import { Turns } from './turns.ts';

const MOST_SECONDS = 600;
const MOST_BYTES = 4_194_304;

export function openSshReach(parts: OpenSsh): SshReach {
  return new OpenSshReach(parts);
}

class OpenSshReach implements SshReach {
  readonly adapter: Adapter;
  readonly #parts: OpenSsh;
  readonly #settings: typeof SSH_SETTINGS;
  readonly #links: Links;
  readonly #turns: Turns;
  readonly #kept: KeptLines;
  readonly #runners: RunnerLines;
  readonly #readers = new Map<string, { readonly route: string; readonly reader: SshReader }>();
  #isOver = false;

  constructor(parts: OpenSsh) {
    this.#parts = parts;
    this.#settings = { ...SSH_SETTINGS, ...parts.settings };
    this.#links = new Links(parts, this.#settings);
    this.#turns = new Turns(this.#settings.mostRunning);
    this.#kept = new KeptLines(parts.clock, this.#settings);
    this.#runners = new RunnerLines(this.#links, this.#kept, parts.clock);
    this.adapter = {
      name: 'ssh',
      host: async (target) =>
        framedHost({
          name: target.id,
          exchange: (frame, timeoutMs, maxBytes) =>
            this.#runners.exchange(target, frame, timeoutMs, maxBytes),
          look: (run) => lookOver(this.reader(target), run),
        }),
    };
  }

  reader(target: Target): HostReader {
    if (this.#isOver)
      throw new Fault(
        'unavailable',
        'connection-lost',
        'hosts are not reached any more: Holdfast is ending. Start it again',
      );
    const route = JSON.stringify([target.address, target.via, target.hostKey]);
    const kept = this.#readers.get(target.id);
    if (kept?.route === route) return kept.reader;
    // The inventory says something else now: what was reached before may be another host.
    void kept?.reader.close();
    const { clock, random } = this.#parts;
    const reader = new SshReader({
      target: target.id,
      clock,
      random,
      settings: this.#settings,
      turns: this.#turns,
      kept: this.#kept,
      open: async (signal) =>
        new ReaderLine(await this.#links.open(target, 'reader', signal), clock),
    });
    this.#readers.set(target.id, { route, reader });
    return reader;
  }

  states(): readonly ReachState[] {
    return [...this.#readers.values()].map(({ reader }) => reader.state);
  }

  async drop(target?: string): Promise<void> {
    const readers = [...this.#readers]
      .filter(([id]) => target === undefined || id === target)
      .map(([, { reader }]) => reader);
    await Promise.all([...readers.map((each) => each.drop()), this.#runners.drop(target)]);
    await this.#links.forget(target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#readers.values()].map(({ reader }) => reader.close()));
    await this.#runners.drop();
    await this.#kept.close();
    await this.#links.forget();
    this.#readers.clear();
  }
}

/** A look of an adapter, through the reader's account; its argv is a normal form. */
async function lookOver(reader: HostReader, run: ProgramRun): Promise<ProgramResult> {
  const answer = await reader.run(run.argv, {
    seconds: Math.max(1, Math.min(MOST_SECONDS, Math.ceil(run.timeoutMs / 1_000))),
    bytes: Math.min(MOST_BYTES, run.maxBytes),
  });
  if (answer.verdict === 'refused') {
    throw new Fault(
      'refused',
      'host-refused',
      `host refuses to run it: ${answer.code}. Ask for a form of the command that only reads`,
      { facts: { code: answer.code } },
    );
  }
  const { stdout, stderr, status, ended } = answer;
  const exit = ended === 'exited' ? status : null;
  return { ended: ended === 'signalled' ? 'signal' : ended, exit, stdout, stderr };
}
