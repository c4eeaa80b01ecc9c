/** Where requests may go, as `server.yaml` says at this moment: one that does not hold lets nothing out. */
import type { Files } from '#base/ports';
import { ALLOW_NOTHING, parseAllow } from '#egress';
import type { EgressRules } from '#machine';
import { readServer } from '#serving';

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
