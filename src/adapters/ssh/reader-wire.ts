/**
 * Requests and answers of the reader's channel, byte for byte (docs/reading.md). What a host writes is read
 * strictly and within what was asked for: an answer that is not in the one form is no answer.
 */
import { Fault } from '#base/fault';
import type { ReadAnswer, ReaderHello } from './reach.ts';

/** Of standard error, at most so much is kept by the host. */
const MOST_STDERR = 65_536;
/** Ten lines; the longest token has 128 characters. */
const MOST_HEAD = 512;
const MOST_ARGS = 256;
const MOST_ARG = 65_536;
const MOST_HELLO = 65_536;
const END = '\nend\n';

const TOKEN = '(?!-)[A-Za-z0-9._:@/-]{1,128}';
const NUMBER = '0|[1-9][0-9]{0,9}';
const HEAD = new RegExp(
  `^holdfast-read-answer 1\\nid (${NUMBER})\\nverdict (ok|refused)\\ncode (-|${TOKEN})\\n` +
    `ended (exited|signalled|timeout|too-much|-)\\nstatus (${NUMBER})\\nms (${NUMBER})\\n` +
    `stdout (${NUMBER})\\nstderr (${NUMBER})$`,
);

/**
 * What a host may refuse with: of docs/command-grammar.md and docs/reading.md. A host writes what it likes there, and
 * it is shown to assistants: any other word is told as one of ours.
 */
const REFUSALS: ReadonlySet<string> = new Set(
  'malformed look-alike needs-shell env-prefix unknown-program unknown-form unknown-option bad-value too-many missing never-ends secret device outside-roots egress launches privilege writes bad-request no-grammar cannot-run'.split(
    ' ',
  ),
);
const OTHER = 'unknown-refusal';

export type Ask =
  | { readonly verb: 'hello' }
  | { readonly verb: 'snapshot'; readonly seconds: number; readonly bytes: number }
  | {
      readonly verb: 'run';
      readonly seconds: number;
      readonly bytes: number;
      readonly argv: readonly [string, ...string[]];
    };

/** Throws `invalid` for what no request can carry. */
export function formatAsk(id: number, ask: Ask): Uint8Array {
  const { seconds, bytes } = limitsOf(ask);
  const patience = ask.verb === 'hello' ? '' : `seconds ${seconds}\n`;
  const head = `holdfast-read 1\nid ${id}\nverb ${ask.verb}\n${patience}bytes ${bytes}\n`;
  if (ask.verb !== 'run') return Buffer.from(`${head}end\n`);
  if (ask.argv.length > MOST_ARGS) throw invalid(`${ask.argv.length} arguments`);
  const args = ask.argv.map((arg) => `arg ${encodeText(arg)}\n`).join('');
  return Buffer.from(`${head}args ${ask.argv.length}\n${args}end\n`);
}

export function limitsOf(ask: Ask): { readonly seconds: number; readonly bytes: number } {
  const { seconds, bytes } = ask.verb === 'hello' ? { seconds: 10, bytes: MOST_HELLO } : ask;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 600) throw invalid('seconds 1 to 600');
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 4_194_304) {
    throw invalid('bytes 1 to 4194304');
  }
  return { seconds, bytes };
}

/** The text form of docs/host-contract.md. */
export function encodeText(text: string): string {
  if (text === '') return '%';
  if (text.includes('\0') || text.length > MOST_ARG || !text.isWellFormed()) {
    throw invalid('arguments are text without NUL');
  }
  return encodeURIComponent(text).replace(/%(?:2F|3A|40|2C|2B|3D)|[!'()*]/g, (part) =>
    part.startsWith('%')
      ? decodeURIComponent(part)
      : `%${part.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** One answer, taken in piece by piece. */
export class AnswerReader {
  readonly #id: number;
  readonly #mostOut: number;
  #head: Buffer = Buffer.alloc(0);
  #body: Buffer[] = [];
  #missing = 0;
  #said: { readonly fields: readonly string[]; readonly out: number; readonly err: number } | null =
    null;

  constructor(id: number, mostOut: number) {
    this.#id = id;
    this.#mostOut = mostOut;
  }

  /** Whether anything came at all. */
  get hasBegun(): boolean {
    return this.#said !== null || this.#head.length > 0;
  }

  /** The answer once it is whole, `undefined` while it is not; `broken` for what cannot become one. */
  take(chunk: Uint8Array): ReadAnswer | undefined | 'broken' {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#said === null) {
      this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
      const end = this.#head.subarray(0, MOST_HEAD).indexOf(END);
      if (end === -1) return this.#head.length >= MOST_HEAD ? 'broken' : undefined;
      const fields = HEAD.exec(this.#head.subarray(0, end).toString('latin1'));
      if (fields === null || !this.#accept(fields)) return 'broken';
      bytes = this.#head.subarray(end + END.length);
    }
    if (bytes.length > this.#missing) return 'broken';
    if (bytes.length > 0) this.#body.push(bytes);
    this.#missing -= bytes.length;
    return this.#missing === 0 ? this.#answer() : undefined;
  }

  #accept(fields: readonly string[]): boolean {
    const [, id, verdict, code, ended, , , stdout, stderr] = fields;
    const [out, err] = [Number(stdout), Number(stderr)];
    if (Number(id) !== this.#id || out > this.#mostOut || err > MOST_STDERR) return false;
    if ((verdict === 'ok') !== (code === '-') || (verdict === 'ok') === (ended === '-'))
      return false;
    if (verdict === 'refused' && out + err > 0) return false;
    this.#said = { fields, out, err };
    this.#missing = out + err;
    return true;
  }

  #answer(): ReadAnswer | 'broken' {
    if (this.#said === null) return 'broken';
    const { fields, out } = this.#said;
    const [, , verdict, code = '', ended, status, ms] = fields;
    if (verdict === 'refused') return { verdict, code: REFUSALS.has(code) ? code : OTHER };
    // A copy of its own: what stays of a chunk would be kept alive with it.
    const body = Buffer.concat(this.#body);
    return {
      verdict: 'ok',
      ended: ended as 'exited' | 'signalled' | 'timeout' | 'too-much',
      status: Number(status),
      ms: Number(ms),
      stdout: body.subarray(0, out),
      stderr: body.subarray(out),
    };
  }
}

/** What `hello` answered; `undefined` when it is not in the one form. */
export function parseHello(answer: ReadAnswer): ReaderHello | undefined {
  if (answer.verdict !== 'ok' || answer.ended !== 'exited' || answer.status !== 0) return undefined;
  const text = Buffer.from(answer.stdout).toString('latin1');
  const [, version, grammar, collect, tools] =
    /^version ([A-Za-z0-9._+-]{1,64})\ngrammar ([0-9a-f]{64}|-)\ncollect (yes|no)\ntools ?([A-Za-z0-9._+[ -]{0,60000})\n$/.exec(
      text,
    ) ?? [];
  if (version === undefined || grammar === undefined || tools === undefined) return undefined;
  const words = tools.split(' ').filter((word) => word !== '');
  return { version, grammar, collect: collect === 'yes', tools: words };
}

function invalid(says: string): Fault {
  return new Fault('invalid', 'read-invalid', `cannot be asked of a host: ${says}. Ask for less`);
}
