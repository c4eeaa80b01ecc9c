/** Legal holds: what may not be pruned, and why. One small file, replaced as a whole. */
import { canonicalJson } from '#base/json';
import type { Files } from '#base/ports';
import { outputFault } from './faults.ts';

/** A change id, or `all`. */
export type Holds = ReadonlyMap<string, { readonly why: string; readonly at: string }>;

/** Unreadable is never taken for none. */
export async function readHolds(files: Files, path: string): Promise<Holds> {
  const bytes = await files.read(path);
  if (bytes === undefined) return new Map();
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError();
    return new Map(
      Object.entries(value as Record<string, { why?: unknown; at?: unknown } | null>).map(
        ([subject, hold]) => {
          if (typeof hold?.why !== 'string' || typeof hold.at !== 'string') throw new TypeError();
          return [subject, { why: hold.why, at: hold.at }];
        },
      ),
    );
  } catch (cause) {
    throw outputFault(
      'holds-unreadable',
      `what is on hold cannot be read: ${path}. Restore it from a backup; nothing is pruned meanwhile`,
      { cause, facts: { file: path } },
    );
  }
}

export async function writeHolds(files: Files, path: string, holds: Holds): Promise<void> {
  const text = canonicalJson(Object.fromEntries([...holds].map(([k, v]) => [k, { ...v }])));
  await files.replace(path, Buffer.from(`${text}\n`), 0o600);
}
