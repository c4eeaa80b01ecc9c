/**
 * The reference semantics of facts, as plainly as they can be said: every stream keeps its
 * operations, and every answer replays them. Written from the words alone; shares no code with the store.
 */

export type Value = unknown;
/** Microseconds since 1970, UTC. */
export type Micros = number;

const ABSENT = Symbol('absent');

export type Listed = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Value;
  readonly validFrom?: Micros;
  readonly validTo?: Micros;
};

export type Observation = {
  readonly id: string;
  readonly recordedAt: Micros;
  readonly target: string;
  readonly source: string;
  readonly observedAt: Micros;
  readonly complete: readonly string[];
  readonly facts: readonly Listed[];
  readonly reason: string | null;
};

type Operation =
  | { readonly point: Micros; readonly value: Value; readonly by: Observation }
  | {
      readonly from: Micros;
      readonly to: Micros;
      readonly value: Value;
      readonly by: Observation;
    };

type Breakpoint = { readonly value: Value; readonly by: Observation };

type Stream = {
  readonly target: string;
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
  readonly operations: Operation[];
};

export type Run = {
  readonly target: string;
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
  readonly value: Value;
  readonly validFrom: Micros;
  readonly validTo: Micros | null;
  readonly recordedAt: Micros;
  readonly observationId: string;
  readonly reason: string | null;
};
export type Version = Run & { readonly supersededAt: Micros | null };
export type Shown = Version & { readonly confirmedAt: Micros };

export type Receipt = {
  readonly written: number;
  readonly unchanged: number;
  readonly superseded: number;
  readonly retired: number;
};

export type Moment = { readonly asOf: Micros; readonly knownAt: Micros };

/** JSON with sorted keys: equal texts are equal values. */
export function canonical(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`;
}

export class ReferenceFacts {
  readonly observations: Observation[] = [];
  readonly #streams = new Map<string, Stream>();

  /** Why an observation must be refused as a whole, or undefined. */
  refusal(facts: readonly Listed[], observedAt: Micros): string | undefined {
    const seen = new Set<string>();
    for (const fact of facts) {
      const stream = JSON.stringify([fact.entity, fact.attribute]);
      if (seen.has(stream)) return 'duplicate-stream';
      seen.add(stream);
      if (fact.validTo !== undefined && fact.validTo <= (fact.validFrom ?? observedAt)) {
        return 'invalid-interval';
      }
    }
    return undefined;
  }

  apply(observation: Observation): Receipt {
    const { target, source, observedAt } = observation;
    this.observations.push(observation);
    const receipt = { written: 0, unchanged: 0, superseded: 0, retired: 0 };
    const listed = new Set<Stream>();
    for (const fact of observation.facts) {
      const stream = this.#stream(target, source, fact.entity, fact.attribute);
      listed.add(stream);
      const [isChanged, superseded] = change(stream, operationsOf(fact, observation));
      receipt[isChanged ? 'written' : 'unchanged'] += 1;
      receipt.superseded += superseded;
    }
    for (const stream of this.#streams.values()) {
      if (stream.target !== target || stream.source !== source || listed.has(stream)) continue;
      if (!observation.complete.includes(kindOf(stream.entity))) continue;
      if (valueAt(stream, observedAt) === ABSENT) continue;
      const absence = { point: observedAt, value: ABSENT, by: observation };
      receipt.superseded += change(stream, [absence])[1];
      receipt.retired += 1;
    }
    return receipt;
  }

  /** What held at a moment, as believed at a moment. */
  factsAt({ asOf, knownAt }: Moment): Shown[] {
    return [...this.#streams.values()].flatMap((stream) =>
      runs(stream, knownAt)
        .filter((run) => run.validFrom <= asOf && (run.validTo === null || asOf < run.validTo))
        .map((run) => ({
          ...run,
          supersededAt: this.#lastsUntil(stream, run, knownAt),
          confirmedAt: confirmedAt(stream, run, { asOf, knownAt }),
        })),
    );
  }

  /** Every run ever believed. One that is gone and comes back is a version of its own. */
  versions(): Version[] {
    return [...this.#streams.values()].flatMap((stream) => {
      const all: Version[] = [];
      let before = new Set<string>();
      for (const { recordedAt } of this.observations) {
        const now = runs(stream, recordedAt);
        for (const run of now) {
          if (before.has(canonical(span(run)))) continue;
          all.push({ ...run, supersededAt: this.#lastsUntil(stream, run, recordedAt) });
        }
        before = new Set(now.map((run) => canonical(span(run))));
      }
      return all;
    });
  }

  #lastsUntil(stream: Stream, run: Run, knownAt: Micros): Micros | null {
    for (const { recordedAt } of this.observations) {
      if (recordedAt <= knownAt) continue;
      // Said again as it stands, it is the same belief.
      if (
        !runs(stream, recordedAt).some((each) => canonical(span(each)) === canonical(span(run)))
      ) {
        return recordedAt;
      }
    }
    return null;
  }

  #stream(target: string, source: string, entity: string, attribute: string): Stream {
    const key = JSON.stringify([target, source, entity, attribute]);
    const found = this.#streams.get(key) ?? { target, source, entity, attribute, operations: [] };
    this.#streams.set(key, found);
    return found;
  }
}

export function kindOf(entity: string): string {
  return entity.slice(0, entity.indexOf(':'));
}

function operationsOf(fact: Listed, by: Observation): Operation[] {
  const { value, validFrom, validTo } = fact;
  const seen = { point: by.observedAt, value, by };
  if (validTo !== undefined) return [{ from: validFrom ?? by.observedAt, to: validTo, value, by }];
  if (validFrom === undefined) return [seen];
  if (validFrom >= by.observedAt) return [{ point: validFrom, value, by }];
  return [{ from: validFrom, to: by.observedAt, value, by }, seen];
}

function change(stream: Stream, operations: readonly Operation[]): [boolean, number] {
  const before = runs(stream, Infinity);
  stream.operations.push(...operations);
  const after = runs(stream, Infinity);
  const shape = (all: readonly Run[]): string => canonical(all.map(span));
  const kept = new Set(after.map(identity));
  const isChanged = shape(before) !== shape(after);
  return [isChanged, isChanged ? before.filter((run) => !kept.has(identity(run))).length : 0];
}

function span(run: Run): Value {
  return [run.validFrom, run.validTo, run.value];
}

function identity(run: Run): string {
  return canonical([span(run), run.recordedAt]);
}

function timeline(stream: Stream, knownAt: Micros): [Micros, Breakpoint][] {
  const points = new Map<Micros, Breakpoint>();
  const at = (moment: Micros): Breakpoint | undefined => {
    const last = Math.max(...[...points.keys()].filter((each) => each <= moment));
    return points.get(last);
  };
  const set = (moment: Micros, value: Value, by: Observation): void => {
    points.set(moment, { value, by });
  };
  for (const operation of stream.operations) {
    const { value, by } = operation;
    if (by.recordedAt > knownAt) continue;
    if ('point' in operation) {
      set(operation.point, value, by);
      continue;
    }
    const { from, to } = operation;
    const held = at(to);
    for (const each of points.keys()) if (from < each && each < to) points.delete(each);
    set(from, value, by);
    if (!points.has(to)) set(to, held === undefined ? ABSENT : held.value, by);
  }
  return [...points].sort(([a], [b]) => a - b);
}

function valueAt(stream: Stream, moment: Micros): Value {
  const point = timeline(stream, Infinity).findLast(([at]) => at <= moment);
  return point === undefined ? ABSENT : point[1].value;
}

function isSame(a: Value, b: Value): boolean {
  return a === ABSENT || b === ABSENT ? a === b : canonical(a) === canonical(b);
}

function runs(stream: Stream, knownAt: Micros): Run[] {
  const all: (Run & { validTo: Micros | null })[] = [];
  let open: (typeof all)[number] | undefined;
  for (const [at, { value, by }] of timeline(stream, knownAt)) {
    if (open !== undefined && isSame(open.value, value)) continue;
    if (open !== undefined) open.validTo = at;
    open = undefined;
    if (value === ABSENT) continue;
    const { target, source, entity, attribute } = stream;
    const said = { recordedAt: by.recordedAt, observationId: by.id, reason: by.reason };
    open = { target, source, entity, attribute, value, validFrom: at, validTo: null, ...said };
    all.push(open);
  }
  return all;
}

/**
 * When the newest observation up to `asOf` was made that said this value of the run up to `asOf`. Where
 * nobody did, because a correction ended and what held before goes on, who said it before. A belief
 * that was only formed by looking back from later is as fresh as can be.
 */
function confirmedAt(stream: Stream, run: Run, { asOf, knownAt }: Moment): Micros {
  const said = stream.operations
    .filter((each) => each.by.recordedAt <= knownAt && isSame(each.value, run.value))
    .map((each) => {
      const [from, to] = 'point' in each ? [each.point, each.point + 1] : [each.from, each.to];
      return { from, to, at: each.by.observedAt };
    })
    .filter(({ from }) => from <= asOf);
  const inRun = said.filter((each) => each.to > run.validFrom);
  const times = (inRun.length > 0 ? inRun : said).map((each) => each.at);
  const newest = Math.max(...times.filter((at) => at <= asOf));
  return newest === -Infinity ? asOf : newest;
}
