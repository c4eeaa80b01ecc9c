import { Fault } from '#base/fault';

/** Room in the kernel's `sun_path` on every system we know, with the closing NUL. */
const MAX_BYTES = 100;

/** A longer path would be cut by the system without a word, and two services could meet there. */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_BYTES && path.startsWith('/') && !path.includes('\0')) return;
  throw new Fault(
    'invalid',
    'socket-path',
    `path of the local socket does not fit: ${bytes} bytes, ${JSON.stringify(path.slice(0, 160))}. Give HOLDFAST_HOME an absolute path so that this one has at most ${MAX_BYTES} bytes`,
    { facts: { bytes, most: MAX_BYTES } },
  );
}
