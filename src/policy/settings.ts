/** What an operator settles in `policy/settings.yaml`, and what holds where they said nothing. */

import type { Instant } from '#base/time';
import type { Environment, Mode, Tier } from '#model';

/** When a window or freeze holds: between two moments, or every week by the clock of a place. */
export type Span =
  | { readonly kind: 'once'; readonly from: Instant; readonly to: Instant }
  | {
      readonly kind: 'weekly';
      /** ISO: Monday is 1. The day on which it begins; it may end on the next. */
      readonly days: readonly number[];
      /** Minutes of the day, local time. Equal: a whole day. */
      readonly from: number;
      readonly to: number;
      /** IANA name. */
      readonly zone: string;
    };

/** Of which targets: all that match every list that is given; none given: all. */
export type Where = {
  readonly environments: readonly Environment[] | null;
  readonly tags: readonly string[] | null;
  readonly targets: readonly string[] | null;
};

export type CalendarEntry = { readonly name: string; readonly where: Where; readonly span: Span };

export type Share = {
  /** Percent of a group. */
  readonly percent: number;
  /** Targets that may always be acted on, however small the group. */
  readonly atLeast: number;
};

export type GuardLimits = {
  readonly cooldownSeconds: number;
  readonly budget: {
    readonly perScopeHour: number;
    readonly perScopeDay: number;
    readonly perCallerHour: number;
    readonly perCallerDay: number;
  };
  readonly concurrency: { readonly perTarget: number; readonly perCaller: number };
  /** Failed or ambiguous attempts on one target, or of one action in one scope. */
  readonly breaker: {
    readonly attempts: number;
    readonly withinSeconds: number;
    readonly openSeconds: number;
  };
  /** The same action on the same target over and over, whatever came of it. Only a person clears it. */
  readonly flap: { readonly times: number; readonly withinSeconds: number };
  readonly blastRadius: {
    /** Of an environment, of what an owner has, of what carries a tag. */
    readonly groups: { readonly hour: Share; readonly day: Share };
    readonly redundancySets: { readonly hour: Share; readonly day: Share };
  };
};

export type FourEyes = 'never' | 'always' | 'several-operators';

export type Settings = {
  readonly organisation: string;
  readonly mode: Mode;
  /** The highest tier of a session, by profile; a profile that is not here is held by its lease alone. */
  readonly ceilings: ReadonlyMap<string, Tier>;
  readonly windows: readonly CalendarEntry[];
  readonly freezes: readonly CalendarEntry[];
  readonly guards: GuardLimits;
  /** By tier and environment; the last entry that fits counts. */
  readonly fourEyes: readonly {
    readonly tier: Tier;
    readonly environments: readonly Environment[] | null;
    readonly when: FourEyes;
  }[];
  readonly decideByHours: number;
  readonly runByMinutes: number;
  readonly stabiliseSeconds: { readonly least: number; readonly most: number };
  /** SHA-256 over the file; of nothing when there is none. */
  readonly digest: string;
};

export const DEFAULT_GUARDS: GuardLimits = {
  cooldownSeconds: 300,
  budget: { perScopeHour: 60, perScopeDay: 400, perCallerHour: 30, perCallerDay: 200 },
  concurrency: { perTarget: 1, perCaller: 4 },
  breaker: { attempts: 5, withinSeconds: 600, openSeconds: 1_800 },
  flap: { times: 3, withinSeconds: 7_200 },
  blastRadius: {
    groups: { hour: { percent: 25, atLeast: 3 }, day: { percent: 75, atLeast: 6 } },
    redundancySets: { hour: { percent: 50, atLeast: 1 }, day: { percent: 100, atLeast: 1 } },
  },
};

export const DEFAULT_SETTINGS: Settings = {
  organisation: 'main',
  mode: 'guarded',
  ceilings: new Map(),
  windows: [],
  freezes: [],
  guards: DEFAULT_GUARDS,
  fourEyes: [{ tier: 'T3', environments: null, when: 'several-operators' }],
  decideByHours: 24,
  runByMinutes: 15,
  stabiliseSeconds: { least: 0, most: 600 },
  digest: 'none',
};
