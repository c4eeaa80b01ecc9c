/**
 * What the command line needs from the program around it. Main implements it, and loads what is
 * heavy inside these functions only: a command that joins a running service needs no store.
 */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { CommandAnalysis, CommandGiven, Family, FoundCommand } from '#commands';
import type { HostPins } from '#enrolment';
import type { ApprovalPage } from '#execution';
import type { Severity } from '#model';
import type { Answer, UnsignedEdit } from '#operations';
import type { OperatorSsh } from './operator-ssh.ts';

/** Everything the command line can have done. Every `home` is an absolute path. */
export interface Commands {
  readonly version: string;
  /** Joins the service that owns `home`, or becomes its owner for the time of this command. */
  open(home: string): Promise<Opened>;
  /** Makes the data directory and a commented `fleet.yaml`; what is there stays as it is. */
  init(home: string): Promise<Made>;
  /** Serves until it is told to stop (or, with `once`, until everything was seen once). */
  up(home: string, options: UpOptions, tell: Teller): Promise<void>;
  /** Speaks MCP on standard input and output until the client closes it. */
  mcp(home: string): Promise<void>;
  /** Puts a checked backup in place of an empty or absent `home`. `identity`: file of the key that opens it. */
  restore(home: string, path: string, identity?: string): Promise<Json>;
  service(home: string, action: ServiceAction, manager: ServiceManager): Promise<Json>;
  /** Serves a witness until it is told to stop; `tell` gets where, and its key. */
  witness(options: WitnessOptions, tell: (line: string) => void): Promise<void>;
  /** The grammar of commands: what is shipped, and the operator's own where `home` is there. Needs no service. */
  analyst(home: string, networks: readonly string[]): Promise<Analyst>;
  /**
   * Checks the declarations of `home`, or a file or folder of them; `path` is absolute. Answers
   * `{ok, checked, problems}`, each problem with file and line.
   */
  checkDeclarations(home: string, path: string | null): Promise<Json>;
  readonly keys: Keys;
  readonly ssh: OperatorSsh;
  readonly rehearsals: Rehearsals;
  readonly exposure: Exposure;
  /**
   * Holds a page against the bytes that a person would sign: change, organisation, tier, digest, words,
   * and every part against its step of the plan. Throws `refused` `page-differs` where they differ;
   * answers the plan in lines, made from that plan alone, and they are what is to be shown.
   */
  checkPage(page: ApprovalPage, changeId: string): Promise<readonly string[]>;
  /** The same for the other documents; without it, one kind could be signed in the name of another. */
  checkOrder(shown: ShownOrder): Promise<void>;
}

/** A document about to be signed, and what was shown of it. */
export type ShownOrder = {
  readonly order: string;
  readonly namespace: string;
} & (
  | { readonly kind: 'config'; readonly version: number; readonly digestWords: string }
  | {
      readonly kind: 'standing';
      readonly action: string;
      readonly steps: number;
      readonly digestWords: string;
    }
  | { readonly kind: 'lift'; readonly stop: string }
  | {
      readonly kind: 'enrolment';
      readonly hosts: readonly HostPins[];
      readonly digestWords: string;
    }
);

/** Answers what a command would do, as for an assistant. */
export interface Analyst {
  analyse(question: CommandGiven): CommandAnalysis;
  families(): readonly Family[];
  find(query: string): readonly FoundCommand[];
  /** Everything the entries of a program say; throws `unknown-command` with candidates. */
  show(program: string): Json;
}

export type WitnessOptions = {
  readonly directory: string;
  readonly name: string;
  /** Path of a file with one verifier key of a log on each line. */
  readonly logs: string;
  readonly host: string;
  readonly port: number;
};

/** A name and TLS for the console. Nothing of it is in force before the service starts again. */
export interface Exposure {
  /** What would be written. Changes nothing; throws where what was given does not fit. */
  plan(home: string, asked: ExposeAsked): Promise<ExposePlan>;
  carryOut(home: string, asked: ExposeAsked): Promise<Exposed>;
  /** A fresh certificate of our own authority, or of the tailnet, for what is served already. */
  renew(home: string): Promise<Renewed>;
}

export type ExposeAsked = {
  /** The first is what people open; a tailnet brings its own. */
  readonly names: readonly string[];
  readonly port: number;
  /** Address to listen on; `null`: all of them, or the one of the tailnet. */
  readonly listen: string | null;
  readonly by:
    | { readonly kind: 'own-ca'; readonly fresh: boolean }
    /** Absolute paths. */
    | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
    | { readonly kind: 'tailnet' };
};

export type ExposePlan = {
  readonly names: readonly string[];
  readonly url: string;
  readonly rpId: string;
  readonly rpIdBefore: string;
  /** What is written, one thing each. */
  readonly says: readonly string[];
  /** `server.yaml` as it will be. */
  readonly text: string;
};

type Certified = { readonly file: string; readonly notAfter: string; readonly fingerprint: string };

export type Renewed = {
  readonly url: string;
  readonly certificate: Certified;
  /** Of our own making; `isNew` when every phone and browser has to be given it. */
  readonly authority: (Certified & { readonly isNew: boolean }) | null;
};

export type Exposed = Renewed & { readonly rpId: string };

/** An operator's own actions, tried on this machine where it is a lab. */
export interface Rehearsals {
  /** Answers the report, passed or not. Throws `refused` `no-lab` where this machine is none. */
  test(home: string, asked: TestAsked): Promise<Json>;
  /** The same, written down when it passed; or `report`, as `test` answered it elsewhere, instead. */
  publish(home: string, asked: TestAsked, report: string | null): Promise<Json>;
  drafts(home: string): Promise<Json>;
}

export type TestAsked = {
  /** An absolute path of a YAML file, or an id. */
  readonly what: string;
  /** Which of the file; `null` when there is one. */
  readonly only: string | null;
  readonly arguments: Json;
  /** Absolute path of a script that each try begins with. */
  readonly prepare: string | null;
  readonly watch: readonly string[];
};

/** A person's own keys, through OpenSSH. Passphrases and touches are between it and the person's terminal. */
export interface Keys {
  /**
   * Signs with a key file, a security key, or an agent's key named by its public half (SSHSIG).
   * Throws `refused` when OpenSSH or the person declined.
   */
  sign(key: string, namespace: string, text: string): Promise<string>;
  /** Makes an ed25519 key protected by a passphrase; refuses to leave one without. Answers its public line. */
  make(path: string, comment: string): Promise<string>;
  /** One line `type base64` of a public key, a private key or a certificate. */
  publicLine(path: string): Promise<string>;
  exists(path: string): Promise<boolean>;
}

export interface Opened {
  /** True when another process owns the data directory and answers. */
  readonly joined: boolean;
  perform(ask: Ask): Promise<Answer>;
  close(): Promise<void>;
}

export type Ask = {
  readonly operation: string;
  readonly input: Json;
  readonly progress: (note: string) => void;
};

export type Made = {
  readonly home: string;
  /** Path of `fleet.yaml`. */
  readonly inventory: string;
  /** False when it was there already. */
  readonly created: boolean;
};

export type UpOptions = {
  readonly once: boolean;
  /** Of MCP over HTTP on loopback; `undefined` leaves the choice to main. */
  readonly port: number | undefined;
  readonly http: boolean;
};

export type Teller = {
  readonly progress: (note: string) => void;
  /** Called once, when everything was seen and is served. */
  readonly ready: (summary: Summary) => void;
};

/** The answer of the operation `target_summary`. */
export type TargetSummary = {
  readonly target: string;
  readonly facts: number;
  /** Entities per kind. */
  readonly entities: Readonly<Record<string, number>>;
  /** What is odd, most severe first. */
  readonly odd: readonly { readonly severity: Severity; readonly says: string }[];
  /** What could not be seen in full. */
  readonly notSeen: readonly {
    readonly kind: string;
    readonly status: string;
    readonly reason: string | null;
  }[];
};

/** What a person is told after start, in few lines. */
export type Summary = {
  readonly home: string;
  readonly targets: readonly TargetSummary[];
  /** Who may sign changes, and how many wait for it; `null` when that cannot be told. */
  readonly changes: { readonly operators: number; readonly waiting: number } | null;
  /** Where MCP over HTTP is served. */
  readonly http: string | null;
  /** Where people open the console, or `null` when it is not served. */
  readonly console: string | null;
  /** `server.yaml`, where it is not what was signed; `null` also where that cannot be told. */
  readonly unsigned: UnsignedEdit | null;
  /** The process that served already, when this one started nothing. */
  readonly servedBy: number | null;
  /** How this command line is called from where it was started. */
  readonly command: string;
  /** Ready to paste into an AI client: `{ "mcpServers": { … } }`. */
  readonly mcpServers: Json;
};

export type ServiceAction = 'install' | 'uninstall' | 'status';
export type ServiceManager = 'system' | 'user';

/** The process around one command. */
export type Io = {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Bytes of a file that the person named; throws the system's error. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isRoot: boolean;
  readonly isTerminal: {
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  };
  /** One line that a person types at the terminal; `undefined` when there is nobody. */
  readonly ask: (prompt: string) => Promise<string | undefined>;
  /** Width of the terminal behind stdout. */
  readonly columns: number | undefined;
  readonly now: () => Instant;
};
