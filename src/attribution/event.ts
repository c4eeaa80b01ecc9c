/**
 * What an audit trail says happened, taken only from positions that whoever caused the line cannot write.
 *
 * An account is set where the record itself holds who did it: the kernel's login id, the user id of the
 * process that logged, the name that apt took from sudo. Free text never becomes one.
 */
import type { Instant } from '#base/time';
import { clean } from '#redaction';

export type TrailName = 'journal' | 'auth.log' | 'audit.log' | 'dpkg.log' | 'apt history';

export type EventSource = 'sudo' | 'su' | 'sshd' | 'cron' | 'auditd' | 'dpkg' | 'apt';

/** What a write to a path touched: what is in it, who may use it, or whether it is there. */
export type WriteKind = 'content' | 'meta' | 'presence';

export type Act =
  /** `cwd`: against which relative words are read; `asRoot`: it ran with root's rights. */
  | {
      readonly kind: 'command';
      readonly words: readonly string[];
      readonly cwd: string | null;
      readonly asRoot: boolean;
    }
  /** Text that a shell runs. */
  | { readonly kind: 'shell'; readonly text: string }
  | { readonly kind: 'write'; readonly path: string; readonly wrote: WriteKind }
  | { readonly kind: 'package'; readonly name: string; readonly unattended: boolean }
  /** Somebody was there, which is not that they did anything. */
  | { readonly kind: 'session' }
  /** A command whose line can be read in two ways: it may have done anything. */
  | { readonly kind: 'obscure' };

export type TrailEvent = {
  readonly at: Instant;
  /** It happened in so many microseconds from `at` on: 1 is that very one, and text logs know seconds. */
  readonly within: number;
  readonly trail: TrailName;
  readonly source: EventSource;
  /** The account that did it, from a position that account cannot write; `null` where none is. */
  readonly account: string | null;
  /** The line could have been written by any account of the host. */
  readonly forgeable: boolean;
  readonly act: Act;
  /** Cleaned and redacted, one line. */
  readonly says: string;
};

export type Parsed = {
  readonly events: readonly TrailEvent[];
  /** Lines that are in no form known here, or say two things at once. */
  readonly passedOver: number;
  /** There was more than is read. */
  readonly cut: boolean;
  /** The earliest moment any line told, also of lines that are no event. */
  readonly from: Instant | null;
};

/** Accounts of the host by user id, as our own looks saw them. */
export type AccountsById = ReadonlyMap<number, string>;

export const MOST_LINES = 40_000;
export const MOST_EVENTS = 10_000;
export const LINE_CHARS = 8_192;
const SAYS_CHARS = 240;

/** Of a kernel that was never told who logged in. */
const UNSET = 4_294_967_295;

const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.@-]{0,62}\$?$/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

export function isAccount(text: string): boolean {
  return ACCOUNT.test(text);
}

/** One line without anything a line cannot hold. */
export function isOneLine(text: string): boolean {
  return text.length <= LINE_CHARS && !UNPRINTABLE.test(text.replaceAll('\t', ' '));
}

export function saying(text: string): string {
  return clean(text.replaceAll(/\s+/g, ' ').trim(), { maxChars: SAYS_CHARS }).text;
}

/** A login or user id as a record holds it; `undefined` when it is unset or no number. */
export function readId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id >= UNSET ? undefined : id;
}

/** At most so many lines, each of a bounded length; longer ones are passed over. */
export function boundedLines(text: string): {
  readonly lines: readonly string[];
  readonly passedOver: number;
  readonly cut: boolean;
} {
  const all = text.split('\n');
  const kept = all.slice(-MOST_LINES).filter((line) => line !== '');
  const lines = kept.filter((line) => line.length <= LINE_CHARS);
  return { lines, passedOver: kept.length - lines.length, cut: all.length > MOST_LINES };
}
