/** A network in memory: places by the beginning of their address, and trouble when told. */
import { Fault } from '#base/fault';
import type { PostAnswer, Poster, PostRequest } from '#base/ports';

type Place = (request: PostRequest) => Promise<PostAnswer> | PostAnswer;

export class SimulatedNetwork implements Poster {
  readonly #places = new Map<string, Place>();
  /** How many of the next requests get lost: before they arrive, or their answers on the way back. */
  lost: { before: number; after: number } = { before: 0, after: 0 };
  requests = 0;

  place(prefix: string, place: Place): void {
    this.#places.set(prefix, place);
  }

  async request(request: PostRequest): Promise<PostAnswer> {
    this.requests += 1;
    await Promise.resolve();
    const found = [...this.#places].find(([prefix]) => request.url.startsWith(prefix));
    if (found === undefined) throw lostFault();
    if (this.lost.before > 0) {
      this.lost.before -= 1;
      throw lostFault();
    }
    const answer = await found[1](request);
    if (this.lost.after > 0) {
      this.lost.after -= 1;
      throw lostFault();
    }
    if (answer.body.length > request.maxBytes) throw lostFault();
    return answer;
  }
}

export function textAnswer(status: number, text: string, type = 'text/plain'): PostAnswer {
  return { status, headers: { 'content-type': type }, body: Buffer.from(text) };
}

function lostFault(): Fault {
  return new Fault('unavailable', 'request-failed', 'simulated: the request failed');
}
