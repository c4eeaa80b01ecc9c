/**
 * One thing a caller may ask for. CLI, API and MCP are made from the list of these.
 *
 * The effect decides what `run` is handed, and that is the whole reach of every surface: a look
 * gets readers only; a record gets one transaction that commits after its event is durable.
 */
import type * as z from 'zod/v4';
import type { Capability, Reach, Sight } from '#access';
import type { TrailsRead } from '#attribution';
import type { Json, JsonObject } from '#base/json';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import type { Catalogue } from '#catalogue';
import type { CommandAnalysis as Analysis } from '#commands';
import type { EventInput, EventLog } from '#evidence';
import type { ChangeRoad, Requester } from '#execution';
import type { Inventory } from '#inventory';
import type { Mode, RanChange, Scope, Target, Tier } from '#model';
import type { FactReader, Moment, StoreTransaction } from '#store';
import type { AccessPowers } from './access.ts';
import type { ConfigRequest } from './authority.ts';
import type { DeclarationPowers } from './declarations.ts';
import type { DeclaredFacts } from './drift-state.ts';
import type { EnrolmentPowers } from './enrolment.ts';
import type { IdentityPowers } from './identity.ts';
import type { LearningPowers } from './learning.ts';
import type { LeasePowers } from './leases.ts';

export const SURFACES = ['cli', 'console', 'api', 'mcp-stdio', 'mcp-http', 'service'] as const;
export type Surface = (typeof SURFACES)[number];

/** Who asks, as the surface established it. Nothing in here comes from the request's own words. */
export type Caller = {
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly surface: Surface;
  /** As events and policies name what they hold: a profile, or the roles of a person. */
  readonly profile: string;
  /** What taint belongs to: a lease over HTTP, a connection over stdio, the account on the socket. */
  readonly session: string;
  readonly reach: Reach;
};

export type Call = {
  readonly operation: string;
  readonly input: unknown;
  readonly caller: Caller;
  /** W3C trace id of the caller's context, when there is one. */
  readonly traceId?: string;
  /** Answers with pages stop growing at about this many bytes and say so with `nextCursor`. */
  readonly answerBytes?: number;
  readonly progress?: (note: string) => void;
  /** With which passkey the person behind a session confirmed it, as the surface established it. */
  readonly confirmed?: Confirmed | undefined;
  /** Whoever asks is not here any more: a look stops. What went on to the change road does not hear of it. */
  readonly signal?: AbortSignal;
};

/** `each`: over this very call. `recent`: something else, in the same session, a few minutes ago. */
export type Confirmed = { readonly how: 'each' | 'recent'; readonly by: string };

export type Answer = {
  readonly requestId: string;
  readonly value: Json;
  /** Things the caller should know beside the answer, like a log that cannot be written. */
  readonly notices: readonly string[];
};

/** What one call is handed besides its input. */
export type Asking = {
  readonly caller: Caller;
  /** The scopes of which this caller may see something. */
  readonly scopes: readonly Scope[];
  /** Nothing limits what this call may see. */
  readonly isWhole: boolean;
  readonly sight: Sight;
  readonly requestId: string;
  readonly now: Instant;
  readonly answerBytes: number;
  /** Reading it throws its fault while `fleet.yaml` is wrong: then nothing that needs it is answered. */
  readonly inventory: Inventory;
  readonly progress: (note: string) => void;
};

export type LookPowers = {
  readonly facts: FactReader;
  readonly clock: Clock;
  readonly events: Pick<EventLog, 'read' | 'size' | 'health'>;
  readonly declared: DeclaredFacts;
  readonly trails: TrailPowers;
  readonly pressing: () => Pressing;
  /** Rejects with its fault where it cannot be read. */
  readonly catalogue: () => Promise<Catalogue>;
};

/** Targets, by id, that somebody stopped, and those with changes that wait for a person: now, and at no other moment. */
export type Pressing = {
  readonly stopped: ReadonlySet<string>;
  readonly waiting: ReadonlySet<string>;
};

/** What there is to tell who did something: of the target, and of us. */
export type TrailPowers = {
  /** Reads on the target, bounded; what cannot be had is `refused` or `absent`, and never a fault. */
  readonly read: (target: Target, window: TimeWindow) => Promise<TrailsTold>;
  readonly changes: (target: Target, window: TimeWindow) => readonly RanChange[];
};

export type TimeWindow = { readonly from: Instant; readonly until: Instant };

/** `why`: what an operator can do where not all of it could be read. */
export type TrailsTold = TrailsRead & { readonly why: string | null };

/** A step inside one transaction. `recordedAt` is this transaction's own moment. */
export type RecordPowers = {
  readonly transaction: Pick<StoreTransaction, 'reader' | 'record'>;
  readonly facts: FactReader;
  readonly declared: DeclaredFacts;
  readonly recordedAt: () => Instant;
  readonly newId: (prefix: string) => string;
  /** The present moment as this transaction sees it. */
  readonly moment: () => Moment;
};

/** Looking at a target for real. It ends in observations, never in a change. */
export type ObservePowers = {
  readonly observe: (target: Target, how: LookHow) => Promise<TargetLook>;
};

export type LookHow = {
  readonly progress: (note: string) => void;
  /** Kinds that only a tool tells (a check of a playbook, a plan of a stack), and that are asked for. */
  readonly kinds: ReadonlySet<string>;
  /** Nobody waits for it any more. Handed on by the kernel; an operation leaves it out. */
  readonly signal?: AbortSignal;
  /** What an operator's own ssh brought, in place of a look of our own. */
  readonly brought?: Uint8Array;
};

export type TargetLook = {
  readonly target: Target;
  /** Why it could not be reached; its looks then say so for every kind. */
  readonly unreachable: string | null;
  readonly looks: readonly {
    readonly collector: string;
    readonly source: string;
    readonly observedAt: Instant;
    readonly facts: readonly {
      readonly entity: string;
      readonly attribute: string;
      readonly value: Json;
    }[];
    readonly complete: readonly string[];
    readonly shortfalls: readonly {
      readonly kind: string;
      readonly status: 'partial' | 'unreachable';
      readonly reason: string;
    }[];
    readonly durationMs: number;
  }[];
};

/** Powers over this service itself. */
export type AdminPowers = {
  readonly editInventory: (edit: (text: string) => string) => Promise<void>;
  readonly verify: () => Promise<Json>;
  /** `plain`: a directory, also where it could be sealed. */
  readonly backup: (path: string, plain?: boolean) => Promise<Json>;
  readonly doctor: () => Promise<Json>;
  readonly authority: AuthorityPowers;
  readonly policies: PolicyPowers;
  readonly proof: ProofPowers;
  readonly enrolment: EnrolmentPowers;
  readonly identity: IdentityPowers;
  readonly learning: LearningPowers;
  readonly leases: LeasePowers;
  readonly access: AccessPowers;
  readonly declarations: DeclarationPowers;
};

/** Who may sign and what is in force. Answers are JSON in the form each operation publishes. */
export type AuthorityPowers = {
  readonly operators: () => Promise<Json>;
  readonly status: () => Promise<Json>;
  /** The next config document for what is asked, with what it changes in words. Changes nothing. */
  readonly page: (request: ConfigRequest, principal: string) => Promise<Json>;
  readonly apply: (
    signed: {
      readonly order: string;
      readonly signatures: readonly string[];
      readonly recoverySignature?: string | undefined;
    },
    principal: string,
  ) => Promise<Json>;
  /** Leaves what `page` prepared for a passkey in the console; for a day. */
  readonly wait: (
    order: string,
    says: readonly string[],
    recoverySignature: string | null,
    principal: string,
  ) => Promise<Json>;
  readonly waiting: () => Promise<Json>;
};

export type PolicyPowers = {
  /** Checks the policies on disk against cases; `undefined`: the shipped ones. */
  readonly test: (cases: string | undefined) => Promise<Json>;
  readonly explain: (changeId: string) => Promise<Json>;
  /** Past changes that the policies on disk would decide otherwise. */
  readonly replay: (limit: number) => Promise<Json>;
  /** The files in force, or those that lie there and cannot be. */
  readonly show: () => Promise<Json>;
  /** Of the files in force, or of those given. */
  readonly matrix: (question: MatrixQuestion) => Promise<Json>;
  /** Edited files: read, explained and held against the past. Puts nothing in force. */
  readonly check: (question: {
    readonly files: readonly PolicyText[];
    readonly replay: number;
    readonly changeId?: string | undefined;
  }) => Promise<Json>;
  /** Writes the whole set; `base`: of what it was edited from. Signs nothing. */
  readonly save: (question: {
    readonly base: string;
    readonly files: readonly PolicyText[];
  }) => Promise<Json>;
};

export type PolicyText = { readonly name: string; readonly text: string };

export type MatrixQuestion = {
  readonly files?: readonly PolicyText[] | undefined;
  readonly kinds: readonly ('operator' | 'assistant' | 'service')[];
  /** Default: every profile there is. */
  readonly profiles?: readonly string[] | undefined;
  /** Held in place of what the profiles hold. */
  readonly capabilities?: readonly string[] | undefined;
  readonly mode?: Mode | undefined;
  readonly ceiling?: Tier | undefined;
  readonly tainted: boolean;
  readonly standing: 'none' | 'standing' | 'even-tainted';
  readonly inWindow: boolean;
  readonly frozen: boolean;
};

/** What is given to people who do not trust this program. */
export type ProofPowers = {
  readonly bundle: (changeId: string) => Promise<Json>;
  readonly status: () => Promise<Json>;
  readonly output: (sha256: string) => Promise<Json>;
  readonly hold: (change: string, reason: string, on: boolean) => Promise<Json>;
  readonly prune: (before: Instant) => Promise<Json>;
  readonly export: (format: 'ocsf' | 'syslog', after: number, limit: number) => Promise<Json>;
  /** The newest signed note, the line of keys, and that it extends an earlier one. */
  readonly checkpoint: (earlier: number | undefined, sign: boolean) => Promise<Json>;
  /** Records as they are hashed, each with its proof in the log of `size` records. */
  readonly prove: (seqs: readonly number[], size: number) => Promise<Json>;
};

/** One command, as it was asked: as words, or as a line that is split strictly. */
export type CommandQuestion = ({ readonly argv: readonly string[] } | { readonly line: string }) & {
  readonly target: Target | undefined;
  /** An operator's own hand lifts what is unknown, and nothing else, to T3. */
  readonly byOperator: boolean;
};

/** What the grammar of commands says, with the words of the question where it could be split. */
export type CommandAnalysis = Analysis & {
  readonly argv: readonly [string, ...string[]] | null;
};

export type CommandPowers = {
  readonly analyse: (question: CommandQuestion) => Promise<CommandAnalysis>;
  /** Remembers, without secrets, what was refused, so that a person may see what is missing. */
  readonly noteBlocked: (
    question: CommandQuestion,
    analysis: CommandAnalysis,
    asking: Pick<Asking, 'caller' | 'now' | 'requestId'>,
  ) => Promise<void>;
};

/** The change road, and who asks for it. */
export type ChangePowers = {
  readonly commands: CommandPowers;
  readonly road: ChangeRoad;
  readonly requester: Requester;
};

/** What an event says of a call beside its arguments: read off the answer, never off the question. */
export type Told = {
  readonly decision?: EventInput['decision'];
  readonly targets?: readonly string[];
  readonly more?: JsonObject;
};

type Described<In extends z.ZodType, Out extends z.ZodType> = {
  readonly name: string;
  readonly title: string;
  /** First sentence: when to use it. */
  readonly summary: string;
  readonly capability: Capability;
  readonly input: In;
  readonly output: Out;
  /** Its answer carries free text that came from a target. */
  readonly taints: boolean;
  /** Offered to assistants over MCP. */
  readonly assistants: boolean;
  /** Arguments of which the event tells length and hash only. */
  readonly hides?: readonly string[];
  /** What of the input its event tells, where that depends on the action; `undefined`: no catalogue can be read. */
  readonly audits?: (input: unknown, catalogue: Catalogue | undefined) => unknown;
  /**
   * It may be asked by a caller who reaches only some targets: everything it answers and does comes from what it is
   * handed, which holds nothing else. Left out: refused to them (`beyond-reach`).
   */
  readonly narrows?: true;
  /** It reads the event log also for such a caller, and answers only of what was done in their own name. */
  readonly ownEvents?: true;
  /** Offered to leases over the HTTP API beside what is offered to all assistants. */
  readonly leases?: true;
  /** Answered also while there is no policy: what tells what is wrong, and what only stops. */
  readonly mends?: true;
  /** The answer holds what nobody else may have yet: the event tells nothing of it. */
  readonly confidential?: true;
  /**
   * What a session has to show in the console beside itself, since whoever sits there may be another by now. `each`: a
   * passkey over this very call, for what changes who may come in or what may act for a person. `recent`: one within
   * the last minutes, for what is delicate to see.
   */
  readonly confirms?: Confirmed['how'];
};

export type Look<In extends z.ZodType, Out extends z.ZodType> = Described<In, Out> & {
  readonly effect: 'look';
  run(
    input: z.output<In>,
    powers: LookPowers,
    asking: Asking,
  ): Promise<z.input<Out>> | z.input<Out>;
};

export type Recording<In extends z.ZodType, Out extends z.ZodType, Prepared> = Described<
  In,
  Out
> & {
  readonly effect: 'record';
  /** What takes long or reaches out, before the transaction. */
  prepare(
    input: z.output<In>,
    powers: LookPowers & ObservePowers,
    asking: Asking,
  ): Promise<Prepared> | Prepared;
  /** Runs in the transaction, whole or not at all. */
  run(prepared: Prepared, powers: RecordPowers, asking: Asking): Recorded<z.input<Out>>;
};

export type Recorded<Value> = {
  readonly value: Value;
  readonly targets: readonly string[];
};

export type Administering<In extends z.ZodType, Out extends z.ZodType> = Described<In, Out> & {
  readonly effect: 'administer';
  run(input: z.output<In>, powers: LookPowers & AdminPowers, asking: Asking): Promise<z.input<Out>>;
};

/** What is asked of the change road. The road leaves its own events; this call leaves its one as well. */
export type Changing<In extends z.ZodType, Out extends z.ZodType> = Described<In, Out> & {
  readonly effect: 'change';
  /** It only tells how things stand. */
  readonly reads?: true;
  run(
    input: z.output<In>,
    powers: LookPowers & ChangePowers,
    asking: Asking,
  ): Promise<z.input<Out>> | z.input<Out>;
  told?(answer: z.output<Out>): Told;
};

export type Operation =
  // The list is heterogeneous; each entry was checked where it was made by the functions below.
  | Look<z.ZodType, z.ZodType>
  | Recording<z.ZodType, z.ZodType, unknown>
  | Administering<z.ZodType, z.ZodType>
  | Changing<z.ZodType, z.ZodType>;

export function look<In extends z.ZodType, Out extends z.ZodType>(
  described: Omit<Look<In, Out>, 'effect'>,
): Operation {
  return { ...described, effect: 'look' } as unknown as Operation;
}

export function recording<In extends z.ZodType, Out extends z.ZodType, Prepared>(
  described: Omit<Recording<In, Out, Prepared>, 'effect'>,
): Operation {
  return { ...described, effect: 'record' } as unknown as Operation;
}

export function administering<In extends z.ZodType, Out extends z.ZodType>(
  described: Omit<Administering<In, Out>, 'effect'>,
): Operation {
  return { ...described, effect: 'administer' } as unknown as Operation;
}

export function changing<In extends z.ZodType, Out extends z.ZodType>(
  described: Omit<Changing<In, Out>, 'effect'>,
): Operation {
  return { ...described, effect: 'change' } as unknown as Operation;
}
