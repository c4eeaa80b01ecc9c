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

const EXCERPT_CHARS = 2_000;

/** Text that came from targets, prose first, at most 2,000 characters; `null` when there is none. */
export function whatTargetsSaid(answer: Json): string | null {
  const found = new Set<string>();
  collect(answer, found);
  if (found.size === 0) return null;
  // What could persuade somebody is more than one word.
  const prose = [...found].sort((a, b) => words(b) - words(a));
  let text = '';
  for (const one of prose) {
    if (text.length + one.length + 1 > EXCERPT_CHARS) {
      if (text === '') text = one.slice(0, EXCERPT_CHARS).toWellFormed();
      break;
    }
    text += text === '' ? one : `\n${one}`;
  }
  return text;
}

function words(text: string): number {
  return text.split(/\s+/).length;
}

function collect(value: Json, found: Set<string>, isTheirs = false): void {
  if (typeof value === 'string') {
    if (!NUMERIC.test(value) && !STATES.has(value)) found.add(value);
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
    } else if (OURS.has(key)) continue;
    collect(member as Json, found, isTheirs || THEIRS.has(key));
  }
}

/** What a decision quotes of a target. */
function quoted(decision: Json): Json {
  const { because, says } = (decision ?? {}) as { readonly because?: Json; readonly says?: Json };
  return typeof because === 'string' && QUOTING.has(because) ? (says ?? null) : null;
}
