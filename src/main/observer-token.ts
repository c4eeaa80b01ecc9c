/**
 * The bearer that `start` prints: observing and ingesting, nothing more. It is kept in a file of
 * mode 0600, so that a client set up once goes on working after a restart.
 */
import type { Files, Random } from '#base/ports';

export async function observerToken(files: Files, random: Random, path: string): Promise<string> {
  const kept = await files.read(path);
  const text = kept === undefined ? '' : Buffer.from(kept).toString('utf8').trim();
  if (/^hf_obs_[A-Za-z0-9_-]{43}$/.test(text)) return text;
  const token = `hf_obs_${Buffer.from(random.bytes(32)).toString('base64url')}`;
  await files.replace(path, Buffer.from(`${token}\n`), 0o600);
  return token;
}
