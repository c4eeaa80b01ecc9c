/**
 * What of an answer a target itself wrote. Numbers, enums and what this program writes do not taint;
 * any other text may be somebody's wish.
 */
import type { Json } from '#base/json';

/** Members that hold text of our own, of the inventory or of the caller. */
const OURS: ReadonlySet<string> = new Set([
  'action',
  'ageSeconds',
  'attribute',
  'because',
  'baseline',
  'baselines',
  'changeId',
  'code',
  'coverage',
  'createdAt',
  'cursor',
  'decision',
  'digest',
  'effect',
  'expiresAt',
  'firstSeen',
  'id',
  'kind',
  'lastSeen',
  'next',
  'nextCursor',
  'observationId',
  'observedAt',
  'reason',
  'recordedAt',
  'requestedBy',
  'onBehalfOf',
  'scope',
  'severity',
  'source',
  'state',
  'status',
  'supersededAt',
  'target',
  'tier',
  'type',
  'validFrom',
  'validTo',
  'approvals',
  'receipts',
  'targets',
]);

/** What a target reports, whole: its own members may have any name, those above among them. */
const THEIRS: ReadonlySet<string> = new Set(['value', 'expected', 'observed', 'before', 'after']);
/** A refusal with one of these quotes what a target says. */
const QUOTING: ReadonlySet<string> = new Set([
  'untyped-value',
  'state-moved',
  'world-moved',
  'host-refused',
]);

/** Digests, moments, numbers, addresses of numbers. */
const NUMERIC = /^(?:[0-9a-f]{64}|\d{4}-\d\d-\d\dT[\d:.]+Z|[\d.,:%/ -]*)$/;
/** What systemd and the kernel say of a state. */
const STATES: ReadonlySet<string> = new Set(
  'active inactive failed activating deactivating reloading running exited dead waiting listening mounted plugged enabled disabled static masked indirect generated alias linked loaded not-found tcp udp tcp6 udp6 up down unknown yes no true false on off'.split(
    ' ',
  ),
);

const STATE_CHARS = Math.max(...[...STATES].map(({ length }) => length));

const EXCERPT_CHARS = 2_000;

/** Text that came from targets, prose first, at most 2,000 characters; `null` when there is none. */
export function whatTargetsSaid(answer: Json): string | null {
  const found = new Prose();
  collect(answer, found);
  return found.excerpt();
}

/** Texts by the number of their words, of each number no more than an excerpt can show. */
class Prose {
  readonly #byWords = new Map<number, { chars: number; readonly texts: Set<string> }>();

  add(text: string): void {
    const count = words(text);
    let alike = this.#byWords.get(count);
    if (alike === undefined) {
      alike = { chars: 0, texts: new Set() };
      this.#byWords.set(count, alike);
    }
    if (alike.chars > EXCERPT_CHARS || alike.texts.has(text)) return;
    alike.texts.add(text);
    alike.chars += text.length + 1;
  }

  /** What could persuade somebody is more than one word. */
  excerpt(): string | null {
    let all: string | null = null;
    for (const [, { texts }] of [...this.#byWords].sort(([a], [b]) => b - a)) {
      for (const one of texts) {
        if ((all?.length ?? 0) + one.length + 1 > EXCERPT_CHARS) {
          return all ?? one.slice(0, EXCERPT_CHARS).toWellFormed();
        }
        all = all === null ? one : `${all}\n${one}`;
      }
    }
    return all;
  }
}

const WHITE = /\s/;

/** As many as fit into an excerpt: beyond that one text is as long as another. */
function words(text: string): number {
  let count = 0;
  let isInside = false;
  const end = Math.min(text.length, EXCERPT_CHARS);
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i);
    const isWord = unit > 0x20 && (unit < 0x80 || !WHITE.test(text.charAt(i)));
    if (isWord && !isInside) count++;
    isInside = isWord;
  }
  return count;
}

function collect(value: Json, found: Prose, isTheirs = false): void {
  if (typeof value === 'string') {
    if (!isPlain(value)) found.add(value);
    return;
  }
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const one of value) collect(one, found, isTheirs);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    if (isTheirs) collect(key, found);
    else if (key === 'decision') {
      collect(quoted(member as Json), found);
      continue;
    } else if (key === 'plan') {
      for (const fact of reliedOn(member as Json)) collect(fact, found, true);
      continue;
    } else if (OURS.has(key)) continue;
    collect(member as Json, found, isTheirs || THEIRS.has(key));
  }
}

/** The first letter tells most texts from a number, and the length from a state. */
function isPlain(text: string): boolean {
  if (!(text.charCodeAt(0) > 0x66) && NUMERIC.test(text)) return true;
  return text.length <= STATE_CHARS && STATES.has(text);
}

/**
 * A plan's words are its action's, and its arguments passed their types and the names that trusted sources
 * report. What a target wrote in it are the values of the facts that it relies on.
 */
function reliedOn(plan: Json): readonly Json[] {
  const { preconditions } = (plan ?? {}) as { readonly preconditions?: Json };
  return Array.isArray(preconditions)
    ? preconditions.map((one: { readonly value?: Json }) => one.value ?? null)
    : [];
}

/** What a decision quotes of a target. */
function quoted(decision: Json): Json {
  const { because, says } = (decision ?? {}) as { readonly because?: Json; readonly says?: Json };
  return typeof because === 'string' && QUOTING.has(because) ? (says ?? null) : null;
}
