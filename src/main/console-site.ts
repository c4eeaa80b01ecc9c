/** Where the console is opened: as `server.yaml` says, and where it says nothing, at the port that was found. */
import type { Place } from '#signin';
import type { ServerInForce } from './server-in-force.ts';

export function consoleSite(server: Pick<ServerInForce, 'settings'>): {
  readonly place: () => Promise<Place>;
  /** Of a file that does not hold nothing is known. */
  readonly origin: () => Promise<string | null>;
  readonly openedAt: (origin: string) => void;
  readonly isServed: () => boolean;
} {
  let found: string | undefined;
  return {
    openedAt: (origin) => {
      found = origin;
    },
    isServed: () => found !== undefined,
    origin: () =>
      server.settings().then(
        ({ url }) => url.origin,
        () => null,
      ),
    place: async () => {
      const { url, isDefaultUrl } = await server.settings();
      const origin = isDefaultUrl ? (found ?? url.origin) : url.origin;
      return { origin, rpId: url.host };
    },
  };
}
