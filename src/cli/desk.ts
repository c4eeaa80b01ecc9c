/** One run of one command: asks the service, shows the answer to a person or to a program. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Commands, Io } from './program.ts';
import { oneLine, Paper } from './text/paper.ts';
import { safeJson } from './text/words.ts';
import { readMoment } from './times.ts';

export type Globals = {
  readonly json?: boolean;
  readonly pretty?: boolean;
  readonly home?: string;
};

/** Writes an answer for a person. */
export type Render<Value> = (paper: Paper, value: Value, screen: Screen) => void;

export type Screen = {
  readonly now: Instant;
  /** What was asked, so that a hint can name the next command in full. */
  readonly asked: string;
};

export class Desk {
  readonly io: Io;
  readonly commands: Commands;
  readonly json: boolean;
  readonly home: string;
  readonly #pretty: boolean;
  readonly #asked: string;

  constructor(io: Io, commands: Commands, globals: Globals, asked: string) {
    this.io = io;
    this.commands = commands;
    this.json = globals.json === true || globals.pretty === true;
    this.#pretty = globals.pretty === true;
    this.#asked = asked;
    const named = globals.home ?? io.env['HOLDFAST_HOME'];
    const home = named === undefined || named === '' ? '~/.holdfast' : named;
    const own = io.env['HOME'] ?? homedir();
    this.home = resolve(io.cwd, home === '~' || home.startsWith('~/') ? own + home.slice(1) : home);
  }

  /** One operation; what it notes goes to standard error. */
  async ask(operation: string, input: Json): Promise<Json> {
    const service = await this.commands.open(this.home);
    try {
      const answer = await service.perform({ operation, input, progress: this.progress });
      this.clearProgress();
      for (const notice of answer.notices) this.note(notice);
      return answer.value;
    } finally {
      this.clearProgress();
      await service.close();
    }
  }

  async answer<Value>(operation: string, input: Json, render: Render<Value>): Promise<Value> {
    const value = (await this.ask(operation, input)) as Value;
    this.show(value, render);
    return value;
  }

  show<Value>(value: Value, render: Render<Value>): void {
    if (this.json) {
      this.io.stdout(`${safeJson(value as Json, this.#pretty)}\n`);
      return;
    }
    const paper = this.paper();
    render(paper, value, { now: this.io.now(), asked: this.#asked });
    this.io.stdout(paper.toString());
  }

  /** Text for a program, to the byte; at a terminal only what an eye may see of it. */
  raw(text: string, to: 'stdout' | 'stderr' = 'stdout'): void {
    const ended = text.endsWith('\n') ? text : `${text}\n`;
    if (!this.io.isTerminal[to]) {
      this.io[to](ended);
      return;
    }
    const paper = new Paper({ columns: undefined, colour: false });
    paper.block(ended, '');
    this.io[to](paper.toString());
  }

  /**
   * What a person reads before they decide: where their eyes are. With --json, and when standard output
   * goes elsewhere, that is standard error; where nobody is, it is shown only when it is no JSON.
   */
  present<Value>(value: Value, render: Render<Value>): void {
    const { stdout, stderr } = this.io.isTerminal;
    const aside = stderr && (this.json || !stdout);
    if (this.json && !aside) return;
    const paper = aside ? new Paper({ columns: undefined, colour: false }) : this.paper();
    render(paper, value, { now: this.io.now(), asked: this.#asked });
    if (aside) this.io.stderr(paper.toString());
    else this.io.stdout(paper.toString());
  }

  paper(): Paper {
    const { env, isTerminal, columns } = this.io;
    const colour = isTerminal.stdout && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
    return new Paper({ columns: isTerminal.stdout ? widthOfTerminal(columns) : undefined, colour });
  }

  /** A moment as a person typed it, as RFC 3339. */
  moment(text: string): string {
    return readMoment(text, this.io.now());
  }

  note(text: string): void {
    this.io.stderr(`holdfast: note: ${oneLine(text)}\n`);
  }

  #drawn = false;

  /** Shown over one line of the terminal, and nowhere else. */
  readonly progress = (note: string): void => {
    if (!this.io.isTerminal.stderr) return;
    const room = Math.max(20, widthOfTerminal(this.io.columns) - 4);
    this.io.stderr(`\r\u001b[K  ${oneLine(note).slice(0, room)}`);
    this.#drawn = true;
  };

  clearProgress(): void {
    if (this.#drawn) this.io.stderr('\r\u001b[K');
    this.#drawn = false;
  }
}

/** Some terminals do not know their width, and none that is used is narrower than this. */
export function widthOfTerminal(columns: number | undefined): number {
  return columns === undefined || columns === 0 ? 80 : Math.max(40, columns);
}
