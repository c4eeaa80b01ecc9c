/** The line of keys that a log names: the first in its first record, each next one signed by both. */
import { verify } from 'node:crypto';
import { parseVerifierKey, type VerifierKey } from './note.ts';
import { keyStatementText, textOf } from './own-events.ts';
import type { EventRecord } from './protocol.ts';
import type { Findings } from './report.ts';

export class KeyChain {
  readonly #findings: Findings;
  /** Each key signs checkpoints over more than `after` records, up to the `after` of the next one. */
  readonly #keys: { readonly key: VerifierKey; readonly after: number }[] = [];

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Every name the log has had: it takes another with each restore. */
  get names(): ReadonlySet<string> {
    return new Set(this.#keys.map(({ key }) => key.name));
  }

  get vkeys(): readonly string[] {
    return this.#keys.map(({ key }) => key.vkey);
  }

  open(event: EventRecord, file: string): void {
    const key = parseVerifierKey(textOf(event, 'vkey'));
    if (key === undefined) {
      this.#findings.problem('wrong-key', file, 'the first record names no key', { seq: 0 });
    } else {
      this.#keys.push({ key, after: -1 });
    }
  }

  /** Keeps the name, unless the log was restored. Whether both keys signed it. */
  rotate(event: EventRecord, epoch: string, file: string): boolean {
    const [from, to] = [textOf(event, 'from'), textOf(event, 'to')];
    const old = this.#keys.at(-1)?.key;
    const next = parseVerifierKey(to);
    const text = Buffer.from(keyStatementText(epoch, from, to));
    const holds = (key: VerifierKey | undefined, signature: string): boolean =>
      key !== undefined && verify(undefined, text, key.key, Buffer.from(signature, 'base64'));
    if (
      next !== undefined &&
      old?.vkey === from &&
      (event.kind === 'log.restored') !== (old.name === next.name) &&
      holds(old, textOf(event, 'signedFrom')) &&
      holds(next, textOf(event, 'signedTo'))
    ) {
      this.#keys.push({ key: next, after: event.seq });
      return true;
    }
    const what = 'a change of keys is not signed by both';
    this.#findings.problem('wrong-key', file, what, { seq: event.seq });
    return false;
  }

  /** The key whose turn it was when a checkpoint over `size` records was signed. */
  keyFor(size: number): VerifierKey | undefined {
    return this.#keys.findLast(({ after }) => size > after)?.key;
  }

  /** The keys under one of the log's names. */
  named(name: string): readonly VerifierKey[] {
    return this.#keys.flatMap(({ key }) => (key.name === name ? [key] : []));
  }

  checkPins(pins: readonly string[]): void {
    if (pins.length === 0) return;
    if (this.#keys.some(({ key }) => pins.includes(key.vkey))) return;
    const known = this.vkeys.join(', ') || 'none';
    const what = `none of the pinned keys is in the log's line of keys, which is ${known}`;
    this.#findings.problem('wrong-key', 'log.vkey', what, { seq: 0 });
  }
}
