/**
 * The line of the log's keys: the first record names the first; each next one is named by a record that both the old
 * and the new key signed, and that stands in the log itself.
 */
import { fromBase64 } from './bytes.ts';
import { type Checkpoint, isSignature, parseVerifierKey, type VerifierKey } from './note.ts';
import { leafHash, verifyInclusion } from './tree.ts';

/** A record as it is hashed, and the proof that the log has it. */
export type ProvedRecord = {
  readonly seq: number;
  readonly record: string;
  readonly proof: readonly string[];
};

/** Each key signs checkpoints over more than `after` records, up to the `after` of the next one. */
export type KeyInLine = { readonly key: VerifierKey; readonly after: number };

export type KeyLine =
  | { readonly holds: true; readonly keys: readonly [KeyInLine, ...KeyInLine[]] }
  | { readonly holds: false; readonly why: string };

const wrong = (why: string): KeyLine => ({ holds: false, why });

export async function readKeyLine(
  records: readonly ProvedRecord[],
  { size, root }: Checkpoint,
): Promise<KeyLine> {
  const keys: KeyInLine[] = [];
  let epoch = '';
  for (const { seq, record, proof } of records) {
    const leaf = await leafHash(record);
    if (!(await verifyInclusion({ leaf, seq, size, root, proof })))
      return wrong(`record ${seq}, which names a key, is not in the log`);
    const { kind, more, own } = readEvent(record);
    if (own !== seq) return wrong(`record ${seq} says that it is another one`);
    const before = keys.at(-1);
    if (before === undefined) {
      const key = seq === 0 ? await parseVerifierKey(textOf(more, 'vkey')) : undefined;
      if (key === undefined) return wrong('the first record names no key');
      keys.push({ key, after: -1 });
      epoch = textOf(more, 'epoch');
      continue;
    }
    if (seq <= before.after) return wrong('the records that name keys are not in order');
    const next = await nextKey(kind, more, epoch, before.key);
    if (next === undefined) return wrong(`record ${seq}: a change of keys is not signed by both`);
    keys.push({ key: next, after: seq });
    if (kind === 'log.restored') epoch = textOf(more, 'epoch');
  }
  const [first, ...others] = keys;
  return first === undefined
    ? wrong('no record names a key')
    : { holds: true, keys: [first, ...others] };
}

/** The key whose turn it was for a checkpoint over `size` records. */
export function keyFor(keys: readonly KeyInLine[], size: number): VerifierKey | undefined {
  return keys.findLast(({ after }) => size > after)?.key;
}

async function nextKey(
  kind: string,
  more: Fields,
  epoch: string,
  old: VerifierKey,
): Promise<VerifierKey | undefined> {
  const [from, to] = [textOf(more, 'from'), textOf(more, 'to')];
  const next = await parseVerifierKey(to);
  const isRestored = kind === 'log.restored';
  if (next === undefined || from !== old.vkey || (!isRestored && kind !== 'log.key'))
    return undefined;
  // A restored log goes on under another name, since a copy elsewhere may go on under the old one.
  if (isRestored === (old.name === next.name)) return undefined;
  const statement = JSON.stringify({ epoch, from, statement: 'holdfast log key v1', to });
  const holds = async (key: VerifierKey, name: string): Promise<boolean> => {
    const signature = fromBase64(textOf(more, name));
    return signature !== undefined && isSignature(key, statement, signature);
  };
  return (await holds(old, 'signedFrom')) && (await holds(next, 'signedTo')) ? next : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function readEvent(record: string): {
  readonly kind: string;
  readonly more: Fields;
  readonly own: number;
} {
  try {
    const event = JSON.parse(record) as {
      readonly kind?: unknown;
      readonly more?: Fields;
      readonly seq?: unknown;
    };
    return {
      kind: String(event.kind),
      more: typeof event.more === 'object' && event.more !== null ? event.more : {},
      own: typeof event.seq === 'number' ? event.seq : -1,
    };
  } catch {
    return { kind: '', more: {}, own: -1 };
  }
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}
