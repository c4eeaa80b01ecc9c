/**
 * The reference semantics as obvious code: all operations kept in a list for each stream, replayed on every
 * read. Tests hold every backend to it; nothing else uses it, and it shares no code with a backend.
 */
import { canonicalJson, type Json } from '#base/json';
import type { Instant } from '#base/time';
import { type Coverage, type FactType, type FactVersion, isVolatile } from '#model';
import type {
  Difference,
  Edge,
  FactFilter,
  Moment,
  ObservationInput,
  ObservationReceipt,
  StirWindow,
  StoredFact,
  StreamName,
  Wanted,
} from './protocol.ts';

type Value = { readonly json: Json; readonly altered: boolean } | 'absent';
type Step =
  | { readonly do: 'point'; readonly at: number; readonly value: Value }
  | { readonly do: 'interval'; readonly from: number; readonly to: number; readonly value: Value };
type Operation = {
  readonly by: ObservationInput;
  readonly steps: readonly Step[];
  /** First and last moment that the operation speaks of; the last one is included for a point. */
  readonly from: number;
  readonly to: number;
  readonly endsInPoint: boolean;
  readonly value: Value;
};
type Place = { readonly value: Value; readonly by: ObservationInput };
type Run = {
  readonly from: number;
  readonly to: number | null;
  readonly value: Value;
  readonly by: ObservationInput;
};
type Stream = {
  readonly scope: string;
  readonly target: string;
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
  readonly type: FactType;
  readonly operations: Operation[];
};

const ALWAYS = Number.MAX_SAFE_INTEGER;

export class ReferenceStore {
  readonly #streams = new Map<string, Stream>();
  readonly #observations: ObservationInput[] = [];
  /** What became otherwise: from which moment on, and by which observation. */
  readonly #stirs: { readonly at: number; readonly by: ObservationInput }[] = [];

  /** Applies an observation that is already known to be valid. */
  record(o: ObservationInput): ObservationReceipt {
    const counts = { written: 0, unchanged: 0, superseded: 0, retired: 0 };
    const listed = new Set<Stream>();
    for (const fact of o.facts) {
      const stream = this.#stream(o, fact.entity, fact.attribute);
      listed.add(stream);
      const value = { json: fact.value, altered: fact.altered === true };
      const result = apply(stream, operation(o, value, fact.validFrom, fact.validTo));
      counts.superseded += result.superseded;
      if (result.changed) {
        counts.written++;
        this.#stir(stream, fact.validFrom ?? o.observedAt, o);
      } else counts.unchanged++;
    }
    for (const stream of [...this.#streams.values()].filter((s) => isOf(s, o))) {
      const named = o.absent?.some(
        (a) => a.entity === stream.entity && a.attribute === stream.attribute,
      );
      const covered = o.complete.includes(kind(stream)) && !listed.has(stream);
      if (!named && !covered) continue;
      if (runAt(runs(stream, ALWAYS), o.observedAt) === undefined) continue;
      counts.superseded += apply(stream, operation(o, 'absent', undefined, undefined)).superseded;
      counts.retired++;
      this.#stir(stream, o.observedAt, o);
    }
    this.#observations.push(o);
    return { observationId: o.id, recordedAt: o.recordedAt, ...counts, replayed: false };
  }

  query(filter: FactFilter, at: Moment): StoredFact[] {
    return this.#matching(filter).flatMap((stream) => {
      const run = runAt(runs(stream, at.knownAt), at.asOf);
      if (run === undefined) return [];
      return [
        { ...fact(stream, run), supersededAt: null, confirmedAt: confirmedAt(stream, run, at) },
      ];
    });
  }

  compare(filter: FactFilter, from: Moment, to: Moment): Difference[] {
    return this.#matching(filter).flatMap((stream) => {
      const before = runAt(runs(stream, from.knownAt), from.asOf)?.value;
      const after = runAt(runs(stream, to.knownAt), to.asOf)?.value;
      if (same(before ?? 'absent', after ?? 'absent')) return [];
      const { scope, target, source, entity, attribute } = stream;
      return [
        { scope, target, source, entity, attribute, before: json(before), after: json(after) },
      ];
    });
  }

  history(filter: Omit<FactFilter, 'type' | 'text'>): FactVersion[] {
    return this.#matching(filter).flatMap((stream) => {
      const versions: { run: Run; until: Instant | null }[] = [];
      let believed: { run: Run; until: Instant | null }[] = [];
      for (const { by } of stream.operations) {
        const now = runs(stream, by.recordedAt);
        const next = now.map(
          (run) => believed.find((v) => sameSpan(v.run, run)) ?? { run, until: null },
        );
        for (const old of believed) if (!next.includes(old)) old.until = by.recordedAt;
        versions.push(...next.filter((v) => !believed.includes(v)));
        believed = next;
      }
      return versions.map(({ run, until }) => ({
        ...fact(stream, run),
        supersededAt: until,
        observationId: run.by.id,
        actor: run.by.actor,
        reason: run.by.reason,
      }));
    });
  }

  besides(wanted: Wanted, at: Moment): StreamName[] | undefined {
    const { scope, target, type, facts, counts, only } = wanted;
    const held = this.query({ scopes: [scope], target, type }, at);
    const isOne = (a: Omit<StreamName, 'source'>, b: Omit<StreamName, 'source'>): boolean =>
      a.entity === b.entity && a.attribute === b.attribute;
    for (const fact of facts) {
      if (facts.filter((f) => f.source === fact.source && isOne(f, fact)).length > 1)
        return undefined;
      const telling = held.filter(
        (h) =>
          isOne(h, fact) &&
          (fact.source === null
            ? counts(h.source, h.entity.split(':')[0] as string)
            : h.source === fact.source),
      );
      const value = { json: fact.value, altered: fact.altered === true };
      const agrees = telling.every((h) => same({ json: h.value, altered: h.altered }, value));
      if (telling.length === 0 || !agrees) return undefined;
    }
    return held
      .filter(
        (h) =>
          only.includes(h.source) &&
          !facts.some((fact) => fact.source === h.source && isOne(fact, h)),
      )
      .map(({ source, entity, attribute }) => ({ source, entity, attribute }));
  }

  coverage(scopes: readonly string[], at: Moment): Coverage[] {
    const found = new Map<string, { order: string[]; coverage: Coverage; claims: boolean }>();
    const known = this.#observations
      .filter(
        (o) => scopes.includes(o.scope) && o.recordedAt <= at.knownAt && o.observedAt <= at.asOf,
      )
      .sort((a, b) => a.observedAt - b.observedAt || a.recordedAt - b.recordedAt);
    for (const o of known) {
      const say = (
        kind: string,
        status: Coverage['status'],
        reason: string | null,
        claims: boolean,
      ): void => {
        const order = [o.target, o.source, kind, o.scope];
        if (!claims && found.get(order.join(' '))?.claims === true) return;
        const { scope, target, source, observedAt } = o;
        const ageSeconds = Math.floor((at.asOf - observedAt) / 1_000_000);
        const coverage = { scope, target, source, kind, status, observedAt, ageSeconds, reason };
        found.set(order.join(' '), { order, coverage, claims });
      };
      for (const { entity } of o.facts) say(entity.split(':')[0] as string, 'partial', null, false);
      for (const kind of o.complete) say(kind, 'complete', null, true);
      for (const kind of new Set(o.shortfalls.map((s) => s.kind))) {
        const all = o.shortfalls.filter((s) => s.kind === kind);
        const worst = all.find((s) => s.status === 'unreachable') ?? all[0];
        if (worst !== undefined) say(kind, worst.status, worst.reason, true);
      }
    }
    return [...found.values()].sort((a, b) => bytes(a.order, b.order)).map((f) => f.coverage);
  }

  edges(scopes: readonly string[], at: Moment): Edge[] {
    return this.query({ scopes, type: 'observed' }, at).flatMap((held) => {
      const { scope, target, source, entity, attribute, value } = held;
      const to = (Array.isArray(value) ? value : [value]).flatMap((one: Json) =>
        /^{"ref":"[^"]*"}$/.test(canonicalJson(one)) ? [(one as { readonly ref: string }).ref] : [],
      );
      return to.length === 0 ? [] : [{ scope, target, source, entity, attribute, to }];
    });
  }

  stirred(scopes: readonly string[], window: StirWindow, knownAt: Instant): number[] {
    const { from, until, parts, clock } = window;
    const begins = Array.from({ length: parts + 1 }, (_, n) =>
      Math.floor(from + ((until - from) * n) / parts),
    );
    const known = this.#stirs.filter(
      ({ by }) => by.type === 'observed' && scopes.includes(by.scope) && by.recordedAt <= knownAt,
    );
    return begins.slice(0, -1).map((begin, n) => {
      const end = begins[n + 1] as number;
      const of = ({ at, by }: (typeof known)[number]): number =>
        clock === 'valid' ? at : by.recordedAt;
      return known.filter((stir) => of(stir) >= begin && of(stir) < end).length;
    });
  }

  #stir(stream: Stream, at: number, by: ObservationInput): void {
    if (!isVolatile(kind(stream), stream.attribute)) this.#stirs.push({ at, by });
  }

  #stream(o: ObservationInput, entity: string, attribute: string): Stream {
    const { scope, target, source, type } = o;
    const key = JSON.stringify([scope, target, source, entity, attribute, type]);
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream = { scope, target, source, entity, attribute, type, operations: [] };
    this.#streams.set(key, stream);
    return stream;
  }

  #matching(f: Omit<FactFilter, 'type'> & { readonly type?: FactType }): Stream[] {
    const order = (s: Stream): string[] => [
      s.entity,
      s.attribute,
      s.target,
      s.source,
      s.scope,
      s.type,
    ];
    return [...this.#streams.values()]
      .filter(
        (s) =>
          f.scopes.includes(s.scope) &&
          (f.type ?? s.type) === s.type &&
          (f.target ?? s.target) === s.target &&
          (f.source ?? s.source) === s.source &&
          (f.entity ?? s.entity) === s.entity &&
          (f.attribute ?? s.attribute) === s.attribute &&
          (f.kind ?? kind(s)) === kind(s),
      )
      .sort((a, b) => bytes(order(a), order(b)));
  }
}

function operation(
  by: ObservationInput,
  value: Value,
  validFrom: number | undefined,
  validTo: number | undefined,
): Operation {
  const from = validFrom ?? by.observedAt;
  if (validTo !== undefined) {
    const steps: Step[] = [{ do: 'interval', from, to: validTo, value }];
    return { by, steps, from, to: validTo, endsInPoint: false, value };
  }
  const to = Math.max(from, by.observedAt);
  const steps: Step[] = [{ do: 'point', at: to, value }];
  if (from < to) steps.unshift({ do: 'interval', from, to, value });
  return { by, steps, from, to, endsInPoint: true, value };
}

function apply(stream: Stream, operation: Operation): { changed: boolean; superseded: number } {
  const before = runs(stream, ALWAYS);
  stream.operations.push(operation);
  const after = runs(stream, ALWAYS);
  const shape = (all: Run[]): string => JSON.stringify(all.map((r) => [r.from, r.to, r.value]));
  const changed = shape(before) !== shape(after);
  const lost = before.filter((old) => !after.some((now) => sameRun(old, now))).length;
  return { changed, superseded: changed ? lost : 0 };
}

/** The timeline as believed at a moment: what each breakpoint says and which observation set it. */
function timeline(stream: Stream, knownAt: number): Map<number, Place> {
  const places = new Map<number, Place>();
  for (const { by, steps } of stream.operations) {
    if (by.recordedAt > knownAt) continue;
    const set = (at: number, value: Value): void => {
      places.set(at, { value, by });
    };
    for (const step of steps) {
      if (step.do === 'point') set(step.at, step.value);
      else {
        const before = valueAt(places, step.to);
        for (const at of places.keys()) if (at > step.from && at < step.to) places.delete(at);
        set(step.from, step.value);
        if (!places.has(step.to)) set(step.to, before);
      }
    }
  }
  return places;
}

function valueAt(places: Map<number, Place>, at: number): Value {
  const last = Math.max(...[...places.keys()].filter((time) => time <= at));
  return places.get(last)?.value ?? 'absent';
}

/** Maximal runs of equal value; absence is no run. */
function runs(stream: Stream, knownAt: number): Run[] {
  const all: { from: number; to: number | null; value: Value; by: ObservationInput }[] = [];
  for (const [from, { value, by }] of [...timeline(stream, knownAt)].sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last !== undefined && same(last.value, value)) continue;
    if (last !== undefined) last.to = from;
    all.push({ from, to: null, value, by });
  }
  return all.filter((run) => run.value !== 'absent');
}

function runAt(all: readonly Run[], at: number): Run | undefined {
  return all.find((run) => run.from <= at && (run.to === null || at < run.to));
}

/**
 * The newest `observedAt` that is not after `asOf`, of an operation that said the run's value of some
 * moment in it, up to `asOf`. When all of them looked later, the moment itself. When there is none,
 * because what held before goes on where a correction ends, of one that said it earlier.
 */
function confirmedAt(stream: Stream, run: Run, at: Moment): Instant {
  const saying = stream.operations.filter(
    (o) => o.by.recordedAt <= at.knownAt && o.from <= at.asOf && same(o.value, run.value),
  );
  const within = saying.filter((o) => (o.endsInPoint ? o.to >= run.from : o.to > run.from));
  const times = (within.length === 0 ? saying : within).map((o) => o.by.observedAt);
  const newest = Math.max(...times.filter((time) => time <= at.asOf));
  return (newest === -Infinity ? at.asOf : newest) as Instant;
}

function fact(stream: Stream, run: Run): Omit<StoredFact, 'confirmedAt' | 'supersededAt'> {
  const { scope, target, source, entity, attribute, type } = stream;
  return {
    scope,
    target,
    source,
    entity,
    attribute,
    type,
    value: json(run.value) as Json,
    validFrom: run.from as Instant,
    validTo: run.to as Instant | null,
    recordedAt: run.by.recordedAt,
    altered: run.value !== 'absent' && run.value.altered,
  };
}

function json(value: Value | undefined): Json | undefined {
  return value === undefined || value === 'absent' ? undefined : value.json;
}

function same(a: Value, b: Value): boolean {
  if (a === 'absent' || b === 'absent') return a === b;
  return a.altered === b.altered && canonicalJson(a.json) === canonicalJson(b.json);
}

function sameRun(a: Run, b: Run): boolean {
  return a.by === b.by && sameSpan(a, b);
}

/** One version in a history, whoever says it again. */
function sameSpan(a: Run, b: Run): boolean {
  return a.from === b.from && a.to === b.to && same(a.value, b.value);
}

function kind(stream: Stream): string {
  return stream.entity.split(':')[0] as string;
}

function isOf(s: Stream, o: ObservationInput): boolean {
  return s.scope === o.scope && s.target === o.target && s.source === o.source && s.type === o.type;
}

function bytes(a: readonly string[], b: readonly string[]): number {
  for (const [i, part] of a.entries()) {
    const order = Buffer.compare(Buffer.from(part), Buffer.from(b[i] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}
