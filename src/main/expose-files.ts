/** Where certificates of the console lie in the data directory, and what is in there. */
import { isAbsolute, join } from 'node:path';
import type { MachineFiles } from '#base/ports';

/** As `server.yaml` names them. */
export const OWN = { certificate: 'tls/console.crt', key: 'tls/console.key' } as const;
export const TAILNET = { certificate: 'tls/tailnet.crt', key: 'tls/tailnet.key' } as const;
/** Whoever has its key can make certificates for the names in `CA_NAMES`, and for no others. */
export const CA = { certificate: 'tls/ca.crt', key: 'tls/ca.key', names: 'tls/ca.names' } as const;

const MOST_BYTES = 256 * 1024;

export function placeOf(home: string, path: string): string {
  return isAbsolute(path) ? path : join(home, path);
}

export async function textOf(files: MachineFiles, path: string): Promise<string | null> {
  const bytes = await files.read(path, MOST_BYTES).catch(() => undefined);
  return bytes === undefined ? null : Buffer.from(bytes).toString('latin1');
}
