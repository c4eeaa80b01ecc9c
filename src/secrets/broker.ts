/**
 * Where the keys come from that hosts are entered with.
 *
 * Each account has exactly one source. When that has none, there is none: nothing falls back to another.
 */
import type { Clock, Files, MachineFiles, Poster, Programs } from '#base/ports';
import type { Instant } from '#base/time';

export const ACCOUNTS = ['reader', 'runner'] as const;
export type Account = (typeof ACCOUNTS)[number];

/** What ssh is given: a private key file (with `-cert.pub` beside it when there is a certificate), or an agent. */
export type HeldKey =
  | { readonly keyFile: string; readonly expires?: Instant }
  | { readonly agentSocket: string; readonly publicKeyFile?: string; readonly expires?: Instant };

export type SourceReport = {
  readonly account: Account;
  /** What it is, without secrets: `vault at …, ssh/sign/holdfast`. */
  readonly source: string;
  readonly ok: boolean;
  /** One sentence: why not, also while the last key still holds (`expires`). */
  readonly says: string;
  readonly code: string | null;
  readonly expires: Instant | null;
};

/**
 * `key` rejects with a Fault of kind `unavailable` and a code of `faults.ts`, in which nothing secret stands. What it
 * answers is good now; ask again for each connection, which is cheap. Files it made are its own (0600, in a private
 * directory) and gone after disposal, as is whatever it held in memory.
 */
export interface KeySource extends AsyncDisposable {
  readonly source: string;
  /** `again`: asks the broker now, whatever is kept. */
  key(again?: 'again'): Promise<HeldKey>;
  /** Why the key is an old one, while it is. */
  readonly trouble: SourceTrouble | null;
}
export type SourceTrouble = { readonly code: string; readonly message: string };

/** The port: one source for each account. */
export interface KeyBroker extends AsyncDisposable {
  keyOf(account: Account): Promise<HeldKey>;
  /** Tries the source now. Never rejects. */
  report(account: Account): Promise<SourceReport>;
}

export type SecretsParts = {
  readonly files: Files;
  /** Files of others: looked at strictly. */
  readonly look: MachineFiles;
  readonly programs: Programs;
  readonly poster: Poster;
  readonly clock: Clock;
  /** The account that we are. */
  readonly uid: number;
  /** A private directory, on tmpfs where there is one; made when first needed. */
  readonly directory: string;
};
