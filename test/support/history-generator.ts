/** Random histories of facts: what is ingested and what is asked, as data that can be made smaller. */

export type When = {
  /** Steps from the history's origin, or a recorded moment of the n-th observation. */
  readonly at: number | { readonly recorded: number };
  readonly plusMicros?: number;
  /** How it is written: offset, case, digits. */
  readonly style: number;
};

export type PlannedFact = {
  readonly kind: number;
  readonly key: number;
  readonly attribute: number;
  readonly value: unknown;
  readonly validFrom?: When;
  readonly validTo?: When;
};

export type Filter = {
  readonly shape: 'all' | 'kind' | 'entity' | 'prefix' | 'suffix' | 'text';
  readonly kind: number;
  readonly key: number;
  readonly target?: number;
  readonly source?: number;
  readonly attribute?: string;
  readonly text?: string;
};

export type PlannedMoment = { readonly asOf?: When; readonly knownAt?: When };

export type Step =
  | {
      readonly do: 'ingest';
      readonly target: number;
      readonly source: number;
      readonly observedAt: When;
      readonly complete?: readonly number[];
      readonly facts: readonly PlannedFact[];
      readonly reason?: string;
      readonly key?: boolean;
    }
  | { readonly do: 'again' }
  | {
      readonly do: 'query';
      readonly filter: Filter;
      readonly moment: PlannedMoment;
      readonly limit?: number;
    }
  | { readonly do: 'history'; readonly filter: Filter; readonly limit?: number }
  | {
      readonly do: 'compare';
      readonly filter: Filter;
      readonly from: PlannedMoment;
      readonly to: PlannedMoment;
      readonly limit?: number;
    };

export type History = {
  readonly seed: number;
  readonly origin: string;
  readonly stepMicros: number;
  /** Registered kinds need targets of their own; open kinds are named after the history. */
  readonly isRegistered: boolean;
  readonly steps: readonly Step[];
};

type Random = {
  below(n: number): number;
  chance(p: number): boolean;
  pick<T>(of: readonly T[]): T;
};

const ORIGINS = [
  ...Array<string>(8).fill('2026-01-01T00:00:00.000000Z'),
  '2024-02-29T23:59:58.999999Z',
  '1900-01-01T00:00:00.000000Z',
  '1969-12-31T23:59:57.999998Z',
  '2030-06-30T12:00:00.000000Z',
  '2199-12-31T00:00:00.000000Z',
];
const STEPS = [1, 250_000, 1_000_000, 1_000_000, 60_000_000, 3_600_000_000];

const TEXT_VALUES = ['a', 'b', 'a', 'b', 'A', 'ä', '', '1'];
const PLAIN_VALUES = [0, 1, 2, -1, 1.5, 1e21, 9_007_199_254_740_991, null, true, false];
const LIST_VALUES = [[], [1], [[1]], [null]];
const OBJECT_VALUES = [
  {},
  { x: 1 },
  { x: 1, y: [2] },
  { y: [2], x: 1 },
  { ref: 'host:other' },
  { x: { b: null, a: 'Ä' } },
  { x: { a: 'Ä', b: null } },
];
const VALUES: readonly unknown[] = [
  ...TEXT_VALUES,
  ...PLAIN_VALUES,
  ...LIST_VALUES,
  ...OBJECT_VALUES,
];

export const ATTRIBUTES = ['state', 'state.active', 'x', 'free Wörter'] as const;
export const KEYS = ['one', 'one/nginx.service', 'two', 'Two', 'a b/ü:1'] as const;
const PATTERNS = ['*', 'state', 'state*', '*active', 's*t*', 'X', 'x*x', '*ö*'];
const TEXTS = ['a', 'Ä', 'STATE', 'one/', '1', 'nothing like it', 'two', '%', '_'];

export function generate(seed: number): History {
  const random = randomFrom(seed);
  const stepMicros = random.pick(STEPS);
  const few = random.chance(0.8);
  // Operations meet only where many are about one stream.
  const one = few && random.chance(0.6);
  const steps: Step[] = [];
  let ingests = 0;
  const moments = one ? 4 : few ? 5 : 12;

  const when = (): When => ({
    at: random.below(moments),
    ...(random.chance(0.15) ? { plusMicros: random.pick([-1, 1, 500]) } : {}),
    style: random.below(64),
  });
  const asked = (): PlannedMoment => ({
    ...(random.chance(0.85)
      ? {
          asOf: random.chance(0.05)
            ? { at: { recorded: random.below(20) }, style: random.below(64) }
            : {
                at: random.below(moments + 3) - 1,
                ...(random.chance(0.2) ? { plusMicros: random.pick([-1, 1]) } : {}),
                style: random.below(64),
              },
        }
      : {}),
    ...(random.chance(0.4)
      ? {
          knownAt: {
            at: { recorded: random.below(20) },
            ...(random.chance(0.4) ? { plusMicros: random.pick([-1, 1]) } : {}),
            style: random.below(64),
          },
        }
      : {}),
  });
  const filter = (): Filter => ({
    shape: random.pick(['all', 'all', 'all', 'kind', 'entity', 'prefix', 'suffix', 'text']),
    kind: random.below(2),
    key: random.below(KEYS.length),
    ...(random.chance(0.2) ? { target: random.below(2) } : {}),
    ...(random.chance(0.2) ? { source: random.below(2) } : {}),
    ...(random.chance(0.2) ? { attribute: random.pick(PATTERNS) } : {}),
    ...(random.chance(0.15) ? { text: random.pick(TEXTS) } : {}),
  });
  const limit = (): { limit?: number } =>
    random.chance(0.35) ? { limit: random.pick([1, 1, 2, 3, 1_000]) } : {};
  const fact = (): PlannedFact => ({
    kind: random.below(one ? 1 : 2),
    key: random.below(one ? 1 : few ? 2 : KEYS.length),
    attribute: random.below(one ? 1 : few ? 2 : ATTRIBUTES.length),
    value:
      few && random.chance(0.8) ? random.pick(['a', 'b', one ? 'a' : null]) : random.pick(VALUES),
    ...(random.chance(0.3) ? { validFrom: when() } : {}),
    ...(random.chance(0.2) ? { validTo: when() } : {}),
  });
  const question = (): Step => {
    const kind = random.below(10);
    if (kind < 6) return { do: 'query', filter: filter(), moment: asked(), ...limit() };
    if (kind < 8) return { do: 'history', filter: filter(), ...limit() };
    return { do: 'compare', filter: filter(), from: asked(), to: asked(), ...limit() };
  };

  const count = 2 + random.below(one ? 9 : few ? 7 : 5);
  while (ingests < count) {
    const isAgain = ingests > 0 && random.chance(0.08);
    if (isAgain) steps.push({ do: 'again' });
    else {
      ingests += 1;
      steps.push({
        do: 'ingest',
        target: random.chance(one ? 0.95 : 0.8) ? 0 : 1,
        source: random.chance(one ? 0.95 : 0.8) ? 0 : 1,
        observedAt: when(),
        ...(random.chance(0.3) ? { complete: random.pick([[0], [1], [0, 1], [0, 0], []]) } : {}),
        facts: distinct(Array.from({ length: random.below(one ? 3 : few ? 4 : 8) }, fact), random),
        ...(random.chance(0.3) ? { reason: `why ${ingests}` } : {}),
        ...(random.chance(0.2) ? { key: true } : {}),
      });
    }
    while (random.chance(0.45)) steps.push(question());
  }
  for (let n = 0; n < 4; n++) steps.push(question());
  steps.push({ do: 'history', filter: { shape: 'all', kind: 0, key: 0 } });
  return { seed, origin: random.pick(ORIGINS), stepMicros, isRegistered: seed % 8 === 0, steps };
}

/** Mostly no stream twice: such an observation is refused as a whole. */
function distinct(facts: readonly PlannedFact[], random: Random): PlannedFact[] {
  if (random.chance(0.05)) return [...facts];
  const seen = new Map(
    facts.map((fact) => [`${fact.kind}/${fact.key}/${fact.attribute}`, fact] as const),
  );
  return [...seen.values()];
}

/** Mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (n) => Math.floor(next() * n),
    chance: (p) => next() < p,
    pick: (of) => of[Math.floor(next() * of.length)] as never,
  };
}
