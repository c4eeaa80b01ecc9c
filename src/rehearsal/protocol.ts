/**
 * What a rehearsal needs of a host: one that nobody depends on, which runs steps as any host does,
 * under signed orders, and can be seen whole before and after.
 */
import type { Json, JsonObject } from '#base/json';
import type { PlanStep, Target } from '#model';
import type { FileSeen } from '#planning';

export type SeenFact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
};

export type StepEnd =
  | {
      readonly kind: 'ended';
      /** As the receipt says. */
      readonly result: string;
      readonly status: number;
      /** The end of what it said on standard error, for a person. */
      readonly says: string;
    }
  | { readonly kind: 'refused'; readonly code: string };

/** The steps of one change under one signed order. */
export interface RehearsalOrder {
  run(step: PlanStep): Promise<StepEnd>;
  /** Runs a step and kills its whole tree as soon as it is seen; `ended exited` when that was too late. */
  killed(step: PlanStep): Promise<StepEnd>;
}

/**
 * A host to rehearse on.
 *
 * - An order runs a step at most once.
 * - A step while the host is stopped is refused as `stopped`.
 * - An inverse step runs only after its forward step has ended by itself.
 */
export interface RehearsalHost {
  /** For the record: what kind of host this is. */
  readonly where: string;
  readonly target: Target;
  /** Below which directory there the scripts of runbooks lie. */
  readonly runbookRoot: string | null;
  order(change: string, steps: readonly PlanStep[]): Promise<RehearsalOrder>;
  /** Runs a program that only looks. */
  look(argv: readonly string[]): Promise<{ readonly exit: number; readonly stdout: string }>;
  /** All that is to be seen of entities of these kinds. */
  facts(kinds: readonly string[]): Promise<readonly SeenFact[]>;
  file(path: string): Promise<FileSeen>;
  /** Everything that is watched for change, one line each, sorted. */
  snapshot(): Promise<readonly string[]>;
  stop(): Promise<void>;
  lift(): Promise<void>;
  sleep(ms: number): Promise<void>;
}

/** One way to try an action: values for its arguments, and the state they are meant for. */
export type Trial = {
  readonly name: string;
  readonly arguments: JsonObject;
  /** Puts the host into the state that the trial begins from, from whatever an earlier one left. */
  readonly prepare: () => Promise<void>;
  /** Only done, done twice and taken back: another trial of the action is stopped and killed in each step. */
  readonly isBrief?: boolean;
  /** What of a line of a snapshot has to come back; `undefined`: it may be left. By default all of every line. */
  readonly comesBack?: (line: string) => string | undefined;
};

export type Try = { readonly name: string; readonly held: boolean; readonly says: string };

export type Report = {
  /** `id@version`. */
  readonly action: string;
  readonly digest: string;
  readonly where: string;
  readonly result: 'passed' | 'failed';
  readonly tries: readonly Try[];
};
