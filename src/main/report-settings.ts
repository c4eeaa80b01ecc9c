/** `collectors.yaml` as it is now: read again when it was touched; one that does not hold gives no tool at all. */
import { existsSync } from 'node:fs';
import { digestOf } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { Files } from '#base/ports';
import type { ToolSettings } from '#collectors';
import { stampOf } from './file-stamp.ts';
import { Kept } from './kept.ts';

const MOST_BYTES = 1_048_576;
const NAME = 'collectors.yaml';

export type ReportSettings = {
  /** Over the bytes, whether they hold or not. */
  readonly digest: string;
  readonly tools: readonly ToolSettings[] | Fault;
};

/** `undefined` when there is no such file. */
export function reportSettings(
  files: Files,
  path: string,
): () => Promise<ReportSettings | undefined> {
  const kept = new Kept(
    // Most have no such file, and everything that is asked comes by here.
    () => (existsSync(path) ? stampOf(path) : 'absent'),
    () => read(files, path),
  );
  return () => kept.get();
}

/** Part of what operators sign as the catalogue, where there is such a file. */
export async function collectorsDigest(files: Files, path: string): Promise<string | undefined> {
  return (await read(files, path))?.digest;
}

async function read(files: Files, path: string): Promise<ReportSettings | undefined> {
  const info = await files.info(path);
  if (info === undefined) return undefined;
  const isOne = info.kind === 'file' && info.size <= MOST_BYTES;
  const text = isOne ? Buffer.from((await files.read(path)) ?? '').toString('utf8') : '';
  return { digest: digestOf([NAME, text]), tools: isOne ? await toolsIn(text) : notAFile() };
}

async function toolsIn(text: string): Promise<readonly ToolSettings[] | Fault> {
  const { readToolSettings } = await import('#collectors');
  try {
    return readToolSettings(text, NAME);
  } catch (thrown) {
    return asFault(thrown);
  }
}

function notAFile(): Fault {
  return new Fault(
    'invalid',
    'invalid-collectors',
    `collectors are not valid: ${NAME} is no plain file of at most ${MOST_BYTES} bytes. Put one there`,
  );
}

export function notRead(why: string): Fault {
  return new Fault('unavailable', 'report-not-read', why);
}
