/**
 * Opening a log: files against the acknowledged head, and what a crash left behind.
 *
 * Everything up to the head must be there, unchanged; otherwise nothing is opened. Beyond the head,
 * what authenticates is kept and the rest is set aside in `recovered/`; a `log.recovered` event says
 * exactly what happened. Each step can be run again after a crash in its middle.
 */

import { Fault, invariant } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Clock, Files, Random } from '#base/ports';
import { originIn } from './epochs.ts';
import { decodeEvent } from './event-form.ts';
import { journalPath } from './journal.ts';
import { Log } from './log.ts';
import { makeLogKey, readPins, writeVerifierKey } from './log-key.ts';
import { parseCheckpoint, parseNote, parseVerifierKey } from './note.ts';
import { ownEvent } from './own-events.ts';
import type { EventInput } from './protocol.ts';
import { type Found, type RecoveryOptions, recover } from './recover.ts';
import { bundlePath, view } from './tiles.ts';
import { toHex } from './tree.ts';

export type OpenOptions = RecoveryOptions & {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * The checkpoint origin and the key's name, without spaces or `+`. Default: `holdfast/` and a
   * random id for a new log, the name of the log's verifier key afterwards.
   */
  readonly origin?: string;
  /** Bound by the first event and by `service.started` of each later opening. */
  readonly digests: { readonly program: string; readonly configuration: string } & JsonObject;
  /**
   * The files were just put back from a backup, where nobody uses them yet: a new epoch begins instead
   * of a service, with a `log.restored` that says where the log was cut off from what came later.
   */
  readonly restored?: RestoredFrom;
  readonly checkpointEveryEvents?: number;
  /** 0 switches the timer off. */
  readonly checkpointEveryMs?: number;
  readonly heard?: (event: EventInput) => void;
};

export type RestoredFrom = {
  /** SHA-256 of what was restored from. */
  readonly backup: string;
  readonly madeAt: string;
  readonly restoredAt: string;
};

export async function openEventLog(options: OpenOptions): Promise<Log> {
  const { files, directory, keys, random } = options;
  const origin = options.origin ?? (await knownOrigin(files, keys, directory)) ?? newOrigin(random);
  if (!/^[^\s+]{1,128}$/.test(origin)) {
    throw new Fault(
      'invalid',
      'log-origin',
      `not an origin: ${JSON.stringify(origin.slice(0, 64))}. Give a name without spaces and plus signs, like holdfast/site-1`,
    );
  }
  await files.makeDirectory(`${directory}/journal`);
  const ports = {
    ...options,
    checkpointEveryEvents: options.checkpointEveryEvents ?? LIMITS.checkpointEveryEvents,
    checkpointEveryMs: options.checkpointEveryMs ?? LIMITS.checkpointEveryMs,
  };
  const found = await recover(options, origin);
  const [pin] = await readPins(files, keys);
  // A crash may have come between the key and its verifier key.
  if (found.key !== undefined && pin !== found.key.verifier.vkey) {
    await writeVerifierKey(files, keys, found.key);
  }
  if (found.total === 0) {
    invariant(options.restored === undefined, 'what is restored has records');
    const epoch = Buffer.from(random.bytes(16)).toString('hex');
    const key = found.key ?? (await makeLogKey(files, random, keys, origin));
    const log = new Log(ports, {
      ...found,
      id: epoch,
      epoch,
      key,
      acknowledged: { size: 0, root: toHex(found.tree.root()) },
    });
    const { cut } = found.recovered;
    const genesis: JsonObject = {
      ...options.digests,
      epoch,
      origin,
      vkey: key.verifier.vkey,
      ...(cut.length === 0 ? {} : { cut: cut as unknown as Json }),
    };
    await log.append(ownEvent('log.opened', genesis)).durable;
    return log;
  }
  const acknowledged = { size: found.total, root: toHex(found.tree.root()) };
  if (options.heads.read()?.size !== found.total || found.adopted) {
    await options.heads.advance({ epoch: found.epoch, ...acknowledged });
  }
  invariant(found.key, 'a log that exists has a key');
  const log = new Log(ports, { ...found, key: found.key, acknowledged });
  try {
    await tellOpening(log, found, options, origin);
  } catch (thrown) {
    await log[Symbol.asyncDispose]();
    throw thrown;
  }
  return log;
}

/** The first records of an opening, all of them durable. */
async function tellOpening(
  log: Log,
  found: Found,
  { restored, random, digests }: OpenOptions,
  origin: string,
): Promise<void> {
  const first: Promise<unknown>[] = [];
  if (restored !== undefined) {
    const begins = Buffer.from(random.bytes(16)).toString('hex');
    await log.beginEpoch(begins, originIn(origin, begins), restored);
  }
  const { recovered } = found;
  if (recovered.kept > 0 || recovered.cut.length > 0 || found.adopted) {
    const more = { acknowledged: found.headSize, ...recovered, adopted: found.adopted };
    first.push(log.append(ownEvent('log.recovered', more as unknown as JsonObject)).durable);
  }
  if (found.unrecorded !== undefined) {
    first.push(log.append(ownEvent('log.checkpoint', found.unrecorded)).durable);
  }
  if (restored === undefined) first.push(log.append(ownEvent('service.started', digests)).durable);
  await Promise.all(first);
}

/** The name of the verifier key beside the private one; when that file is gone, what the newest checkpoint or the first record says. */
async function knownOrigin(
  files: Files,
  keys: string,
  directory: string,
): Promise<string | undefined> {
  const [pin] = await readPins(files, keys);
  const name = pin === undefined ? undefined : parseVerifierKey(pin)?.name;
  if (name !== undefined) return name;
  const newest = await files.read(`${directory}/checkpoint`);
  const note = newest === undefined ? undefined : parseNote(Buffer.from(newest).toString('utf8'));
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (checkpoint !== undefined) return checkpoint.origin;
  for (const path of [bundlePath(directory, 0), journalPath(directory, 0)]) {
    const start = await files.readRange(path, 0, 2 + LIMITS.eventBytes);
    if (start === undefined || start.length < 2) continue;
    // Bundles and journals begin alike: a length, then the entry.
    const event = decodeEvent(start.subarray(2, 2 + view(start).readUInt16BE(0)));
    const origin = event?.more?.['origin'];
    if (typeof origin === 'string') return origin;
  }
  return undefined;
}

function newOrigin(random: Random): string {
  return `holdfast/${Buffer.from(random.bytes(6)).toString('hex')}`;
}
