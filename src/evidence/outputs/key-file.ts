/** The small file beside a sealed output: its label and wrapped key, or that and why it was pruned. */
import { canonicalJson } from '#base/json';
import type { Files } from '#base/ports';
import type { OutputLabel } from './seal.ts';

export type KeyFile =
  | { readonly kind: 'kept'; readonly label: OutputLabel; readonly wrapped: Buffer }
  | { readonly kind: 'pruned'; readonly id: string; readonly at: string; readonly policy: string };

export async function writeKeyFile(files: Files, path: string, file: KeyFile): Promise<void> {
  const value =
    file.kind === 'kept'
      ? { kind: file.kind, label: { ...file.label }, wrapped: file.wrapped.toString('base64') }
      : { ...file };
  await files.replace(path, Buffer.from(`${canonicalJson(value)}\n`), 0o600);
}

export async function readKeyFile(
  files: Files,
  path: string,
): Promise<KeyFile | { readonly kind: 'unreadable' } | undefined> {
  const bytes = await files.read(path);
  if (bytes === undefined) return undefined;
  try {
    return parse(JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>);
  } catch {
    return { kind: 'unreadable' };
  }
}

function parse(value: Record<string, unknown>): KeyFile | { readonly kind: 'unreadable' } {
  if (value['kind'] === 'pruned') {
    const { id, at, policy } = value;
    if (typeof id === 'string' && typeof at === 'string' && typeof policy === 'string') {
      return { kind: 'pruned', id, at, policy };
    }
  }
  const label = value['label'] as Partial<Record<keyof OutputLabel, unknown>>;
  const { change, sha256, length, media, at } = label;
  const { wrapped } = value;
  if (
    value['kind'] !== 'kept' ||
    typeof wrapped !== 'string' ||
    typeof change !== 'string' ||
    typeof sha256 !== 'string' ||
    typeof length !== 'number' ||
    typeof media !== 'string' ||
    typeof at !== 'string'
  ) {
    return { kind: 'unreadable' };
  }
  return {
    kind: 'kept',
    label: { change, sha256, length, media, at },
    wrapped: Buffer.from(wrapped, 'base64'),
  };
}
