/**
 * What is done with evidence as time goes by: kept outputs past their retention are pruned, and events go to
 * a syslog receiver. The log waits for neither; what could not be sent is sent later, in order.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Log } from '#base/log';
import type { Clock, Files, Sender } from '#base/ports';
import { shift } from '#base/time';
import {
  datagram,
  type Log as EventLogFile,
  type EventRecord,
  type EvidenceSettings,
  type OutputStore,
  octetCounted,
  syslogMessage,
} from '#evidence';
import { nodeSender } from '#machine';
import type { Paths } from './data-directory.ts';
import { pruneOutputs } from './proof-tools.ts';

const SEND_EVERY_MS = 2_000;
const PRUNE_EVERY_MS = 3_600_000;
const PAGE = 200;
const SEND_TIMEOUT_MS = 10_000;
const DAY_MICROS = 86_400_000_000;
/** RFC 5426 3.2 asks receivers of datagrams for 2,048; streams carry whole events. */
const BYTES_MOST = { udp: 2_048, tcp: 65_536, tls: 65_536 } as const;

export type EvidenceWatch = {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: Paths;
  readonly settings: EvidenceSettings;
  readonly events: EventLogFile;
  readonly outputs: OutputStore;
};

export async function watchEvidence(watch: EvidenceWatch, signal: AbortSignal): Promise<void> {
  await Promise.all([pruneInTime(watch, signal), sendToSyslog(watch, signal)]);
}

async function pruneInTime(
  { clock, log, settings, events, outputs }: EvidenceWatch,
  signal: AbortSignal,
): Promise<void> {
  const { outputDays } = settings.retention;
  if (outputDays === null) return;
  while (!signal.aborted) {
    try {
      const now = clock.now();
      await pruneOutputs(events, outputs, {
        before: shift(now, -outputDays * DAY_MICROS),
        at: now,
        policy: `retention.outputDays ${outputDays}`,
      });
    } catch (thrown) {
      log.error('kept outputs could not be pruned', thrown);
    }
    await clock.sleep(PRUNE_EVERY_MS, signal);
  }
}

async function sendToSyslog(watch: EvidenceWatch, signal: AbortSignal): Promise<void> {
  const { clock, log, settings } = watch;
  const { syslog } = settings;
  if (syslog === null) return;
  await using sender = nodeSender({ ...syslog, timeoutMs: SEND_TIMEOUT_MS });
  let isDown = false;
  while (!signal.aborted) {
    try {
      await sendNew(watch, sender, syslog);
      if (isDown) log.info('events go to syslog again', { host: syslog.host });
      isDown = false;
    } catch (thrown) {
      if (!isDown) log.error('events could not be sent to syslog, and are sent later', thrown);
      isDown = true;
    }
    await clock.sleep(SEND_EVERY_MS, signal);
  }
}

/** Sends what is later than the cursor, oldest first, and moves it; an event may be sent twice, never left out. */
export async function sendNew(
  { files, events, paths }: Pick<EvidenceWatch, 'files' | 'events' | 'paths'>,
  sender: Sender,
  { protocol, facility }: NonNullable<EvidenceSettings['syslog']>,
): Promise<number> {
  const path = join(paths.run, 'syslog-cursor');
  const kept = await files.read(path);
  const sent = kept === undefined ? -1 : Number(Buffer.from(kept).toString('latin1'));
  const waiting: EventRecord[] = [];
  let before: number | undefined;
  search: for (;;) {
    const page = await events.read({}, PAGE, before);
    for (const event of page) {
      if (event.seq <= sent) break search;
      waiting.push(event);
      before = event.seq;
    }
    if (page.length < PAGE) break;
  }
  for (const event of waiting.toReversed()) {
    const message = syslogMessage(event, {
      facility,
      hostname: hostname(),
      processId: process.pid,
      bytesMost: BYTES_MOST[protocol],
    });
    await sender.send(
      protocol === 'udp' ? datagram(message, BYTES_MOST.udp) : octetCounted(message),
    );
  }
  const newest = waiting[0];
  if (newest !== undefined) await files.replace(path, Buffer.from(`${newest.seq}\n`), 0o600);
  return waiting.length;
}
