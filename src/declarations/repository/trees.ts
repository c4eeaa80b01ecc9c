/** Trees of git with one file put in place of another; every other entry stays byte for byte. */
import { declarationFault } from '../faults.ts';

/** One record of `git ls-tree -z`: what `git mktree -z` takes as it is. */
type Record = { readonly head: string; readonly name: string; readonly bytes: Uint8Array };

/** Names are kept as bytes: they may be anything. */
function recordsOf(listed: Uint8Array): readonly Record[] {
  const buffer = Buffer.from(listed.buffer, listed.byteOffset, listed.byteLength);
  const records: Record[] = [];
  for (let from = 0; from < buffer.length; ) {
    const end = buffer.indexOf(0, from);
    const tab = buffer.indexOf(0x09, from);
    if (end < 0 || tab < 0 || tab > end)
      throw declarationFault(
        'invalid-repository',
        'git answered what is no tree: look at the repository',
      );
    records.push({
      head: buffer.toString('latin1', from, tab),
      name: buffer.toString('latin1', tab + 1, end),
      bytes: buffer.subarray(from, end + 1),
    });
    from = end + 1;
  }
  return records;
}

/** Mode, type and object of an entry; `undefined` when the tree has none of that name. */
export function entryOf(
  listed: Uint8Array,
  name: string,
): { readonly mode: string; readonly type: string; readonly object: string } | undefined {
  const found = recordsOf(listed).find((record) => record.name === name);
  const [mode = '', type = '', object = ''] = found?.head.split(' ') ?? [];
  return found === undefined ? undefined : { mode, type, object };
}

/** The tree with another object under a name that it has already. */
export function withObject(listed: Uint8Array, name: string, object: string): Uint8Array {
  return Buffer.concat(
    recordsOf(listed).map((record) => {
      if (record.name !== name) return record.bytes;
      const [mode, type] = record.head.split(' ');
      return Buffer.from(`${mode} ${type} ${object}\t${name}\0`, 'latin1');
    }),
  );
}
