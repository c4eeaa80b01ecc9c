/** What every collector does with files and text: read bounded, decode, split, gather facts. */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Look, LookFact, LookSession } from './look-session.ts';

/** One text value; longer text is cut where everyone can see it. */
const TEXT_CHARS = 4_096;
/** One line of a file; longer ones are no configuration that a program reads either. */
const LINE_CHARS = 64 * 1024;
export const FILE_BYTES = 1024 * 1024;

export function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Non-empty lines without their ends; lines beyond the limit are left out. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && line.length <= LINE_CHARS);
}

/** Words between runs of blanks and tabs. */
export function wordsOf(line: string): string[] {
  return line.split(/[ \t]+/).filter((word) => word !== '');
}

export function shown(text: string): string {
  const whole = text.toWellFormed();
  if (whole.length <= TEXT_CHARS) return whole;
  return `${whole.slice(0, TEXT_CHARS).toWellFormed()}… (cut, ${whole.length} characters)`;
}

/** A decimal number of at most 15 digits, or `undefined`. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Text of a file that may be absent; `undefined` when it is. */
export async function readText(
  session: LookSession,
  path: string,
  maxBytes: number = FILE_BYTES,
): Promise<string | undefined> {
  const bytes = await session.files.read(path, maxBytes);
  return bytes === undefined ? undefined : decode(bytes);
}

/** One line of a kernel file, trimmed; `undefined` when it is absent or will not be read. */
export async function readValue(session: LookSession, path: string): Promise<string | undefined> {
  try {
    return (await readText(session, path, 4_096))?.trim();
  } catch (error) {
    return rethrowEnd(error);
  }
}

/** The end of a look is never taken for something that could not be read. */
export function rethrowEnd(error: unknown): undefined {
  if (error instanceof Fault && (error.code === 'look-ended' || error.code === 'look-too-much')) {
    throw error;
  }
  return undefined;
}

/** Why something could not be read, in words that hold no text of the machine but the path. */
export function reasonOf(error: unknown, path: string): string {
  rethrowEnd(error);
  if (error instanceof Fault) return error.message.slice(0, 300);
  const code = (error as { code?: unknown } | null)?.code;
  return `${path}: ${typeof code === 'string' ? code : 'could not be read'}`;
}

/** Gathers what one collector sees. What is `undefined` is no fact. */
export class Gathering {
  readonly #session: Pick<LookSession, 'entity' | 'self'>;
  readonly #facts: LookFact[] = [];
  /** What is told already, by entity and attribute. */
  readonly #told = new Map<string, Set<string>>();
  readonly #short = new Map<string, string>();

  constructor(session: Pick<LookSession, 'entity' | 'self'>) {
    this.#session = session;
  }

  /** Facts of one entity; the first to speak of an attribute wins. */
  add(kind: string, key: string, attributes: Readonly<Record<string, Json | undefined>>): void {
    this.#add(this.#session.entity(kind, key), attributes);
  }

  addSelf(attributes: Readonly<Record<string, Json | undefined>>): void {
    this.#add(this.#session.self, attributes);
  }

  has(kind: string, key: string): boolean {
    return this.#told.has(this.#session.entity(kind, key));
  }

  ref(kind: string, key: string): Json {
    return { ref: this.#session.entity(kind, key) };
  }

  /** Not everything of `kind` was seen. The first reasons are kept. */
  short(kind: string, reason: string): void {
    const before = this.#short.get(kind);
    if (before === undefined) this.#short.set(kind, reason.slice(0, 500));
    else if (before.length < 500) this.#short.set(kind, `${before}; ${reason.slice(0, 200)}`);
  }

  end(kinds: readonly string[]): Look {
    return {
      facts: [...this.#facts],
      complete: kinds.filter((kind) => !this.#short.has(kind)),
      shortfalls: [...this.#short].map(([kind, reason]) => ({ kind, status: 'partial', reason })),
    };
  }

  #add(entity: string, attributes: Readonly<Record<string, Json | undefined>>): void {
    let told = this.#told.get(entity);
    for (const [attribute, value] of Object.entries(attributes)) {
      if (value === undefined) continue;
      if (told === undefined) {
        told = new Set();
        this.#told.set(entity, told);
      }
      if (told.has(attribute)) continue;
      told.add(attribute);
      const kept = typeof value === 'string' ? shown(value) : value;
      this.#facts.push({ entity, attribute, value: kept });
    }
  }
}
