/** Snapshots written by hand, for tests. */

export type SampleRecord = string | readonly [head: string, body: string];

export const HASH = 'cc2d634628eb920cb1bef61b3bebea789b70fe521eeabfedf83f54d6b66d086e';

/** One part with its head and its true end. */
export function aPart(head: string, records: readonly SampleRecord[]): string {
  const lines = records.map((record) => {
    if (typeof record === 'string') return `${record}\n`;
    const [start, body] = record;
    return `${start}\t${Buffer.byteLength(body)}\n${body}\n`;
  });
  return `${head}\t1\n${lines.join('')}end\t${records.length}\n`;
}

export function aSnapshot(
  reader: readonly SampleRecord[],
  root?: readonly SampleRecord[],
): Uint8Array {
  const parts = [aPart('holdfast-snapshot', reader)];
  if (root !== undefined) parts.push(aPart('holdfast-collect', root));
  return Buffer.from(parts.join(''));
}
