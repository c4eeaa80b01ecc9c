/** Where the console is opened: as `server.yaml` says, and where it says nothing, at the port that was found. */
import type { Files } from '#base/ports';
import type { Place } from '#signin';
import { readServerSettings } from './server-file.ts';

export function consoleSite(
  files: Pick<Files, 'read'>,
  server: string,
): {
  readonly place: () => Promise<Place>;
  readonly openedAt: (origin: string) => void;
  readonly isServed: () => boolean;
} {
  let found: string | undefined;
  return {
    openedAt: (origin) => {
      found = origin;
    },
    isServed: () => found !== undefined,
    place: async () => {
      const { url, isDefaultUrl } = await readServerSettings(files, server);
      const origin = isDefaultUrl ? (found ?? url.origin) : url.origin;
      return { origin, rpId: url.host };
    },
  };
}
