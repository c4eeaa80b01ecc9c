/** What `server.yaml` says at this moment of where requests may go, and of where people open the console. */
import type { Files } from '#base/ports';
import { ALLOW_NOTHING, parseAllow } from '#egress';
import type { EgressRules } from '#machine';
import { DEFAULT_SERVER, readServer } from '#serving';

/** Where people open the console; of a file that does not hold nothing is known. */
export function consoleOrigin(
  files: Pick<Files, 'read'>,
  server: string,
): () => Promise<string | null> {
  return async () => {
    const bytes = await files.read(server);
    if (bytes === undefined) return DEFAULT_SERVER.url.origin;
    try {
      return readServer(Buffer.from(bytes).toString(), 'server.yaml').url.origin;
    } catch {
      return null;
    }
  };
}

/** One that does not hold lets nothing out. */
export function egressRules(files: Pick<Files, 'read'>, server: string): EgressRules {
  return {
    allow: async () => {
      const bytes = await files.read(server);
      return bytes === undefined
        ? ALLOW_NOTHING
        : parseAllow(readServer(Buffer.from(bytes).toString(), 'server.yaml').egress.allow);
    },
  };
}
