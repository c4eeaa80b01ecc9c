/**
 * The operator's inventory: what `fleet.yaml` says, and the only place a profile comes from.
 *
 * Whoever can write that file decides which targets exist, what they are, and whose word counts.
 */
import type { IgnoreRule, Scope, Target } from '#model';

export type RedundancySet = { readonly name: string; readonly members: readonly string[] };

export type Inventory = {
  /** How the file is named in messages. */
  readonly file: string;
  /** `sha256:` + hex over the bytes of the file: what an operator signs. */
  readonly digest: string;
  /** The scope of a target that names none. */
  readonly scope: Scope;
  /** Every declared scope, the default one first. */
  readonly scopes: readonly Scope[];
  /** In the order of the file. */
  readonly targets: readonly Target[];
  readonly byId: ReadonlyMap<string, Target>;
  /** Blocks of addresses that count as ours: what a look may speak to. */
  readonly networks: readonly string[];
  /** Members are those a set lists and those that name it. */
  readonly redundancySets: readonly RedundancySet[];
  readonly ignore: readonly IgnoreRule[];
  /** Of a tool that tells of a target more rarely than our own looks: how old its word may be. */
  readonly staleAfterOf?: (target: string, source: string) => number | undefined;
};
