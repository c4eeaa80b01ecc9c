/** How much of everything a run does. Ratios are meant to hold at any size; `full` is what goals name. */

export type Sizes = {
  /** Facts are hosts x attributes x versions. */
  readonly hosts: number;
  readonly attributes: number;
  readonly versions: number;
  /** The store whose streams are ten times as deep. */
  readonly deepHosts: number;
  readonly rounds: number;
  readonly pointReads: number;
  /** Transactions of one host, and records of a log, a round. */
  readonly transactions: number;
  readonly records: number;
  readonly logRecords: number;
  readonly scanHosts: number;
  readonly textBytes: number;
  /** Policies of the smaller and of the larger set, and decisions a round; of looks a hundred times as many. */
  readonly policies: readonly [number, number];
  readonly decisions: number;
  /** Proposals through the gate. */
  readonly gates: number;
  readonly calls: number;
  /** Servers on loopback. */
  readonly sshHosts: number;
  readonly starts: number;
  /** Of the console, with a hundred facts each, looked at that often. */
  readonly fleetHosts: number;
  readonly fleetRounds: number;
};

export const SIZES = {
  full: {
    hosts: 1_000,
    attributes: 100,
    versions: 10,
    deepHosts: 100,
    rounds: 5,
    pointReads: 5_000,
    transactions: 40,
    records: 20_000,
    logRecords: 1_000_000,
    scanHosts: 10_000,
    textBytes: 4 << 20,
    policies: [100, 1_000],
    decisions: 300,
    gates: 2_000,
    calls: 200,
    sshHosts: 20,
    starts: 7,
    fleetHosts: 10_000,
    fleetRounds: 6,
  },
  default: {
    hosts: 200,
    attributes: 100,
    versions: 10,
    deepHosts: 20,
    rounds: 5,
    pointReads: 3_000,
    transactions: 30,
    records: 10_000,
    logRecords: 200_000,
    scanHosts: 1_000,
    textBytes: 1 << 20,
    policies: [100, 1_000],
    decisions: 200,
    gates: 500,
    calls: 100,
    sshHosts: 20,
    starts: 5,
    fleetHosts: 5_000,
    fleetRounds: 6,
  },
  quick: {
    hosts: 40,
    attributes: 100,
    versions: 6,
    deepHosts: 5,
    rounds: 3,
    pointReads: 1_000,
    transactions: 10,
    records: 2_000,
    logRecords: 20_000,
    scanHosts: 100,
    textBytes: 1 << 18,
    policies: [100, 300],
    decisions: 100,
    gates: 100,
    calls: 30,
    sshHosts: 8,
    starts: 3,
    fleetHosts: 400,
    fleetRounds: 6,
  },
  tiny: {
    hosts: 3,
    attributes: 4,
    versions: 3,
    deepHosts: 1,
    rounds: 1,
    pointReads: 20,
    transactions: 2,
    records: 64,
    logRecords: 600,
    scanHosts: 3,
    textBytes: 1 << 14,
    policies: [20, 24],
    decisions: 3,
    gates: 100,
    calls: 3,
    sshHosts: 2,
    starts: 1,
    fleetHosts: 20,
    fleetRounds: 3,
  },
} as const satisfies Readonly<Record<string, Sizes>>;

/** What a group of rows is given. */
export type Setting = {
  readonly sizes: Sizes;
  /** A directory of its own, removed afterwards. */
  readonly directory: string;
  readonly wants: (id: string) => boolean;
  readonly say: (line: string) => void;
};
