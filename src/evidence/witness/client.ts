/**
 * Brings a checkpoint to one witness and takes its cosignature home (C2SP tlog-witness,
 * "add-checkpoint"). What the witness answers is believed only by its pinned key.
 */
import type { Poster } from '#base/ports';
import { Contradiction, type Delivery, NotTaken } from '../anchoring/courier.ts';
import { parseNote, type VerifierKey } from '../note.ts';
import { addCheckpointBody } from './add-checkpoint.ts';
import { cosignedAt } from './cosignature.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MOST = 64 * 1024;

export type WitnessPlace = {
  readonly name: string;
  /** The submission prefix; `/add-checkpoint` is put behind it. */
  readonly url: string;
  readonly key: VerifierKey;
};

export class WitnessClient {
  readonly #poster: Poster;
  readonly #place: WitnessPlace;
  readonly #prove: (earlier: number, size: number) => Promise<readonly string[]>;
  /** Size that the witness cosigned last, as far as we know. */
  #known: number;

  constructor(
    poster: Poster,
    place: WitnessPlace,
    prove: (earlier: number, size: number) => Promise<readonly string[]>,
    known: number,
  ) {
    this.#poster = poster;
    this.#place = place;
    this.#prove = prove;
    this.#known = known;
  }

  /** The note with the witness's cosignature line behind the log's. */
  async cosigned(delivery: Delivery): Promise<string> {
    // Once more from the size it names: tlog-witness, answer 409.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const old = Math.min(this.#known, delivery.size);
      const { status, body } = await this.#post(old, delivery);
      const text = Buffer.from(body).toString('utf8');
      if (status === 200) {
        const note = this.#taken(delivery.note, text);
        this.#known = delivery.size;
        return note;
      }
      if (status !== 409) throw new NotTaken(refusal(status));
      const size = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1];
      if (size === undefined) throw new NotTaken('the witness answers 409 without a size');
      const cosigned = Number(size);
      if (cosigned > delivery.size) {
        throw new Contradiction(
          `the witness has cosigned ${cosigned} records of this log, this checkpoint has ${delivery.size}: the log was put back to an older state, or forked. Verify it against what the witness has`,
        );
      }
      if (cosigned === old) {
        throw new Contradiction(
          `the witness has cosigned another root for ${cosigned} records: this log was forked. Verify it against what the witness has`,
        );
      }
      this.#known = cosigned;
    }
    throw new NotTaken('the witness names another size each time');
  }

  async #post(
    old: number,
    { note, size }: Delivery,
  ): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    const proof = await this.#prove(old, size);
    return this.#poster.request({
      method: 'POST',
      url: `${this.#place.url.replace(/\/+$/, '')}/add-checkpoint`,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: Buffer.from(addCheckpointBody(old, proof, note)),
      timeoutMs: TIMEOUT_MS,
      maxBytes: ANSWER_BYTES_MOST,
    });
  }

  /** Lines of other keys are passed over; ours must be there once and hold. */
  #taken(note: string, lines: string): string {
    const { name, id } = this.#place.key;
    for (const line of lines.split('\n')) {
      if (!line.startsWith(`— ${name} `)) continue;
      const whole = `${note}${line}\n`;
      const parsed = parseNote(whole);
      if (parsed?.signatures.at(-1)?.id !== id) continue;
      if (cosignedAt(parsed, this.#place.key) !== undefined) return whole;
    }
    throw new NotTaken('the witness answers without a cosignature by its pinned key');
  }
}

function refusal(status: number): string {
  switch (status) {
    case 400:
      return 'the witness cannot read the request (400)';
    case 403:
      return "the witness does not know this log's key (403). Give it the line of log.vkey";
    case 404:
      return 'the witness does not know this log (404). Give it the line of log.vkey';
    case 422:
      return 'the witness says that the proof does not hold (422)';
    default:
      return `the witness answers ${status}`;
  }
}
