/**
 * The doors to the outside: time, randomness, files, programs, one request over the network and one
 * line to a collector.
 *
 * Nothing below `main` reaches these in any other way, so a seed and a script of faults replay
 * a whole run. The real ones are in `machine/`, the simulated ones in `test/support/`.
 */
import type { Instant } from './time.ts';

/** Wall time and a monotonic count. The wall may jump; whoever needs order asks `monotonicMs`. */
export interface Clock {
  now(): Instant;
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  bytes(count: number): Uint8Array;
}

/** An open file that only grows. */
export interface Appender {
  /** Writes all of `bytes` at the end, or throws; after a throw any prefix of them may be there. */
  append(bytes: Uint8Array): Promise<void>;
  /** Returns when everything appended so far survives a power cut (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type FileInfo = {
  readonly size: number;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
};

/**
 * Files of our own: the data directory, nothing of a target's.
 *
 * Absence is `undefined`; every other trouble is thrown with the system's `code` kept.
 */
export interface Files {
  info(path: string): Promise<FileInfo | undefined>;
  list(directory: string): Promise<readonly string[] | undefined>;
  read(path: string): Promise<Uint8Array | undefined>;
  /** Bytes `[from, to)` of a file; shorter where the file ends. */
  readRange(path: string, from: number, to: number): Promise<Uint8Array | undefined>;
  /** Temporary file, fsync, rename, fsync of the directory: the old or the new content, never a mix. */
  replace(path: string, bytes: Uint8Array, mode?: number): Promise<void>;
  appender(path: string, mode?: number): Promise<Appender>;
  /** Cuts a file to `size` bytes, durably. */
  truncate(path: string, size: number): Promise<void>;
  /** Creates the directory and its parents with mode 0700; an existing one is left as it is. */
  makeDirectory(path: string): Promise<void>;
  /** Removes a file, durably; absence is no error. */
  remove(path: string): Promise<void>;
}

export type ProgramRun = {
  readonly argv: readonly [program: string, ...args: string[]];
  readonly timeoutMs: number;
  /** Output beyond this is dropped and the program is ended. */
  readonly maxBytes: number;
  readonly stdin?: string | Uint8Array;
  /** The whole environment; nothing is inherited. Default: PATH, LC_ALL=C, no pager. */
  readonly env?: Readonly<Record<string, string>>;
};

export type ProgramResult = {
  /** `missing`: no such program. `timeout`, `too-much`: we ended it, its whole process group with it. */
  readonly ended: 'exited' | 'signal' | 'timeout' | 'too-much' | 'missing';
  readonly exit: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
};

/** Programs run as argv, never through a shell, with an allowlisted environment. Never throws for what a program does. */
export interface Programs {
  run(run: ProgramRun): Promise<ProgramResult>;
}

/** A program that keeps running, spoken to over its standard input and output. */
export interface Channel {
  /** Resolves when the bytes were taken; rejects when the program does not read any more. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes of standard output, of any length; `undefined` at its end. One reader at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** The last 8 KiB of standard error so far. */
  says(): string;
  /** Resolves when it has ended, however it ended; never rejects. */
  readonly ended: Promise<{ readonly exit: number | null }>;
  /** Ends it and its process group: SIGTERM, and SIGKILL a second later. Resolves when it is gone. */
  close(): Promise<void>;
}

/** Opens channels to programs, as argv, with the whole environment given. Rejects (`unavailable`, `program-missing`) when it cannot start. */
export interface Channels {
  open(start: {
    readonly argv: readonly [program: string, ...args: string[]];
    readonly env: Readonly<Record<string, string>>;
  }): Promise<Channel>;
}

/** A look at the machine's own files: read only, bounded, never following a link out of what was asked. */
export interface MachineFiles {
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  list(directory: string): Promise<readonly string[] | undefined>;
  stat(path: string): Promise<MachineFileInfo | undefined>;
  readLink(path: string): Promise<string | undefined>;
  /** Lower-case hex SHA-256 of a regular file of at most `maxBytes`; `undefined` when absent or bigger. */
  sha256(path: string, maxBytes: number): Promise<string | undefined>;
}

export type MachineFileInfo = {
  readonly kind: 'file' | 'directory' | 'symlink' | 'socket' | 'other';
  readonly uid: number;
  readonly gid: number;
  /** Permission bits with setuid, setgid and sticky, as a number. */
  readonly mode: number;
  readonly size: number;
  readonly modifiedAt: Instant;
};

export type PostRequest = {
  readonly method: 'GET' | 'POST';
  /** `http:` or `https:`, without a user or a password. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the whole of it, from looking up the name to the last byte. */
  readonly timeoutMs: number;
  /** An answer that is bigger is dropped, and the request rejects. */
  readonly maxBytes: number;
  /** PEM certificates that are trusted for this request instead of the system's. */
  readonly ca?: string;
};

export type PostAnswer = {
  readonly status: number;
  /** Lower-case names; what came more than once is left out. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/**
 * One bounded request to an address that an operator configured, never one that a target or an
 * assistant named. Redirects are answers like others and are not followed; no proxy, no cookies.
 * Every address of the host is judged before anything is sent (`egress`), and the connection goes to one of them.
 * Rejects with `url-refused` (`invalid`), `egress-refused` (`refused`) or `request-failed` (`unavailable`).
 */
export interface Poster {
  request(request: PostRequest): Promise<PostAnswer>;
}

/**
 * The same road in the shape of WHATWG `fetch`, for libraries that take one: bounded in size and time, judged address by
 * address. A redirect is answered as it is (`redirect: 'manual'`) and otherwise rejects; it is never followed.
 * Rejects with the faults of `Poster`.
 */
export type EgressFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Sends whole messages to one collector that an operator configured. Opens its connection when it is first
 * needed, and again after it broke. Rejects with `send-failed` (`unavailable`) when a message did not leave;
 * over UDP nobody knows whether it arrived.
 */
export interface Sender extends AsyncDisposable {
  send(bytes: Uint8Array): Promise<void>;
}

export type Mail = {
  readonly host: string;
  readonly port: number;
  /** `starttls` that is not offered is no delivery. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly credentials: { readonly user: string; readonly password: string } | null;
  /** PEM certificates that are trusted instead of the system's. */
  readonly ca: string | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly messageId: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
  readonly timeoutMs: number;
};

/** Hands one message to a mail server that an operator configured. Rejects with `mail-failed` (`unavailable`) when it was not taken for every recipient. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}
