/**
 * Every event in order, for those who hold the log beside something else. Judges nothing: whether
 * the log is what it says is for verification to tell, and this is only asked of one that holds.
 */
import type { Files } from '#base/ports';
import { decodeEvent } from './event-form.ts';
import { epochOf, journalPath, readJournal } from './journal.ts';
import type { EventRecord } from './protocol.ts';
import { bundlePath, view } from './tiles.ts';
import { TILE_WIDTH } from './tree.ts';

export async function* readEvents(files: Files, directory: string): AsyncGenerator<EventRecord> {
  /** Frames of a journal are only looked at where it is known which log they are of. */
  let epoch: string | undefined;
  for (let bundle = 0; ; bundle++) {
    const file = bundlePath(directory, bundle);
    let bytes = await files.read(file);
    if (bytes === undefined) {
      const journal = await files.read(journalPath(directory, bundle));
      if (journal !== undefined) {
        const { records } = readJournal(journal, bundle * TILE_WIDTH, '', epoch, undefined);
        for (const { event } of records) {
          epoch ??= epochOf(event);
          yield event;
        }
        continue;
      }
      // Folded between the two looks, or the end.
      bytes = await files.read(file);
      if (bytes === undefined) return;
    }
    for (const event of eventsOf(view(bytes))) {
      epoch ??= epochOf(event);
      yield event;
    }
  }
}

function* eventsOf(bundle: Buffer): Generator<EventRecord> {
  let at = 0;
  while (at + 2 <= bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at);
    const event = decodeEvent(bundle.subarray(at + 2, end));
    if (event !== undefined) yield event;
    at = end;
  }
}
