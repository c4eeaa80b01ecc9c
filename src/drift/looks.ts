/** How well each source looked at each kind, as far as a declaration asks. */
import type { Instant } from '#base/time';
import { type Coverage, kindOf } from '#model';
import type { DiffInput } from './diff.ts';
import type { ObservedFact } from './facts.ts';

type Look = {
  readonly status: Coverage['status'];
  readonly reason: string | null;
  readonly observedAt: Instant | null;
};

const NEVER: Look = { status: 'never', reason: null, observedAt: null };
const DISTRUSTED: Look = { status: 'never', reason: 'source is not trusted', observedAt: null };
/** The best of several looks comes first. */
const ORDER = ['complete', 'partial', 'stale', 'unreachable', 'never'];

export class Looks {
  readonly #input: DiffInput;
  readonly #rows = new Map<string, Coverage>();
  readonly #byKind = new Map<string, Coverage[]>();
  readonly #kept = new Map<string, Look>();
  /** Some kind was seen in part, so that facts of it may be older than its last look. */
  readonly hasPartial: boolean;
  #flags: Map<string, Set<string>> | undefined;

  constructor(input: DiffInput) {
    this.#input = input;
    let hasPartial = false;
    for (const row of input.coverage) {
      if (row.target !== input.declared.target) continue;
      this.#rows.set(`${row.kind} ${row.source}`, row);
      const same = this.#byKind.get(row.kind);
      if (same === undefined) this.#byKind.set(row.kind, [row]);
      else same.push(row);
      hasPartial ||= row.status === 'partial';
    }
    this.hasPartial = hasPartial;
  }

  /** `source` null: the best look of any trusted one. */
  told(source: string | null, kind: string): Look {
    const key = `${kind} ${source ?? '\n'}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const look = this.#told(source, kind);
    this.#kept.set(key, look);
    return look;
  }

  isComplete(source: string | null, kind: string): boolean {
    return this.told(source, kind).status === 'complete';
  }

  /** Nothing that was there before says how it is now. */
  isBlind(source: string | null, kind: string): boolean {
    const { status } = this.told(source, kind);
    return status !== 'complete' && status !== 'partial';
  }

  isTrusted(source: string | null, kind: string): boolean {
    return source === null || this.#input.isTrusted(source, kind);
  }

  /** Whether the last look at its kind, complete or not, has seen this fact. */
  wasSeen(fact: ObservedFact): boolean {
    const { status, observedAt } = this.told(fact.source, kindOf(fact.entity));
    if (status !== 'partial' || observedAt === null) return true;
    return fact.confirmedAt === undefined || fact.confirmedAt >= observedAt;
  }

  /** Whether an entity has `true` there. */
  isFlagged(entity: string, attribute: string, source: string): boolean {
    this.#flags ??= flagsOf(this.#input.observed);
    return this.#flags.get(`${source}\n${entity}`)?.has(attribute) === true;
  }

  #told(source: string | null, kind: string): Look {
    if (source !== null) {
      if (!this.#input.isTrusted(source, kind)) return DISTRUSTED;
      return this.#rows.get(`${kind} ${source}`) ?? NEVER;
    }
    const trusted = (this.#byKind.get(kind) ?? []).filter((row) =>
      this.#input.isTrusted(row.source, kind),
    );
    const [best] = trusted.sort(
      (a, b) =>
        ORDER.indexOf(a.status) - ORDER.indexOf(b.status) ||
        (b.observedAt ?? 0) - (a.observedAt ?? 0),
    );
    return best ?? NEVER;
  }
}

function flagsOf(observed: Iterable<ObservedFact>): Map<string, Set<string>> {
  const flags = new Map<string, Set<string>>();
  for (const { source, entity, attribute, value } of observed) {
    if (value !== true) continue;
    const key = `${source}\n${entity}`;
    const known = flags.get(key);
    if (known === undefined) flags.set(key, new Set([attribute]));
    else known.add(attribute);
  }
  return flags;
}
