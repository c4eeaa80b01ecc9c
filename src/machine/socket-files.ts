/** The file of the local socket: who may open it is who may use the service. */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { Fault } from '#base/fault';

type SocketFiles = {
  privateDirectory(path: string): Promise<void>;
  removeSocket(path: string): Promise<void>;
  restrict(path: string): Promise<void>;
};

export function nodeSocketFiles(): SocketFiles {
  return { privateDirectory, removeSocket, restrict: (path) => chmod(path, 0o600) };
}

async function privateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stats = await lstat(path);
  const own = stats.uid === (process.getuid?.() ?? stats.uid);
  if (stats.isDirectory() && own && (stats.mode & 0o077) === 0) return;
  throw new Fault(
    'refused',
    'directory-open',
    `directory of the local socket can be entered by others: ${path}. Make it your own, with mode 0700`,
  );
}

async function removeSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new Fault(
      'conflict',
      'not-a-socket',
      `something that is not a socket stands in its place: ${path}. Move it away`,
    );
  }
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
