/**
 * What somebody needs to check the log by themselves: the newest signed checkpoint, the line of keys from the first
 * record on, records as they are hashed, and proofs. Nothing here asks to be believed.
 */
import { Fault, invariant } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import type { Files } from '#base/ports';
import { type EventRecord, type Log, newestNote } from '#evidence';
import type { ProofPowers } from '#operations';

/** What hands the log's key over to another; both keys sign it. */
const HANDS_OVER = new Set(['log.key', 'log.restored']);
const PAGE = 256;

export function logProofs(
  files: Files,
  events: Log,
  directory: string,
  witnesses: readonly string[] = [],
): Pick<ProofPowers, 'checkpoint' | 'prove'> {
  const handovers = new Handovers(events);
  const proved = async (event: EventRecord, size: number): Promise<Json> => ({
    seq: event.seq,
    record: canonicalJson(event as unknown as Json),
    proof: [...(await events.inclusionProof(event.seq, size))],
  });
  const sizeOf = (note: string): number => Number(note.split('\n', 2)[1] ?? Number.NaN);
  const cosignedBy = async (vkey: string, size: number): Promise<Json> => {
    const [name = ''] = vkey.split('+', 1);
    const note = await newestNote(
      files,
      `${directory}/cosigned`,
      (one) => one.includes(`\n— ${name} `) && sizeOf(one) <= size,
    );
    if (note === undefined) return null;
    return { note, proof: [...(await events.consistencyProof(sizeOf(note), size))] };
  };
  return {
    async checkpoint(earlier, sign) {
      const newest = (): Promise<Uint8Array | undefined> => files.read(`${directory}/checkpoint`);
      if (sign) await events.checkpoint();
      let bytes = await newest();
      // Of a log that is minutes old there is none yet.
      if (bytes === undefined && !sign) {
        await events.checkpoint();
        bytes = await newest();
      }
      const note = Buffer.from(bytes ?? '').toString('utf8');
      const size = sizeOf(note);
      if (!Number.isSafeInteger(size))
        throw new Fault(
          'unavailable',
          'no-checkpoint',
          'no checkpoint is signed yet: try again in a minute',
        );
      const line = (await handovers.all()).filter(({ seq }) => seq < size);
      return {
        note,
        size,
        key: events.vkey,
        keys: await Promise.all(line.map((event) => proved(event, size))),
        consistency:
          earlier === undefined || earlier > size
            ? null
            : { earlier, proof: [...(await events.consistencyProof(earlier, size))] },
        witnesses: await Promise.all(
          witnesses.map(async (key) => ({ key, cosigned: await cosignedBy(key, size) })),
        ),
      };
    },

    async prove(seqs, size) {
      const records: Json[] = [];
      for (const seq of seqs) {
        const [event] = await events.read({}, 1, seq + 1);
        if (event?.seq !== seq || seq >= size)
          throw new Fault(
            'missing',
            'no-such-proof',
            `the log of ${size} records has no record ${seq}: give the size of a checkpoint, and records below it`,
          );
        records.push(await proved(event, size));
      }
      return { size, records };
    },
  };
}

/** The first record and every one that names another key. The log is read through once, and only where there was one. */
class Handovers {
  readonly #events: Log;
  #known: readonly EventRecord[] = [];
  #read = 0;

  constructor(events: Log) {
    this.#events = events;
  }

  async all(): Promise<readonly EventRecord[]> {
    const [first] = await this.#events.read({}, 1, 1);
    invariant(first, 'a log that is open has a first record');
    if (first.more?.['vkey'] === this.#events.vkey) return [first];
    const size = this.#events.size;
    const found: EventRecord[] = [];
    for (let before = size; before > this.#read; ) {
      const page = await this.#events.read({}, Math.min(PAGE, before - this.#read), before);
      found.push(...page.filter(({ kind }) => HANDS_OVER.has(kind)));
      before = page.at(-1)?.seq ?? 0;
    }
    if (size > this.#read) {
      this.#known = [...this.#known, ...found.toReversed()];
      this.#read = size;
    }
    return [first, ...this.#known];
  }
}
