/** The least that a chained, tree-hashed log has to do: stringify, one hash for the chain, RFC 6962 on top. */
import { hash } from 'node:crypto';

const leaf = Buffer.alloc(33, 0);
const pair = Buffer.alloc(65, 1);

function join(left: string, right: string): string {
  pair.write(left, 1, 'latin1');
  pair.write(right, 33, 'latin1');
  return hash('sha256', pair, 'latin1');
}

/** The perfect subtrees at the right edge, smallest last. Hashes are latin1 strings. */
export class Edge {
  readonly #roots: string[] = [];
  #size = 0;

  append(hashed: string): void {
    let node = hashed;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      node = join(this.#roots.pop() as string, node);
    }
    this.#roots.push(node);
    this.#size += 1;
  }

  root(): string {
    const root = this.#roots.reduceRight((right, left) => join(left, right));
    return Buffer.from(root, 'latin1').toString('hex');
  }
}

/** Chains `count` records and puts each into the tree; the root, so that nothing is optimised away. */
export function chain(count: number, recordOf: (i: number) => object): string {
  const edge = new Edge();
  let previous = '0'.repeat(64);
  for (let i = 0; i < count; i += 1) {
    previous = hash('sha256', previous + JSON.stringify(recordOf(i)), 'hex');
    leaf.write(previous, 1, 'hex');
    edge.append(hash('sha256', leaf, 'latin1'));
  }
  return edge.root();
}

/** A record of about 300 bytes, as a small log would keep it. */
export const smallRecord = (i: number): object => ({
  seq: i,
  ts: 1_700_000_000_000 + i,
  actor: 'operator:alice',
  tool: 'run_action',
  tier: 'T1',
  host: 'web-00042',
  action: 'systemctl restart nginx',
  decision: 'allow',
  approval: 'b3f1c2d4e5',
  rc: 0,
  out_len: 1_834,
  out_sha: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
});

/** The inclusion path of one leaf with nothing kept: every hash of the tree is made again. */
export function naiveProof(leaves: readonly string[], index: number): string[] {
  const path: string[] = [];
  let level: readonly string[] = leaves;
  for (let at = index; level.length > 1; at = Math.floor(at / 2)) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1];
    if (sibling !== undefined) path.push(Buffer.from(sibling, 'latin1').toString('hex'));
    const next: string[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1];
      next.push(right === undefined ? (level[i] as string) : join(level[i] as string, right));
    }
    level = next;
  }
  return path;
}
