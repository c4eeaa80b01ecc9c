/** The key under which values that a tool hides are told apart: made once, ours alone, never shown. */
import type { Files, Random } from '#base/ports';

const HEX_CHARS = 64;

export async function maskingKey(
  files: Files,
  random: Random,
  stateDirectory: string,
): Promise<string> {
  await files.makeDirectory(stateDirectory);
  const path = `${stateDirectory}/masking-key`;
  const kept = Buffer.from((await files.read(path)) ?? '').toString();
  if (kept.length === HEX_CHARS) return kept;
  const key = Buffer.from(random.bytes(HEX_CHARS / 2)).toString('hex');
  await files.replace(path, Buffer.from(key));
  return key;
}
