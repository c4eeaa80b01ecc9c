/** The operator's own way into hosts, as the program around the command line gives it. */
import type { EnrolScript, HostFile } from '#enrolment';

export type HostDoor = {
  /** An alias of the operator's ssh configuration, or `[user@]host`. */
  readonly host: string;
  readonly port: number | null;
  /** Bastions, `[user@]host[:port]`, in order. */
  readonly jump: readonly string[];
  /** Path of another ssh configuration. */
  readonly config: string | null;
  /** Nobody is asked for anything. */
  readonly isBatch: boolean;
  readonly withSudo: boolean;
};

/** What this release has for a host. */
export type HostMaterial = {
  readonly version: string;
  readonly script: EnrolScript;
  /** Made when first asked for: the grammar among them takes seconds. */
  readonly files: () => Promise<readonly HostFile[]>;
};

export interface OperatorSsh {
  /** Gives `script` to a shell there and answers what it printed. Throws `unavailable` where nobody was reached. */
  send(door: HostDoor, script: string, mostBytes?: number): Promise<Uint8Array>;
  /** Where the operator's own configuration says that a host is, `host` or `host:port`. */
  addressOf(door: HostDoor): Promise<string>;
  /** With the grammar of what ships, and of `home`'s own entries once an operator signed them. */
  material(home: string): Promise<HostMaterial>;
}
