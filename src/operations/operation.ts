/**
 * One thing a caller may ask for. CLI, API and MCP are made from the list of these.
 *
 * The effect decides what `run` is handed, and that is the whole reach of every surface: a look
 * gets readers only; a record gets one transaction that commits after its event is durable.
 */
import type * as z from 'zod/v4';
import type { Json } from '#base/json';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import type { EventLog } from '#evidence';
import type { Inventory } from '#inventory';
import type { Scope, Target } from '#model';
import type { FactReader, Moment, StoreTransaction } from '#store';
import type { DeclaredFacts } from './drift-state.ts';

export const CAPABILITIES = [
  'facts.read',
  'facts.ingest',
  'drift.read',
  'inventory.read',
  'inventory.write',
  'targets.observe',
  'baselines.write',
  'events.read',
  'service.admin',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Named sets of capabilities. None of them can approve, and none can change a target. */
export const PROFILES = {
  /** What the bearer that `start` prints, and any MCP client, gets. */
  observer: ['facts.read', 'facts.ingest', 'drift.read', 'inventory.read'],
  /** The account on the local socket: observing, and declarations that stay `unsigned`. */
  operator: CAPABILITIES,
} as const satisfies Record<string, readonly Capability[]>;
export type ProfileName = keyof typeof PROFILES;

export const SURFACES = ['cli', 'mcp-stdio', 'mcp-http', 'service'] as const;
export type Surface = (typeof SURFACES)[number];

/** Who asks, as the surface established it. Nothing in here comes from the request's own words. */
export type Caller = {
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly surface: Surface;
  readonly profile: ProfileName;
  /** `all`: every scope of the inventory. */
  readonly scopes: readonly Scope[] | 'all';
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
};

export type Answer = {
  readonly requestId: string;
  readonly value: Json;
  /** Things the caller should know beside the answer, like a log that cannot be written. */
  readonly notices: readonly string[];
};

/** What one call is handed besides its input. */
export type Asking = {
  readonly caller: Caller;
  /** The scopes this caller may see. */
  readonly scopes: readonly Scope[];
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
};

/** A step inside one transaction. `recordedAt` is this transaction's own moment. */
export type RecordPowers = {
  readonly transaction: StoreTransaction;
  readonly facts: FactReader;
  readonly declared: DeclaredFacts;
  readonly recordedAt: () => Instant;
  readonly newId: (prefix: string) => string;
  /** The present moment as this transaction sees it. */
  readonly moment: () => Moment;
};

/** Looking at a target for real. It ends in observations, never in a change. */
export type ObservePowers = {
  readonly observe: (target: Target, progress: (note: string) => void) => Promise<TargetLook>;
};

export type TargetLook = {
  readonly target: Target;
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
  readonly backup: (path: string) => Promise<Json>;
  readonly doctor: () => Promise<Json>;
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

export type Operation =
  // The list is heterogeneous; each entry was checked where it was made by the functions below.
  | Look<z.ZodType, z.ZodType>
  | Recording<z.ZodType, z.ZodType, unknown>
  | Administering<z.ZodType, z.ZodType>;

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
