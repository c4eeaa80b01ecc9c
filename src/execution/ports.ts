/**
 * What the change road is given: the world it reads, the hosts it reaches, and the points at which
 * a test may end it. Everything is handed in; nothing here opens anything by itself.
 */
import type { Adapter, Enrolled, Looked } from '#adapters';
import type { HostPolicy, Operators, Revocations, Signers } from '#authority';
import type { Log } from '#base/log';
import type { Clock, Files, Random } from '#base/ports';
import type { Catalogue } from '#catalogue';
import type { EventLog } from '#evidence';
import type { Inventory } from '#inventory';
import type { Target, Tier } from '#model';
import type { FileSeen } from '#planning';
import type { PolicyEngine, Settings } from '#policy';
import type { Store } from '#store';
import type { FaultPoint } from './protocol.ts';

/** A signed text with the armoured signatures over it. */
export type SignedText = { readonly text: string; readonly signatures: readonly string[] };

/** What is in force, read anew each time it is asked for. */
export type AuthorityState = {
  readonly organisation: string;
  readonly signers: Signers;
  /** The exact text of the signers file, for the bundle. */
  readonly signersText: string;
  readonly revocations: Revocations;
  readonly hostPolicy: HostPolicy;
  /** The config document in force; `null` before the first was signed. */
  readonly config: SignedText | null;
  /** SHA-256 in hex of what the files say now, to be held against the config. */
  readonly now: {
    readonly inventory: string;
    readonly policy: string;
    readonly catalogue: string;
    readonly baselines: string;
    readonly signers: string;
    readonly revocations: string;
    readonly hostPolicy: string;
  };
  /** The registry: who the operators are, and the accounts each of them uses. */
  readonly operators: Operators;
  /** A second, offline key exists and has signed its test. */
  readonly hasRecovery: boolean;
  /** A backup was put back and no operator has signed since: nothing but T0. */
  readonly restored: string | null;
  /** Of what is signed as `baselines`: names of the files that differ, as far as that is known. */
  readonly edited?: readonly string[];
};

export type JudgedCommand = {
  /** `deny`: nobody may run it, also not with an approval. */
  readonly tier: Tier | 'deny';
  /** What would run; `null` only where it is denied. */
  readonly normalForm: readonly [string, ...string[]] | null;
  /** What it does, or why it may not: the grammar's own words. */
  readonly says: string;
};

export type RoadPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  /** The data directory: `stops/` and `STOP` lie in it. */
  readonly home: string;
  readonly log: Log;
  readonly store: Store;
  readonly events: EventLog;
  readonly inventory: () => Promise<Inventory>;
  readonly catalogue: () => Promise<Catalogue>;
  readonly policy: () => Promise<PolicyEngine>;
  readonly settings: () => Promise<Settings>;
  /** Throws where anything of it cannot be read. */
  readonly authority: () => Promise<AuthorityState>;
  /**
   * What the grammar of commands makes of an argv on a target, asked by an assistant or by an operator's own hand.
   * Reads the grammar in force each time.
   */
  readonly judgeCommand: (asked: {
    readonly argv: readonly [string, ...string[]];
    readonly targets: readonly Target[];
    readonly byOperator: boolean;
  }) => Promise<JudgedCommand>;
  /** Runs a command that only reads, as the unprivileged reader there; throws `host-refused` where the host does not let it. */
  readonly readOn: (
    target: Target,
    argv: readonly [string, ...string[]],
    seconds: number,
  ) => Promise<Looked>;
  readonly adapterOf: (target: Target) => Adapter | undefined;
  readonly enrolled: (target: Target) => Promise<Enrolled | undefined>;
  /** A file of a target now, through the look road: its hash, that it is absent, or neither. */
  readonly fileOf: (target: Target, path: string) => Promise<FileSeen>;
  /** Where a change keeps what it needs to be undone, and where scripts lie, on targets; where we are installed. */
  readonly roots: {
    readonly state: string;
    readonly runbooks: string | null;
    readonly program: string;
    /** The account that we run as. */
    readonly account: string;
  };
  /** Size and root of the newest checkpoint; size 0 when there is none. */
  readonly checkpoint: () => Promise<{ readonly size: number; readonly root: string }>;
  /** Signs a run order with the control plane's key. */
  readonly signRun: (text: string) => Promise<string>;
  /** Keeps a cleaned output sealed; the change keeps only this. */
  readonly keepOutput: (
    text: string,
    change: string,
  ) => Promise<{ sha256: string; length: number }>;
  /**
   * Looks at targets now and records what is there; throws where one could not be looked at. What only a tool tells
   * (a check of a playbook, a plan of a stack) is looked at where it is among `kinds`.
   */
  readonly observe: (targets: readonly Target[], kinds: ReadonlySet<string>) => Promise<void>;
  /** Called at each point of `FAULT_POINTS`. Does nothing in the product. */
  readonly at: (point: FaultPoint) => void | Promise<void>;
};
