/** `server.yaml` as it lies there now. */
import type { Files } from '#base/ports';
import { DEFAULT_SERVER, readServer, type ServerSettings } from '#serving';

/** Throws `invalid-server`. */
export async function readServerSettings(
  files: Pick<Files, 'read'>,
  path: string,
): Promise<ServerSettings> {
  const bytes = await files.read(path);
  return bytes === undefined
    ? DEFAULT_SERVER
    : readServer(Buffer.from(bytes).toString('utf8'), 'server.yaml');
}
