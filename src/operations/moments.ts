/** Reading times, moments and cursors out of a call's arguments. */
import { digestOf } from '#base/digest';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { type Instant, isInstant, parseInstant } from '#base/time';
import type { FactReader, Moment, PageKey } from '#store';

export type MomentInput = {
  readonly asOf?: string | undefined;
  readonly knownAt?: string | undefined;
};

/**
 * The moment asked about. `asOf` defaults to now; `knownAt` to everything recorded so far, which
 * may be later than now where the wall clock was set back. Nothing later is known, so a later
 * `knownAt` means the same: what is recorded between two pages never gets into the second.
 */
export function readMoment(input: MomentInput, now: Instant, facts: FactReader): Moment {
  const known = Math.max(now, facts.lastRecordedAt() ?? now) as Instant;
  const asked = input.knownAt === undefined ? known : parseInstant(input.knownAt);
  return {
    asOf: input.asOf === undefined ? now : parseInstant(input.asOf),
    knownAt: asked < known ? asked : known,
  };
}

/** A cursor pins the moments and the question of the first page, so that pages never mix two states. */
type Pinned<Place> = { readonly moments: readonly Moment[]; readonly place: Place };

export function writeCursor(question: object, moments: readonly Moment[], place: Json): string {
  const body = {
    q: digestOf(question as Json).slice(7, 23),
    m: moments.map((at) => [at.asOf, at.knownAt]),
    p: place,
  };
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}

export function readCursor<Place>(
  cursor: string,
  question: object,
  count: number,
  isPlace: (place: unknown) => place is Place,
): Pinned<Place> {
  const body = decode(cursor);
  if (body === undefined) throw badCursor('it is not one of ours');
  const { q, m, p } = body as { q?: unknown; m?: unknown; p?: unknown };
  if (q !== digestOf(question as Json).slice(7, 23))
    throw badCursor('the other arguments differ from those of the page before');
  if (!Array.isArray(m) || m.length !== count || !isPlace(p))
    throw badCursor('it is not one of ours');
  const moments = m.map((pair: unknown) => {
    if (!Array.isArray(pair) || !isInstant(pair[0]) || !isInstant(pair[1]))
      throw badCursor('it is not one of ours');
    return { asOf: pair[0], knownAt: pair[1] };
  });
  return { moments, place: p };
}

function decode(cursor: string): object | undefined {
  try {
    const body: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

function badCursor(why: string): Fault {
  return new Fault(
    'invalid',
    'invalid-cursor',
    `cursor does not fit: ${why}. Ask again without cursor for the first page`,
  );
}

export function isPageKey(place: unknown): place is PageKey {
  return (
    Array.isArray(place) && place.length === 5 && place.every((part) => typeof part === 'string')
  );
}

export function isText(place: unknown): place is string {
  return typeof place === 'string';
}
