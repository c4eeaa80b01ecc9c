/**
 * How far the log is known outside this machine, and whether what is known there is this log.
 *
 * A cosigned, stamped or kept checkpoint names a size and a root; the records must still have that
 * root at that size. So a history that was rewritten as a whole, keys and all, is told by the first
 * outside checkpoint that it cannot have. Without a key to check one by, nothing is said.
 */
import type { Files } from '#base/ports';
import { formatInstant, type Instant, MICROS_PER_SECOND } from '#base/time';
import type { CheckpointCheck } from '../checkpoint-check.ts';
import type { Restore } from '../epochs.ts';
import type { KeyChain } from '../key-chain.ts';
import { isSignedBy } from '../note.ts';
import type { Anchor, Findings } from '../report.ts';
import { verifyToken } from '../timestamp/verify-token.ts';
import { type GrowingTree, toHex } from '../tree.ts';
import { AnchorClaims, type AnchorOptions, type Claim } from './anchor-claims.ts';

export class AnchorCheck {
  readonly #directory: string;
  readonly #options: AnchorOptions;
  readonly #findings: Findings;
  readonly #known: AnchorClaims;
  readonly #bySize = new Map<number, Claim[]>();
  #sizes: readonly number[] = [];
  #reached = 0;

  constructor(files: Files, directory: string, options: AnchorOptions, findings: Findings) {
    this.#directory = directory;
    this.#options = options;
    this.#findings = findings;
    this.#known = new AnchorClaims(files, directory, options, findings);
  }

  /** The next size at which the root is wanted. */
  get nextSize(): number {
    return this.#sizes[this.#reached] ?? -1;
  }

  /** Before anything else is read: what is anchored now must be in what is read later. */
  async load(): Promise<void> {
    await this.#known.load();
    for (const claim of [...this.#known.claims, ...this.#known.own.map((one) => one.claim)]) {
      const same = this.#bySize.get(claim.size);
      if (same === undefined) this.#bySize.set(claim.size, [claim]);
      else same.push(claim);
    }
    this.#sizes = [...this.#bySize.keys()].filter((size) => size > 0).sort((a, b) => a - b);
  }

  /** The records have come to `nextSize`. */
  reached(size: number, tree: GrowingTree): void {
    this.#reached += 1;
    const root = toHex(tree.root());
    for (const claim of this.#bySize.get(size) ?? []) claim.holds = claim.root === root;
  }

  finish(
    checkpoints: CheckpointCheck,
    keys: KeyChain,
    restores: readonly Restore[],
    total: number,
  ): readonly Anchor[] {
    this.#checkTokens(checkpoints);
    this.#checkOwn(keys);
    for (const claim of this.#known.claims) this.#checkClaim(claim, restores, total);
    const anchors = this.#largest();
    this.#checkLate(checkpoints, anchors);
    return anchors;
  }

  #checkOwn(keys: KeyChain): void {
    const { names } = keys;
    const about = new Set(
      this.#known.own.filter((one) => names.has(one.origin)).map((o) => o.claim.file),
    );
    const silent = new Set<string>();
    for (const one of this.#known.own) {
      const { claim, note } = one;
      if (one.kept && !names.has(one.origin)) {
        if (!about.has(claim.file)) silent.add(claim.file);
        continue;
      }
      const key = keys.keyFor(claim.size);
      // A name that a restore ended may have gone on elsewhere: its root tells.
      const signers =
        key === undefined || key.name === one.origin ? (key ?? []) : keys.named(one.origin);
      if ([signers].flat().some((signer) => isSignedBy(note, signer))) {
        this.#known.claims.push(claim);
        continue;
      }
      const what = `the checkpoint over ${claim.size} records that ${claim.by} ${claim.name} knows is not by this log's key`;
      this.#findings.problem('anchor-forked', claim.file, what);
    }
    for (const file of silent) {
      const what = `whether the log is the one that was kept: ${file} has none of its name`;
      this.#findings.undecided.push(what);
    }
  }

  #checkClaim(claim: Claim, restores: readonly Restore[], total: number): void {
    const { by, name, size, file } = claim;
    const restore = restores.findLast((one) => one.size < size);
    const isOther = size > total || (claim.holds === false && !this.#findings.recordsAtFault);
    if (restore !== undefined && isOther) {
      const what = `forked by a restore: ${by} ${name} knows ${size} records of the log as it went on elsewhere; this one was restored from a backup of ${restore.madeAt} at record ${restore.size}`;
      this.#findings.problem(size > total ? 'anchor-ahead' : 'anchor-forked', file, what, {
        seq: restore.size,
      });
    } else if (size > total) {
      const what = `${by} ${name} knows ${size} records, ${total} are there`;
      this.#findings.problem('anchor-ahead', file, what, { seq: total });
    } else if (claim.holds === false && !this.#findings.recordsAtFault) {
      const what = `the first ${size} records do not have the root that ${by} ${name} knows: this is another history`;
      this.#findings.problem('anchor-forked', file, what, { seq: Math.max(0, size - 1) });
    }
  }

  #checkTokens(checkpoints: CheckpointCheck): void {
    const { timestamp } = this.#options;
    if (timestamp === undefined) return;
    for (const { file, sha256, token } of this.#known.tokens) {
      const stamped = checkpoints.byText(sha256);
      if (stamped === undefined) {
        this.#findings.problem('timestamp-wrong', file, 'it is of no checkpoint that is here');
        continue;
      }
      const check = verifyToken(token, {
        sha256: Buffer.from(sha256, 'hex'),
        pinned: timestamp.certificate,
        policy: timestamp.policy ?? undefined,
      });
      if (!check.holds) {
        const what = `it does not hold (${check.because}): ${check.says}`;
        this.#findings.problem('timestamp-wrong', file, what, { checkpoint: stamped.index });
        continue;
      }
      const { size, root, holds } = stamped;
      this.#known.claims.push({
        by: 'timestamp',
        name: check.authority,
        size,
        root,
        at: check.at,
        file,
        holds,
      });
    }
  }

  /** The largest checkpoint that each place knows. */
  #largest(): readonly Anchor[] {
    const best = new Map<string, Claim>();
    for (const claim of this.#known.claims) {
      const key = `${claim.by} ${claim.name}`;
      if (claim.holds === true && claim.size > (best.get(key)?.size ?? -1)) best.set(key, claim);
    }
    return [...best.values()]
      .map(({ by, name, size, at }) => ({
        by,
        name,
        size,
        at: at === null ? null : formatInstant(at),
      }))
      .sort((a, b) => b.size - a.size);
  }

  #checkLate(checkpoints: CheckpointCheck, anchors: readonly Anchor[]): void {
    const { late, timestamp } = this.#options;
    if (late === undefined) return;
    const before = formatInstant((late.now - late.afterSeconds * MICROS_PER_SECOND) as Instant);
    const check = (
      code: 'timestamp-late' | 'cosignature-late',
      who: string,
      size: number,
    ): void => {
      const waiting = checkpoints.firstAfter(size);
      if (waiting === undefined || waiting.time >= before) return;
      const what = `the checkpoint over ${waiting.size} records of ${waiting.time} has no ${who}, nor has a later one; that was due within ${late.afterSeconds} s`;
      this.#findings.problem(code, this.#directory, what, { checkpoint: waiting.index });
    };
    const sizeOf = (by: Anchor['by'], name?: string): number =>
      Math.max(
        0,
        ...anchors.filter((a) => a.by === by && (name ?? a.name) === a.name).map((a) => a.size),
      );
    if (timestamp !== undefined) check('timestamp-late', 'timestamp', sizeOf('timestamp'));
    for (const { name } of this.#known.witnesses) {
      check('cosignature-late', `cosignature of ${name}`, sizeOf('witness', name));
    }
  }
}

/** One line for people. */
export function anchoredText(anchors: readonly Anchor[], total: number): string {
  const [first] = anchors;
  if (first === undefined) return 'not outside this machine';
  const places = anchors.map(
    ({ by, name, size, at }) => `${by} ${name} ${size}${at === null ? '' : ` at ${at}`}`,
  );
  return `outside this machine up to ${first.size} of ${total} records: ${places.join('; ')}`;
}
