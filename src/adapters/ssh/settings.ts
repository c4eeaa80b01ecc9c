/** Limits of reaching hosts over ssh. */
import type { Channels, Clock, Files, Programs, Random } from '#base/ports';
import type { Target } from '#model';
import type { AccountKey } from './ssh-files.ts';

export const ACCOUNTS = ['reader', 'runner'] as const;
export type Account = (typeof ACCOUNTS)[number];

export type SshSettings = {
  readonly ssh: string;
  readonly users: Readonly<Record<Account, string>>;
  /** Of a bastion without a user; `null`: the account's own. */
  readonly bastionUser: string | null;
  readonly connectSeconds: number;
  readonly aliveSeconds: number;
  /** What an answer may take besides the program's own seconds. */
  readonly slackMs: number;
  /** Sessions of one target at once: sshd allows 10 by default, and some of those are others'. */
  readonly mostSessions: number;
  /** Requests of one target that may wait, and how long. */
  readonly mostWaiting: number;
  readonly waitMs: number;
  /** Requests of all targets at once; who takes longer than `slowMs` is not counted any more. */
  readonly mostRunning: number;
  readonly slowMs: number;
  /** Kept connections: each is an ssh process of about 2.4 MiB of its own. */
  readonly mostConnections: number;
  readonly idleMs: number;
  /** Further sessions of a connection are let go sooner. */
  readonly idleSessionMs: number;
  readonly backoffMs: number;
  readonly mostBackoffMs: number;
};

export const SSH_SETTINGS: SshSettings = {
  ssh: 'ssh',
  users: { reader: 'holdfast-reader', runner: 'holdfast-runner' },
  bastionUser: null,
  connectSeconds: 10,
  aliveSeconds: 5,
  slackMs: 5_000,
  mostSessions: 4,
  mostWaiting: 64,
  waitMs: 60_000,
  mostRunning: 32,
  slowMs: 1_000,
  mostConnections: 240,
  idleMs: 600_000,
  idleSessionMs: 30_000,
  backoffMs: 1_000,
  mostBackoffMs: 60_000,
};

export type HostKeysOf = (where: {
  /** `null` for a bastion that is no target. */
  readonly target: Target | null;
  readonly host: string;
  readonly port: number;
}) => Promise<readonly string[]>;

export type OpenSsh = {
  readonly channels: Channels;
  readonly programs: Programs;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  /** A directory of this reach alone, made with mode 0700 when it is missing; at most 80 characters, for sockets have short names. */
  readonly directory: string;
  readonly resolve: (id: string) => Target | undefined;
  /** Keys a host may show, `[@cert-authority ]<type> <base64>` each; none: nobody enrolled it. Not asked where the inventory pins one. */
  readonly hostKeys: HostKeysOf;
  /** Asked again before `expires` (microseconds); without it, at each connection. */
  readonly keyOf: (account: Account) => Promise<AccountKey>;
  /** Where one host's account has another name than `settings.users` says; `null`: it has not. */
  readonly userOf?: (target: Target, account: Account) => Promise<string | null>;
  readonly settings?: Partial<SshSettings>;
};
