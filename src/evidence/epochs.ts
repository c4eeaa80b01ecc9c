/**
 * Epochs of a log. The first is random and in its first record. Each restore begins another: whoever
 * has seen the log go on elsewhere must be able to tell the two apart, so the log takes a new name, that
 * of the first with the epoch behind it.
 */
import { textOf } from './own-events.ts';
import type { EventRecord } from './protocol.ts';

/** What a `log.restored` says. */
export type Restore = {
  readonly epoch: string;
  readonly origin: string;
  /** Records that came from the backup; the record that says so is the next. */
  readonly size: number;
  readonly root: string;
  readonly madeAt: string;
};

export function restoreOf(event: EventRecord): Restore | undefined {
  const size = event.more?.['size'];
  if (typeof size !== 'number') return undefined;
  const [epoch, origin] = [textOf(event, 'epoch'), textOf(event, 'origin')];
  return { epoch, origin, size, root: textOf(event, 'root'), madeAt: textOf(event, 'madeAt') };
}

const EPOCH_BEHIND = /\/([0-9a-f]{32})$/;
const NAME_MOST = 128 - 33;

/** The name that the log called `origin` takes in an epoch. */
export function originIn(origin: string, epoch: string): string {
  return `${origin.replace(EPOCH_BEHIND, '').slice(0, NAME_MOST)}/${epoch}`;
}

/** The epoch of a log that is called `origin` now, by what its first record says. */
export function epochNow(
  origin: string,
  first: { readonly epoch: string; readonly origin: string },
): string {
  if (origin === first.origin) return first.epoch;
  return EPOCH_BEHIND.exec(origin)?.[1] ?? first.epoch;
}
